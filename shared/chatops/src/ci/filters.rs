//! Whether `only` and `except` let a job into a pipeline from a chat: GitLab's `Build::Policy`.
//!
//! Not here: `rules`.

use super::Context;
use super::expression::{self, Variables};
use super::pattern;
use super::value::Value;

/// Why a job is left out; nothing if it is not.
pub(crate) fn refusal(config: &Value, context: &Context, variables: &Variables) -> Option<String> {
    let passes = |spec: &str, value: &Value| holds(spec, value, context, variables);
    let only = specifications(config.present("only"));
    // Where no refs are said, branches and tags are meant: a chat's pipeline is one of a branch.
    if !only.iter().all(|(spec, value)| passes(spec, value)) {
        return Some("`only` does not match a chat pipeline on the default branch".to_owned());
    }
    let except = specifications(config.present("except"));
    if except.iter().any(|(spec, value)| passes(spec, value)) {
        return Some("`except` matches a chat pipeline on the default branch".to_owned());
    }
    None
}

/// What a policy asks; a list asks for refs.
fn specifications(config: Option<&Value>) -> Vec<(&str, &Value)> {
    match config {
        Some(Value::Map(map)) => map.iter().map(|(key, value)| (&*key.text, value)).collect(),
        Some(list) => vec![("refs", list)],
        None => Vec::new(),
    }
}

fn holds(spec: &str, value: &Value, context: &Context, variables: &Variables) -> bool {
    let texts = || value.as_list().into_iter().flatten().map(Value::to_text);
    match spec {
        "refs" => texts().any(|reference| matches_ref(&reference, context)),
        "variables" => texts().any(|text| expression::is_truthful(&text, variables)),
        // Nothing to compare with: GitLab takes everything for changed.
        "changes" => true,
        // No cluster is known here.
        _ => false,
    }
}

fn matches_ref(reference: &str, context: &Context) -> bool {
    let (reference, path) = match reference.split_once('@') {
        Some((reference, path)) => (reference, Some(path)),
        None => (reference, None),
    };
    if path.is_some() && path != context.project_path.as_deref() {
        return false;
    }
    match reference {
        "branches" | "chat" | "chats" => true,
        _ => pattern::slashed(reference)
            .map_or(reference == context.branch, |pattern| pattern.is_match(&context.branch)),
    }
}
