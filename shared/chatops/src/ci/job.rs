//! One job, with all that it inherits and that the matching rule changes.
//!
//! Not here: `$NAME` in values: they are expanded where the job runs, by whoever knows all variables.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;

use super::duration;
use super::entry::check::flatten;
use super::entry::{default, root};
use super::pipeline::Planned;
use super::rules::when;
use super::value::{Map, Value};

/// A job to run, as GitLab resolves it for a chat pipeline on the default branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// As asked for; a parallel instance has its number or its values in it.
    pub name: String,
    /// `test` where none is said.
    pub stage: String,
    /// What to run it in; nothing where the runner's own is meant.
    pub image: Option<Image>,
    /// Run before `script`, in the same shell.
    pub before_script: Vec<String>,
    /// Nested lists are flat here. Empty for a job that triggers a pipeline.
    pub script: Vec<String>,
    /// Run afterwards in any case, in a shell of its own.
    pub after_script: Vec<String>,
    /// The configuration's, the workflow's, the job's and the rule's; the later win. Not expanded.
    pub variables: IndexMap<String, String>,
    /// Names of `variables` with `expand: false`.
    pub literal: BTreeSet<String>,
    /// What becomes of it in this pipeline: `on_success`, `on_failure`, `manual`, `always` or `delayed`.
    pub rules_result: String,
    /// What the job itself says of `when`, whatever its rules say; `on_success` where it says nothing.
    pub when: String,
    /// For how long a delayed job waits.
    pub start_in: Option<Duration>,
    /// For how long it may run; nothing where the project's or the runner's limit is meant. GitLab ignores
    /// `default:timeout` (its issue 213634), and so does this.
    pub timeout: Option<Duration>,
    /// Whether a failure is none.
    pub allow_failure: bool,
    /// With these exit codes a failure is none, unless a rule said otherwise.
    pub allowed_exit_codes: Vec<i64>,
    /// How often it is tried again, 0 to 2. When (`retry:when`) is a runner's matter.
    pub retry: u8,
    /// Keywords in force that only GitLab and its runner honour, sorted: an executor refuses what it cannot do.
    pub unsupported: Vec<&'static str>,
}

/// A container image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// As in `docker run`; may hold variables.
    pub name: String,
    /// In place of the image's own, where said.
    pub entrypoint: Option<Vec<String>>,
}

/// Keywords that need more than a shell: of the job itself, or inherited.
const UNSUPPORTED: [&str; 16] = [
    "artifacts",
    "cache",
    "coverage",
    "dependencies",
    "environment",
    "hooks",
    "id_tokens",
    "identity",
    "needs",
    "pages",
    "release",
    "resource_group",
    "run",
    "secrets",
    "services",
    "trigger",
];

pub(crate) type Variables = IndexMap<String, String>;

/// A job with the configuration around it.
pub(crate) struct View<'a> {
    pub(crate) config: &'a Map,
    pub(crate) job: &'a Value,
}

impl<'a> View<'a> {
    /// A value of the job, or the default that it inherits.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        if let Some(own) = self.job.present(name) {
            return Some(own);
        }
        if !default::KEYS.contains(&name) || !self.inherits(name) || self.job.get("trigger").is_some() {
            return None;
        }
        let default = root::global(self.config, "default").and_then(|default| default.present(name));
        default.or_else(|| default::GLOBAL.contains(&name).then(|| root::global(self.config, name)).flatten())
    }

    fn inherits(&self, name: &str) -> bool {
        let said = self.job.present("inherit").and_then(|inherit| inherit.present("default"));
        match said {
            Some(Value::List(names)) => names.iter().any(|item| item.to_text() == name),
            Some(Value::Bool(yes)) => *yes,
            _ => true,
        }
    }

    /// The configuration's variables, the workflow's over them, as far as the job takes them; its own; a matrix's.
    pub(crate) fn variables(&self, workflow: Option<&Value>, planned: &Planned<'_>) -> Variables {
        let root = over(texts(root::global(self.config, "variables")), texts(workflow));
        let said = self.job.present("inherit").and_then(|inherit| inherit.present("variables"));
        let root = match said {
            Some(Value::Bool(false)) => Variables::new(),
            Some(Value::List(names)) => root
                .into_iter()
                .filter(|(name, _)| names.iter().any(|item| item.to_text() == *name))
                .collect(),
            _ => root,
        };
        let mut own = texts(self.job.present("variables"));
        own.extend(planned.matrix.iter().cloned());
        over(root, own)
    }

    /// Whose values are not to be expanded, of those that won.
    fn literal(&self, rule: Option<&Value>, planned: &Planned<'_>, all: &Variables) -> BTreeSet<String> {
        let is_literal = |name: &str| {
            if rule
                .and_then(|rule| rule.get("variables"))
                .is_some_and(|variables| variables.get(name).is_some())
                || planned.matrix.iter().any(|(axis, _)| axis == name)
            {
                return false;
            }
            let own = self.job.get("variables").and_then(|variables| variables.get(name));
            let said = own.or_else(|| root::global(self.config, "variables").and_then(|all| all.get(name)));
            matches!(said.and_then(|value| value.get("expand")), Some(Value::Bool(false)))
        };
        all.keys().filter(|name| is_literal(name)).cloned().collect()
    }

    fn allow_failure(&self, rule: Option<&Value>) -> bool {
        let ruled = rule.and_then(|rule| rule.present("allow_failure"));
        match ruled.or(self.job.present("allow_failure")) {
            Some(Value::Bool(yes)) => *yes,
            Some(_) => false,
            None => self.job.get("when").is_some_and(|when| when.to_text() == "manual"),
        }
    }

    fn exit_codes(&self, rule: Option<&Value>) -> Vec<i64> {
        if rule.is_some_and(|rule| rule.present("allow_failure").is_some()) {
            return Vec::new();
        }
        let mut all = Vec::new();
        if let Some(codes) = self.job.get("allow_failure").and_then(|said| said.present("exit_codes")) {
            flatten(codes, &mut all);
        }
        let code =
            |value: &Value| if let Value::Int(code) = value { i64::try_from(*code).ok() } else { None };
        all.into_iter().filter_map(code).collect()
    }

    fn retry(&self) -> u8 {
        const MAX: i128 = 2;
        match self.get("retry").map(|retry| retry.get("max").unwrap_or(retry)) {
            Some(Value::Int(count)) => u8::try_from((*count).clamp(0, MAX)).unwrap_or(0),
            Some(Value::Text(count)) => count.parse().unwrap_or(0),
            Some(Value::Map(_)) => 2,
            _ => 0,
        }
    }
}

/// The job that runs, given the rules that matched. `rule` is the job's, `workflow` the variables of the workflow's.
pub(crate) fn resolve(
    name: &str,
    view: &View<'_>,
    planned: &Planned<'_>,
    matched: (Option<&Value>, Option<&Value>),
) -> Job {
    let (rule, workflow) = matched;
    let variables =
        over(view.variables(workflow, planned), texts(rule.and_then(|rule| rule.present("variables"))));
    let own_when = view.job.present("when").map_or_else(|| "on_success".to_owned(), Value::to_text);
    let start_in = match rule {
        Some(rule) => rule.get("start_in"),
        None => view.job.get("start_in"),
    };
    Job {
        name: name.to_owned(),
        stage: planned.stage.clone(),
        image: view.get("image").map(image),
        before_script: lines(view.get("before_script")),
        script: lines(view.job.get("script")),
        after_script: lines(view.get("after_script")),
        literal: view.literal(rule, planned, &variables),
        variables,
        rules_result: rule.and_then(when).map_or_else(|| own_when.clone(), str::to_owned),
        when: own_when,
        start_in: seconds(start_in),
        timeout: seconds(view.job.get("timeout")),
        allow_failure: view.allow_failure(rule),
        allowed_exit_codes: view.exit_codes(rule),
        retry: view.retry(),
        unsupported: UNSUPPORTED
            .into_iter()
            .filter(|name| view.get(name).is_some_and(|value| !value.is_blank()))
            .collect(),
    }
}

fn seconds(value: Option<&Value>) -> Option<Duration> {
    let seconds = duration::seconds(value?.as_text()?)?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn lines(value: Option<&Value>) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(value) = value {
        flatten(value, &mut all);
    }
    all.into_iter().map(Value::to_text).collect()
}

fn image(config: &Value) -> Image {
    let name = config.get("name").unwrap_or(config).to_text();
    let entrypoint = config.present("entrypoint").map(|entrypoint| lines(Some(entrypoint)));
    Image { name, entrypoint }
}

/// Variables as text, whatever form they have.
pub(crate) fn texts(config: Option<&Value>) -> Variables {
    let all = config.and_then(Value::as_map).into_iter().flatten();
    all.map(|(key, value)| {
        let value = if value.as_map().is_some() { value.get("value").unwrap_or(&Value::Nil) } else { value };
        (key.text.to_string(), value.to_text())
    })
    .collect()
}

/// GitLab's `merge_variables`: the newer come first, and win.
fn over(current: Variables, newer: Variables) -> Variables {
    let mut all = newer;
    for (name, value) in current {
        all.entry(name).or_insert(value);
    }
    all
}
