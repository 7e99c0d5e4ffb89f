//! What a job's rules can ask for, and `$NAME` in a text.
//!
//! GitLab evaluates rules before there is a job, a runner or a clone, so what belongs to those (`CI_JOB_ID`,
//! `CI_PROJECT_DIR`, ...) is not there. Values are not expanded, as GitLab does not for `if`.
//!
//! Not here: what a runner gives to a running job.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Context;
use super::constant::pattern;
use super::expression::Variables;

pattern!(REFERENCE, r"\$([a-zA-Z_][a-zA-Z0-9_]*)|\$\{([a-zA-Z_][a-zA-Z0-9_]*)\}|%([a-zA-Z_][a-zA-Z0-9_]*)%");

/// The commit before the first one, in a pipeline that nobody pushed.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// The longest slug GitLab makes of a branch.
const SLUG_CHARS_MAX: usize = 63;

/// What GitLab itself sets in a chat pipeline on the default branch, and what the caller adds; without the
/// configuration's own variables.
pub(crate) fn predefined(context: &Context) -> Variables {
    let branch = &context.branch;
    let mut all = Variables::new();
    let mut set = |name: &str, value: &str| {
        all.insert(name.to_owned(), value.to_owned());
    };
    set("CI", "true");
    set("GITLAB_CI", "true");
    set("CI_SERVER", "yes");
    set("CI_PIPELINE_SOURCE", "chat");
    set("CI_CONFIG_PATH", &context.config_path);
    set("CI_COMMIT_BRANCH", branch);
    set("CI_COMMIT_REF_NAME", branch);
    set("CI_COMMIT_REF_SLUG", &slug(branch));
    set("CI_COMMIT_REF_PROTECTED", "true");
    set("CI_COMMIT_BEFORE_SHA", NO_COMMIT);
    set("CI_DEFAULT_BRANCH", branch);
    if let Some(commit) = &context.commit {
        set("CI_COMMIT_SHA", commit);
        set("CI_COMMIT_SHORT_SHA", commit.get(..8).unwrap_or(commit));
    }
    if let Some(path) = &context.project_path {
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        set("CI_PROJECT_PATH", path);
        set("CI_PROJECT_NAME", name);
        set("CI_PROJECT_NAMESPACE", namespace);
        set("CI_PROJECT_ROOT_NAMESPACE", path.split('/').next().unwrap_or_default());
    }
    all
}

/// What counts more than the configuration's own variables: the project's and the command's.
pub(crate) fn add_given(variables: &mut Variables, context: &Context) {
    for (name, value) in &context.variables {
        // Later ones come last, as in GitLab's collection.
        variables.shift_remove(name);
        variables.insert(name.clone(), value.clone());
    }
}

/// `$NAME`, `${NAME}` and `%NAME%` replaced; unknown ones vanish.
pub(crate) fn expand(text: &str, variables: &Variables) -> String {
    let value = |found: &Captures<'_>| variables.get(name(found)).cloned().unwrap_or_default();
    REFERENCE.replace_all(text, value).into_owned()
}

/// The same; unknown ones stay.
pub(crate) fn expand_existing(text: &str, variables: &Variables) -> String {
    let value =
        |found: &Captures<'_>| variables.get(name(found)).cloned().unwrap_or_else(|| found[0].to_owned());
    REFERENCE.replace_all(text, value).into_owned()
}

/// Whether a text names a variable.
pub(crate) fn mentions_any(text: &str) -> bool {
    REFERENCE.is_match(text)
}

/// The same with values that are made when they are asked for; `None` as soon as the text is longer than it may be.
pub(crate) fn expand_within(
    text: &str,
    bytes_max: usize,
    mut value: impl FnMut(&str) -> String,
) -> Option<String> {
    let (mut expanded, mut at) = (String::with_capacity(text.len()), 0);
    for found in REFERENCE.captures_iter(text) {
        let whole = found.get_match();
        expanded.push_str(&text[at..whole.start()]);
        expanded.push_str(&value(name(&found)));
        at = whole.end();
        if expanded.len() > bytes_max {
            return None;
        }
    }
    expanded.push_str(&text[at..]);
    (expanded.len() <= bytes_max).then_some(expanded)
}

fn name<'a>(found: &'a Captures<'_>) -> &'a str {
    found.iter().skip(1).flatten().next().map_or("", |name| name.as_str())
}

fn slug(branch: &str) -> String {
    let dashed: String =
        branch.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let cut: String = dashed.chars().take(SLUG_CHARS_MAX).collect();
    cut.trim_matches('-').to_owned()
}
