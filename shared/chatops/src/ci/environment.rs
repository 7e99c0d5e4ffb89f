//! What a job's processes get to see, and `$NAME` in it.
//!
//! GitLab expands the configuration's variables twice: among each other (`Variables::Collection#sort_and_expand_all`),
//! and then again in the runner (`common/spec/variables.go`), where what nobody knows becomes nothing. So: `$NAME`,
//! `${NAME}` and `%NAME%` are replaced, `$$` is a dollar sign, and what is literal (`expand: false`) stays as it is.
//!
//! Different from GitLab on purpose: what comes from outside the configuration, the project's variables and what the user
//! typed, is never expanded. A `$SECRET` in a chat is five letters and a dollar sign.
//!
//! Not here: what belongs to the place where the job runs (`CI_PROJECT_DIR`, `PATH`).

use std::collections::BTreeMap;

use super::variables::{add_given, expand_within, predefined};
use super::{Context, Job};

/// How deep variables may name each other: GitLab has no such bound, and nobody follows a tenth of this.
const DEPTH_MAX: usize = 50;

/// The longest value, in bytes: what Linux lets one variable of an environment hold. What expands to more is left as it
/// was written.
const VALUE_BYTES_MAX: usize = 128 * 1024;

/// All variables of a job, expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those that GitLab sets, then the configuration's, then the project's and the command's: the later win.
    pub fn of(job: &Job, context: &Context) -> Self {
        let mut all = predefined(context);
        all.insert("CI_JOB_NAME".to_owned(), job.name.clone());
        all.insert("CI_JOB_STAGE".to_owned(), job.stage.clone());
        all.extend(job.variables.clone());
        add_given(&mut all, context);
        let is_given = |name: &str| context.variables.iter().any(|(given, _)| given == name);
        let is_open =
            |name: &str| job.variables.contains_key(name) && !job.literal.contains(name) && !is_given(name);
        let mut names = Names { expanded: BTreeMap::new(), open: BTreeMap::new() };
        for (name, value) in all {
            let place = if is_open(&name) { &mut names.open } else { &mut names.expanded };
            place.insert(name, value);
        }
        let open: Vec<String> = names.open.keys().cloned().collect();
        for name in open {
            names.value(&name, &mut Vec::new());
        }
        Self(names.expanded)
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A text of the configuration, such as an image's name, with its variables replaced.
    pub fn expand(&self, text: &str) -> String {
        expand(text, |name| self.0.get(name).cloned().unwrap_or_default())
    }
}

/// `$$` is a dollar sign, whatever follows it.
fn expand(text: &str, mut value: impl FnMut(&str) -> String) -> String {
    let parts = text.split("$$").map(|part| expand_within(part, VALUE_BYTES_MAX, &mut value));
    let parts: Option<Vec<String>> = parts.collect();
    let expanded = parts.map(|parts| parts.join("$")).filter(|whole| whole.len() <= VALUE_BYTES_MAX);
    expanded.unwrap_or_else(|| text.to_owned())
}

struct Names {
    /// Those that are as they will be. Each is expanded once, however often it is named.
    expanded: BTreeMap<String, String>,
    /// As they were written.
    open: BTreeMap<String, String>,
}

impl Names {
    /// `under_way` are the names that led here: one that names itself stays as it was written.
    fn value(&mut self, name: &str, under_way: &mut Vec<String>) -> String {
        if let Some(value) = self.expanded.get(name) {
            return value.clone();
        }
        let Some(written) = self.open.get(name).cloned() else { return String::new() };
        if under_way.len() >= DEPTH_MAX || under_way.iter().any(|other| other == name) {
            return written;
        }
        under_way.push(name.to_owned());
        let value = expand(&written, |other| self.value(other, under_way));
        under_way.pop();
        self.expanded.insert(name.to_owned(), value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use crate::ci::resolve;
    use crate::ci::tests::Files;

    use super::*;

    fn check(variables: &str, given: &[(&str, &str)]) -> Vec<String> {
        let ci = format!("job:\n  script: a\n  variables:\n{variables}");
        let repository = Files::with(".gitlab-ci.yml", &ci);
        let context = Context {
            branch: "main".to_owned(),
            config_path: ".gitlab-ci.yml".to_owned(),
            variables: given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Context::default()
        };
        let job = resolve(&repository, &context, "job").unwrap();
        let all = Environment::of(&job, &context);
        let shown =
            all.iter().filter(|(name, _)| !name.starts_with("CI_") && !["CI", "GITLAB_CI"].contains(name));
        shown.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn variables_name_each_other_in_any_order() {
        assert_eq!(
            check("    A: $B/a\n    B: ${C}b\n    C: c\n    N: $CI_JOB_NAME\n", &[]),
            ["A=cb/a", "B=cb", "C=c", "N=job"]
        );
        assert_eq!(check("    A: x$NOBODY-y\n    P: 5$$\n    Q: $$A\n", &[]), ["A=x-y", "P=5$", "Q=$A"]);
    }

    #[test]
    fn what_names_itself_ends() {
        assert_eq!(check("    A: $A:x\n", &[]), ["A=$A:x:x"]);
        assert_eq!(check("    A: <$B>\n    B: ($A)\n", &[]), ["A=<(<$B>)>", "B=(<$B>)"]);
    }

    #[test]
    fn a_bomb_of_variables_stays_small() {
        let line = |n: u32| format!("    V{n}: $V{0}$W{0}\n    W{n}: $W{0}$V{0}\n", n + 1);
        let bomb = (0..40).map(line).collect::<Vec<_>>().concat();
        let all = check(&format!("{bomb}    V40: {}\n    W40: y\n", "x".repeat(1000)), &[]);
        assert_eq!(all.len(), 82);
        assert!(all.iter().all(|line| line.len() <= VALUE_BYTES_MAX + 8));
    }

    #[test]
    fn a_literal_one_stays_as_it_is_also_where_it_is_named() {
        let variables = "    A: {value: $B, expand: false}\n    B: b\n    C: $A\n";
        assert_eq!(check(variables, &[]), ["A=$B", "B=b", "C=$B"]);
    }

    /// Case 21: what is typed is data.
    #[test]
    fn what_comes_from_outside_is_never_expanded_and_wins() {
        let given = [("KEY", "a$CI_JOB_NAME"), ("CHAT_INPUT", "$KEY $(id) $$")];
        let shown = check("    CHAT_INPUT: mine\n    SAID: '<$CHAT_INPUT>'\n", &given);
        assert_eq!(shown, ["CHAT_INPUT=$KEY $(id) $$", "KEY=a$CI_JOB_NAME", "SAID=<$KEY $(id) $$>"]);
    }
}
