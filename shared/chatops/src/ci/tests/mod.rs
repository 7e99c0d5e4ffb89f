//! A table of configurations, each with what GitLab makes of it: worked out by hand from its entry classes, its extender,
//! its resolver and its rules, since those take a whole GitLab to run.
//!
//! A case in `cases/*.txt` is `=== what it shows`, the file, further files behind `--> path`, and for each job asked for
//! `??? job` and the answer: the fields that are not as in an empty job, or the error.

mod hostile;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Context, Job, Repository, resolve};

/// Files in memory.
#[derive(Default)]
pub(super) struct Files(BTreeMap<String, String>);

impl Files {
    pub(super) fn with(path: &str, text: &str) -> Self {
        Self(BTreeMap::from([(path.to_owned(), text.to_owned())]))
    }
}

impl Repository for Files {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

pub(super) fn context() -> Context {
    Context {
        branch: "main".to_owned(),
        config_path: ".gitlab-ci.yml".to_owned(),
        commit: None,
        project_path: Some("group/project".to_owned()),
        variables: vec![
            ("CHAT_INPUT".to_owned(), "hello".to_owned()),
            ("CHAT_CHANNEL".to_owned(), "C1".to_owned()),
        ],
    }
}

pub(super) fn answer(files: &Files, job: &str) -> String {
    match resolve(files, &context(), job) {
        Ok(job) => summary(&job),
        Err(error) => format!("ERROR {error}"),
    }
}

fn summary(job: &Job) -> String {
    let mut out = job.stage.clone();
    let mut list = |name: &str, lines: &[String]| {
        if !lines.is_empty() {
            write!(out, " {name}={lines:?}").unwrap();
        }
    };
    list("before", &job.before_script);
    list("script", &job.script);
    list("after", &job.after_script);
    if let Some(image) = &job.image {
        write!(out, " image={:?}", image.name).unwrap();
        if let Some(entrypoint) = &image.entrypoint {
            write!(out, " entrypoint={entrypoint:?}").unwrap();
        }
    }
    if !job.variables.is_empty() {
        let variables: Vec<String> =
            job.variables.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        write!(out, " variables={{{}}}", variables.join(", ")).unwrap();
    }
    if !job.literal.is_empty() {
        write!(out, " literal={:?}", job.literal).unwrap();
    }
    if job.rules_result != "on_success" || job.when != "on_success" {
        write!(out, " result={} when={}", job.rules_result, job.when).unwrap();
    }
    if let Some(wait) = job.start_in {
        write!(out, " start_in={}s", wait.as_secs_f64()).unwrap();
    }
    if let Some(timeout) = job.timeout {
        write!(out, " timeout={}s", timeout.as_secs_f64()).unwrap();
    }
    if job.allow_failure {
        out.push_str(" allow_failure");
    }
    if !job.allowed_exit_codes.is_empty() {
        write!(out, " allowed={:?}", job.allowed_exit_codes).unwrap();
    }
    if job.retry > 0 {
        write!(out, " retry={}", job.retry).unwrap();
    }
    if !job.unsupported.is_empty() {
        write!(out, " unsupported={:?}", job.unsupported).unwrap();
    }
    out
}

#[track_caller]
fn check(table: &str) {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for case in table.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (texts, questions) = rest.split_at(rest.find("\n??? ").unwrap() + 1);
        let mut files = Files::default();
        for (index, text) in texts.split("--> ").enumerate() {
            let (path, text) =
                if index == 0 { (".gitlab-ci.yml", text) } else { text.split_once('\n').unwrap() };
            files.0.insert(path.to_owned(), text.to_owned());
        }
        for question in questions.split("??? ").skip(1) {
            let (job, wanted) = question.split_once('\n').unwrap();
            let seen = answer(&files, job);
            asked += 1;
            if seen.trim_end() != wanted.trim_end() {
                wrong.push(format!("=== {title}\n??? {job}\nwanted {}\nseen   {seen}\n", wanted.trim_end()));
            }
        }
    }
    assert!(asked > 0, "an empty table");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn jobs() {
    check(include_str!("cases/jobs.txt"));
}

#[test]
fn defaults_and_inheritance() {
    check(include_str!("cases/inheritance.txt"));
}

#[test]
fn extending_and_referring() {
    check(include_str!("cases/reuse.txt"));
}

#[test]
fn rules_and_policies() {
    check(include_str!("cases/rules.txt"));
}

#[test]
fn including_files() {
    check(include_str!("cases/includes.txt"));
}

#[test]
fn inputs_of_files() {
    check(include_str!("cases/inputs.txt"));
}

#[test]
fn what_is_refused() {
    check(include_str!("cases/refused.txt"));
}

/// Case 14, for a list: what a chat could run.
#[test]
fn the_jobs_that_a_chat_could_run_are_listed_as_they_stand_there() {
    let ci = "b: {script: a}\na: {script: a, rules: [{if: $CI_PIPELINE_SOURCE == 'chat'}]}\n.c: {script: a}\n\
              d: {script: a, except: [chat]}\ne: {script: a, rules: [{if: $CI_PIPELINE_SOURCE == 'push'}]}\n";
    let listed = super::runnable(&Files::with(".gitlab-ci.yml", ci), &context());
    assert_eq!(listed.unwrap(), ["b", "a"]);
    let broken = super::runnable(&Files::with(".gitlab-ci.yml", "a: {stage: x}\n"), &context());
    assert!(broken.is_err());
}
