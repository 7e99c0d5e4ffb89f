//! What jobs say of each other must be true: the logical validations of GitLab's `YamlProcessor`.
//!
//! Not here: whether a needed job passes its rules, which depends on the pipeline.

use std::collections::HashMap;

use super::entry::check::flatten;
use super::limits::JOB_NAME_CHARS_MAX;
use super::pipeline::{Need, Pipeline, Planned, needs_of};
use super::value::Value;

/// The first contradiction, in GitLab's words.
pub(crate) fn check(pipeline: &Pipeline<'_>) -> Result<(), String> {
    let mut stages: HashMap<&str, usize> = HashMap::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        stages.entry(stage).or_insert(index);
    }
    let links = Links { pipeline, stages };
    for (name, job) in &pipeline.jobs {
        links.stage(name, job)?;
        for dependency in &job.dependencies {
            links.linked(name, dependency, "dependency")?;
        }
        links.needs(name, &job.needs)?;
        links.rules(name, job)?;
        links.child_pipeline(name, job)?;
        links.environment(name, job)?;
        pages(name, job)?;
    }
    acyclic(pipeline)
}

struct Links<'a> {
    pipeline: &'a Pipeline<'a>,
    stages: HashMap<&'a str, usize>,
}

impl Links<'_> {
    fn stage(&self, name: &str, job: &Planned<'_>) -> Result<(), String> {
        if self.stages.contains_key(job.stage.as_str()) {
            return Ok(());
        }
        let available = self.pipeline.stages.join(", ");
        Err(format!(
            "{name} job: chosen stage {} does not exist; available stages are {available}",
            job.stage
        ))
    }

    fn needs(&self, name: &str, needs: &[Need<'_>]) -> Result<(), String> {
        for need in needs {
            if need.optional && !self.pipeline.jobs.contains_key(&need.name) {
                continue;
            }
            self.linked(name, &need.name, "need")?;
        }
        let mut counts: indexmap::IndexMap<&str, usize> = indexmap::IndexMap::new();
        for need in needs {
            *counts.entry(&need.name).or_default() += 1;
        }
        let twice: Vec<&str> =
            counts.iter().filter(|(_, count)| **count > 1).map(|(name, _)| *name).collect();
        if twice.is_empty() {
            return Ok(());
        }
        Err(format!("{name} has the following needs duplicated: {}.", twice.join(", ")))
    }

    /// The needs of a job's rules.
    fn rules(&self, name: &str, job: &Planned<'_>) -> Result<(), String> {
        let Some(rules) = job.config.present("rules") else { return Ok(()) };
        let mut all = Vec::new();
        flatten(rules, &mut all);
        all.into_iter()
            .filter_map(|rule| rule.present("needs"))
            .try_for_each(|needs| self.needs(name, &needs_of(needs)))
    }

    fn child_pipeline(&self, name: &str, job: &Planned<'_>) -> Result<(), String> {
        let include = job.config.get("trigger").and_then(|trigger| trigger.get("include"));
        let mut all = Vec::new();
        if let Some(include) = include {
            flatten(include, &mut all);
        }
        let makers = all.into_iter().filter_map(|item| item.get("job")).filter(|job| !job.is_falsy());
        makers.map(Value::to_text).try_for_each(|maker| self.linked(name, &maker, "dependency"))
    }

    /// A job that another stands on: it is there, and not later.
    fn linked(&self, name: &str, other: &str, what: &str) -> Result<(), String> {
        let Some(there) = self.pipeline.jobs.get(other) else {
            return Err(format!("{name} job: undefined {what}: {other}"));
        };
        if what == "need" && other.chars().count() > JOB_NAME_CHARS_MAX {
            return Err(format!(
                "{name} job: need `{other}` name is too long (maximum is {JOB_NAME_CHARS_MAX} characters)"
            ));
        }
        let index = |job: &Planned<'_>| self.stages.get(job.stage.as_str()).copied();
        let here = self.pipeline.jobs.get(name).and_then(index);
        if index(there).is_some_and(|there| here.is_some_and(|here| there <= here)) {
            return Ok(());
        }
        Err(format!("{name} job: {what} {other} is not defined in current or prior stages"))
    }

    /// The job that stops an environment is one that does so.
    fn environment(&self, name: &str, job: &Planned<'_>) -> Result<(), String> {
        let Some(environment @ Value::Map(_)) = job.config.get("environment") else { return Ok(()) };
        let Some(stopper) = environment.present("on_stop").map(Value::to_text) else { return Ok(()) };
        let wrong = |what: &str| Err(format!("{name} job: on_stop job {stopper} {what}"));
        let Some(other) = self.pipeline.jobs.get(&stopper) else { return wrong("is not defined") };
        let Some(theirs) = other.config.present("environment") else {
            return wrong("does not have environment defined");
        };
        let text = |value: Option<&Value>| value.map(Value::to_text);
        let their_name = text(theirs.get("name").or(theirs.as_text().map(|_| theirs)));
        if their_name != text(environment.get("name")) {
            return wrong("have different environment name");
        }
        if text(theirs.get("action")).as_deref() != Some("stop") {
            return wrong("needs to have action stop defined");
        }
        Ok(())
    }
}

fn pages(name: &str, job: &Planned<'_>) -> Result<(), String> {
    let inner = job.config.get("pages").is_some_and(|pages| pages.get("publish").is_some());
    if inner && job.config.present("publish").is_some() {
        return Err(format!("{name} job: use either {name}:publish or {name}:pages:publish"));
    }
    Ok(())
}

/// Nobody needs himself, by whatever detour.
fn acyclic(pipeline: &Pipeline<'_>) -> Result<(), String> {
    // How many needs of a job are looked through; nothing before the first, and all of them when it is done.
    let mut looked: Vec<Option<usize>> = vec![None; pipeline.jobs.len()];
    let mut open = vec![false; pipeline.jobs.len()];
    for start in 0..pipeline.jobs.len() {
        let mut path = if looked[start].is_none() { vec![start] } else { Vec::new() };
        while let Some(&at) = path.last() {
            open[at] = true;
            let next = looked[at].unwrap_or(0);
            let Some(need) = pipeline.jobs[at].needs.get(next) else {
                looked[at] = Some(next);
                open[at] = false;
                path.pop();
                continue;
            };
            looked[at] = Some(next + 1);
            let Some(needed) = pipeline.jobs.get_index_of(&need.name) else { continue };
            if open[needed] {
                let name = pipeline.jobs.get_index(needed).map_or("", |(name, _)| name);
                return Err(format!("The pipeline has circular dependencies: {name} needs itself"));
            }
            if looked[needed].is_none() {
                path.push(needed);
            }
        }
    }
    Ok(())
}
