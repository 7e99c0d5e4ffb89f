//! Which rule matches: GitLab's `Build::Rules`.
//!
//! A pipeline from a chat has no commits of its own, so `changes` holds, as GitLab has it for want of anything to compare.
//!
//! Not here: what the rules may say (`entry::rules`), and what a rule changes in a job (`job`).

use super::entry::check::flatten;
use super::error::CiError;
use super::expression::{self, Variables};
use super::limits::EXISTS_COMPARISONS_MAX;
use super::value::{Value, get};
use super::{Repository, glob, variables};

/// What rules ask.
pub(crate) struct Surroundings<'a> {
    pub(crate) repository: &'a dyn Repository,
    pub(crate) variables: &'a Variables,
    pub(crate) branch: &'a str,
}

/// Why a rule has no answer.
#[derive(Debug)]
pub(crate) enum RuleError {
    Invalid(String),
    NeedsGitLab(String),
}

impl RuleError {
    pub(crate) fn at(self, place: &str, prefix: &str) -> CiError {
        match self {
            Self::Invalid(reason) => CiError::invalid(place, format!("{prefix}{reason}")),
            Self::NeedsGitLab(what) => CiError::NeedsGitLab { what, place: place.to_owned() },
        }
    }
}

/// The first rule of a list, nested or not, that matches.
pub(crate) fn first_match<'a>(
    rules: &'a Value,
    surroundings: &Surroundings<'_>,
) -> Result<Option<&'a Value>, RuleError> {
    let mut all = Vec::new();
    flatten(rules, &mut all);
    for rule in all {
        if matches(rule, surroundings)? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}

/// What a rule says of `when`.
pub(crate) fn when(rule: &Value) -> Option<&str> {
    match rule.get("when") {
        Some(Value::Text(when) | Value::Symbol(when)) => Some(when),
        _ => None,
    }
}

/// All clauses hold, asked in the order in which they stand.
fn matches(rule: &Value, surroundings: &Surroundings<'_>) -> Result<bool, RuleError> {
    for (key, value) in rule.as_map().into_iter().flatten() {
        if value.is_nil() || !key.is_name() {
            continue;
        }
        let holds = match &*key.text {
            "if" => value.as_text().is_some_and(|text| expression::is_truthful(text, surroundings.variables)),
            "changes" => changes(value, surroundings)?,
            "exists" => exists(value, surroundings)?,
            _ => true,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compared with its own branch, the default branch has no changes; other branches are not known here.
fn changes(config: &Value, surroundings: &Surroundings<'_>) -> Result<bool, RuleError> {
    let Some(compared) = config.get("compare_to") else { return Ok(true) };
    let compared = variables::expand_existing(&compared.to_text(), surroundings.variables);
    let name = compared.strip_prefix("refs/heads/").unwrap_or(&compared);
    if name == surroundings.branch || name == "HEAD" {
        return Ok(false);
    }
    Err(RuleError::Invalid("rules:changes:compare_to is not a valid ref".to_owned()))
}

fn exists(config: &Value, surroundings: &Surroundings<'_>) -> Result<bool, RuleError> {
    let listed = match config {
        Value::Map(map) => get(map, "paths").unwrap_or(&Value::Nil),
        other => other,
    };
    let globs: Vec<String> = match listed {
        Value::Text(path) => vec![path.to_string()],
        Value::List(items) => items.iter().map(Value::to_text).collect(),
        _ => Vec::new(),
    };
    if globs.is_empty() {
        return Ok(false);
    }
    if let Some(project) = config.present("project") {
        return Err(RuleError::NeedsGitLab(format!("rules:exists:project {:?}", project.to_text())));
    }
    let globs: Vec<String> =
        globs.iter().map(|glob| variables::expand_existing(glob, surroundings.variables)).collect();
    let top_only = globs.iter().all(|glob| !glob.contains('/') && !glob.contains("**"));
    let mut paths = surroundings.repository.paths();
    paths.retain(|path| !top_only || !path.contains('/'));
    Ok(any_exists(&globs, &paths))
}

fn any_exists(globs: &[String], paths: &[String]) -> bool {
    let literal = |glob: &str| !glob.contains(['*', '?', '[', '{']);
    let (exact, patterns): (Vec<&String>, Vec<&String>) = globs.iter().partition(|glob| literal(glob));
    let found = exact.iter().any(|glob| {
        paths.iter().any(|path| if glob.ends_with('/') { path.starts_with(*glob) } else { path == *glob })
    });
    if found {
        return true;
    }
    let (endings, patterns): (Vec<&String>, Vec<&String>) =
        patterns.into_iter().partition(|glob| ending(glob).is_some());
    if paths
        .iter()
        .any(|path| endings.iter().filter_map(|glob| ending(glob)).any(|ending| path.ends_with(ending)))
    {
        return true;
    }
    // GitLab gives up and lets the job run.
    patterns.len().saturating_mul(paths.len()) > EXISTS_COMPARISONS_MAX
        || patterns.iter().any(|glob| paths.iter().any(|path| glob::matches(glob, path)))
}

/// `**/*.rb` asks for the end of the name only.
fn ending(glob: &str) -> Option<&str> {
    let rest = glob.strip_prefix("**/*").unwrap_or(glob);
    (rest.starts_with('.') && !rest.contains(['/', '*', '?', '[', '{'])).then_some(rest)
}
