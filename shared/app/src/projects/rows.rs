//! A project's partition: which row holds what.
//!
//! Not here: the ways to it from outside, and the order of writes.

use config::{
    CommandId, CommandIntegration, GitLab, HookId, HttpHook, Irker, Jobs, Project, ProjectId, ProjectPath,
    Source,
};
use serde::{Deserialize, Serialize};

use super::partition;
use crate::StoreError;
use crate::seal::Sealed;
use crate::store::{item, row};
use crate::table::{Item, Key, Stored};

const PROJECT: &str = "project";
const SOURCE: &str = "source";
const IRKER: &str = "irker";
const HOOK: &str = "hook#";
const COMMAND: &str = "command#";
const JOBS: &str = "jobs";
const GITLAB: &str = "gitlab";

/// The rows that a project has besides the two that every project has.
pub(super) fn sort_keys<S>(project: &Project<S>) -> Vec<String> {
    let hooks = project.hooks.iter().map(|hook| hook_sort_key(hook.id));
    let commands = project.commands.iter().map(|command| command_sort_key(&command.id));
    let singles = [
        project.irker.as_ref().map(|_| IRKER),
        project.jobs.as_ref().map(|_| JOBS),
        project.gitlab.as_ref().map(|_| GITLAB),
    ];
    hooks.chain(commands).chain(singles.into_iter().flatten().map(str::to_owned)).collect()
}

/// Padded, so that hooks are read in the order of their numbers.
fn hook_sort_key(id: HookId) -> String {
    format!("{HOOK}{:010}", id.0)
}

pub(super) fn command_sort_key(id: &CommandId) -> String {
    format!("{COMMAND}{id}")
}

#[derive(Serialize, Deserialize)]
struct ProjectRow {
    path: ProjectPath,
    last_hook: HookId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
}

/// A project's partition, taken apart or not yet put together.
#[derive(Default)]
pub(super) struct Rows {
    project: Option<ProjectRow>,
    source: Option<Source<Sealed>>,
    irker: Option<Irker<Sealed>>,
    hooks: Vec<HttpHook<Sealed>>,
    commands: Vec<CommandIntegration<Sealed>>,
    jobs: Option<Jobs<Sealed>>,
    gitlab: Option<GitLab<Sealed>>,
}

impl Rows {
    pub(super) fn of(project: Project<Sealed>) -> Self {
        Self {
            project: Some(ProjectRow {
                path: project.path,
                last_hook: project.last_hook,
                rate_limit: project.rate_limit,
            }),
            source: Some(project.source),
            irker: project.irker,
            hooks: project.hooks,
            commands: project.commands,
            jobs: project.jobs,
            gitlab: project.gitlab,
        }
    }

    pub(super) fn add(&mut self, stored: &Stored) -> Result<(), StoreError> {
        match stored.item.key.sort.as_str() {
            PROJECT => self.project = Some(row(stored)?),
            SOURCE => self.source = Some(row(stored)?),
            IRKER => self.irker = Some(row(stored)?),
            JOBS => self.jobs = Some(row(stored)?),
            GITLAB => self.gitlab = Some(row(stored)?),
            sort if sort.starts_with(HOOK) => self.hooks.push(row(stored)?),
            sort if sort.starts_with(COMMAND) => self.commands.push(row(stored)?),
            // Rows of a later Bellhop are none of ours.
            _ => {}
        }
        Ok(())
    }

    /// `None` until the two rows that every project has are there.
    pub(super) fn project(self, id: ProjectId) -> Option<Project<Sealed>> {
        let (project, source) = (self.project?, self.source?);
        let ProjectRow { path, last_hook, rate_limit } = project;
        let Self { irker, hooks, commands, jobs, gitlab, .. } = self;
        Some(Project { id, path, source, irker, hooks, last_hook, rate_limit, commands, jobs, gitlab })
    }

    pub(super) fn items(self, id: ProjectId) -> Vec<Item> {
        let key = |sort: &str| Key::new(partition(id), sort);
        let mut items: Vec<_> =
            self.hooks.iter().map(|hook| item(key(&hook_sort_key(hook.id)), hook, None)).collect();
        let command =
            |command: &CommandIntegration<Sealed>| item(key(&command_sort_key(&command.id)), command, None);
        items.extend(self.commands.iter().map(command));
        items.extend(self.jobs.iter().map(|jobs| item(key(JOBS), jobs, None)));
        items.extend(self.gitlab.iter().map(|gitlab| item(key(GITLAB), gitlab, None)));
        items.extend(self.irker.iter().map(|irker| item(key(IRKER), irker, None)));
        items.extend(self.source.iter().map(|source| item(key(SOURCE), source, None)));
        items.extend(self.project.iter().map(|project| item(key(PROJECT), project, None)));
        items
    }
}
