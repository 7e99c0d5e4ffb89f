//! A project's partition: which row holds what.
//!
//! Not here: the ways to it from outside, and the order of writes.

use std::collections::BTreeMap;

use config::{
    CommandId, CommandIntegration, GitLab, HookId, HttpHook, Irker, Jobs, Project, ProjectId, ProjectPath,
    Source,
};
use payload::Secret;
use serde::{Deserialize, Serialize};

use super::{Revision, Saved, partition};
use crate::StoreError;
use crate::clock::Timestamp;
use crate::seal::{SealError, Sealed};
use crate::store::{item, row};
use crate::table::{Item, Key, Stored};

const PROJECT: &str = "project";
const SOURCE: &str = "source";
pub(super) const IRKER: &str = "irker";
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
pub(super) fn hook_sort_key(id: HookId) -> String {
    format!("{HOOK}{:010}", id.0)
}

pub(super) fn command_sort_key(id: &CommandId) -> String {
    format!("{COMMAND}{id}")
}

/// The row that decides: it is written last, and only in the place of the one that was read.
pub(super) fn head_key(id: ProjectId) -> Key {
    Key::new(partition(id), PROJECT)
}

/// The revision that the row which decides says.
pub(super) fn revision(head: &Stored) -> Result<Revision, StoreError> {
    Ok(row::<ProjectRow>(head)?.history.revision)
}

/// The path that the row which decides says.
pub(super) fn path(head: &Stored) -> Result<ProjectPath, StoreError> {
    Ok(row::<ProjectRow>(head)?.path)
}

/// How a project came to be what it is. A Bellhop that knew nothing of it left nothing of it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct History {
    #[serde(default)]
    revision: Revision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// When each part came, by sort key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, Timestamp>,
}

impl History {
    /// What it is after one more saving, of a project with these parts.
    pub(super) fn after(before: Option<&Saved>, parts: &[String], now: Timestamp) -> Self {
        let since = |part: &String| match before {
            Some(before) if sort_keys(&before.project).contains(part) => before.parts.get(part).copied(),
            _ => Some(now),
        };
        let parts = parts.iter().filter_map(|part| Some((part.clone(), since(part)?)));
        Self {
            revision: Revision(before.map_or(0, |before| before.revision.0) + 1),
            created_at: before.map_or(Some(now), |before| before.created_at),
            updated_at: Some(now),
            parts: parts.collect(),
        }
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }
}

#[derive(Serialize, Deserialize)]
struct ProjectRow {
    path: ProjectPath,
    last_hook: HookId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
    #[serde(flatten)]
    history: History,
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
    pub(super) fn of(project: Project<Sealed>, history: History) -> Self {
        Self {
            project: Some(ProjectRow {
                path: project.path,
                last_hook: project.last_hook,
                rate_limit: project.rate_limit,
                history,
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
    pub(super) fn saved(
        self,
        id: ProjectId,
        open: &mut impl FnMut(Sealed) -> Result<Secret, SealError>,
    ) -> Result<Option<Saved>, StoreError> {
        let (Some(project), Some(source)) = (self.project, self.source) else { return Ok(None) };
        let ProjectRow { path, last_hook, rate_limit, history } = project;
        let Self { irker, hooks, commands, jobs, gitlab, .. } = self;
        let sealed =
            Project { id, path, source, irker, hooks, last_hook, rate_limit, commands, jobs, gitlab };
        let History { revision, created_at, updated_at, parts } = history;
        Ok(Some(Saved { project: sealed.try_map(open)?, revision, created_at, updated_at, parts }))
    }

    /// All rows; the one that decides apart, since it is written last.
    pub(super) fn items(self, id: ProjectId) -> (Vec<Item>, Option<Item>) {
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
        let head = self.project.iter().map(|project| item(head_key(id), project, None)).next();
        (items, head)
    }
}
