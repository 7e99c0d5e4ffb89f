//! Saving a project, and taking one away.
//!
//! **Nobody overwrites what they have not seen.** Each saving has a revision, and whoever saves says which one they
//! changed. A lease keeps two who save in the same moment apart; it expires by itself, so that a crash locks nobody out.
//! The row with the revision is written last: until then the older revision counts, and whoever reads meanwhile cannot
//! save what they read.
//!
//! Not here: which row holds what (`rows`).

use std::time::Duration;

use config::{CommandId, Project, ProjectError, ProjectId, ProjectPath, SourceId, TargetId};
use relay::irker::TemplateError;
use serde::{Deserialize, Serialize};

use super::rows::{self, History, Rows};
use super::{
    POINTER, PointerRow, Revision, Saved, check, command_key, find_with_version, list, next_number,
    number_of, partition, path_key, rate_key, source_key,
};
use crate::channels::{self, Channels, ChannelsError};
use crate::events::condition;
use crate::store::{all, item, row};
use crate::table::{Condition, Key, Query, Version, Write};
use crate::{App, Causes, StoreError, targets};

/// How long a lease holds, at the most: longer than anybody takes to save, since a function has 30 s for everything.
const LEASE: Duration = Duration::from_mins(1);

/// Which project somebody believes to replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// None: it is new.
    New,
    /// The one that they have read.
    Revision(Revision),
    /// Whatever is there.
    Any,
}

/// Why a project was not saved, or not taken away.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Its values are not valid.
    #[error(transparent)]
    Invalid(#[from] ProjectError),
    /// A template of its lines cannot be rendered.
    #[error("irker: templates: {0}")]
    Templates(#[from] TemplateError),
    /// Its channels do not go together with those of other projects.
    #[error("irker: {0}")]
    Channels(#[from] ChannelsError),
    /// Another project has the same source id.
    #[error("the source id '{0}' belongs to another project")]
    SourceTaken(SourceId),
    /// Another project has a slash command with the same id.
    #[error("the slash command's id '{0}' belongs to another project")]
    CommandTaken(CommandId),
    /// Another project has the same path.
    #[error("the path '{0}' belongs to another project")]
    PathTaken(ProjectPath),
    /// Somebody else was quicker, and what they have saved was not seen.
    #[error("the project was changed by somebody else meanwhile: look at it again")]
    Changed,
    /// Somebody else saves it in this moment.
    #[error("the project is being saved by somebody else: try again in a minute")]
    Busy,
    /// Taken away.
    #[error("the project is not there any more")]
    Gone,
    /// Somebody else numbers projects at the same time, again and again.
    #[error("no number could be had for the project: try again")]
    Numbering,
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::table::TableError> for SaveError {
    fn from(error: crate::table::TableError) -> Self {
        Self::Store(error.into())
    }
}

impl Expected {
    fn check(self, before: Option<&Saved>) -> Result<(), SaveError> {
        match (self, before) {
            (Self::Any, _) | (Self::New, None) => Ok(()),
            (Self::Revision(_), None) => Err(SaveError::Gone),
            (Self::Revision(expected), Some(saved)) if saved.revision == expected => Ok(()),
            (Self::New | Self::Revision(_), Some(_)) => Err(SaveError::Changed),
        }
    }
}

/// The right to save a project, for a time.
struct Lease {
    key: Key,
    version: Version,
}

#[derive(Serialize, Deserialize)]
struct LeaseRow {}

pub(super) fn lease_key(id: ProjectId) -> Key {
    Key::new(format!("saving#{id}"), POINTER)
}

impl Lease {
    async fn take(app: &App, id: ProjectId) -> Result<Self, SaveError> {
        let key = lease_key(id);
        let row = item(key.clone(), &LeaseRow {}, Some(app.clock.now() + LEASE));
        match app.table.put(row, Condition::Absent).await? {
            Write::Done(version) => Ok(Self { key, version }),
            Write::Conflict(_) => Err(SaveError::Busy),
        }
    }

    async fn give_back(self, app: &App) {
        if let Err(error) = app.table.delete(&self.key, Condition::Version(self.version)).await {
            // It expires by itself.
            tracing::warn!(lease = self.key.partition, error = %Causes(&error), "lease.kept");
        }
    }
}

/// Stores a new project under a number that it is given. Its own number is not looked at.
pub async fn create(app: &App, mut project: Project) -> Result<(ProjectId, Revision), SaveError> {
    check(&project)?;
    // A number that came to nothing still has its path.
    project.id = match number_of(app, &project.path).await? {
        Some(id) if find_with_version(app, id).await?.0.is_none() => id,
        Some(_) => return Err(SaveError::PathTaken(project.path)),
        None => next_number(app).await?,
    };
    let id = project.id;
    Ok((id, save(app, project, Expected::New).await?))
}

/// Stores a project in place of what was there under its number, if that is what was expected. Gives its revision.
/// Repeating it is harmless, also after a crash in the middle: the ways to the project are claimed first, and what is
/// left over is removed last.
pub async fn save(app: &App, project: Project, expected: Expected) -> Result<Revision, SaveError> {
    check(&project)?;
    let lease = Lease::take(app, project.id).await?;
    let saved = save_alone(app, project, expected).await;
    lease.give_back(app).await;
    app.projects.forget();
    saved
}

async fn save_alone(app: &App, project: Project, expected: Expected) -> Result<Revision, SaveError> {
    let (id, path, source) = (project.id, project.path.clone(), project.source.id.clone());
    let (before, head) = find_with_version(app, id).await?;
    expected.check(before.as_ref())?;
    channels::check(app, &project).await??;
    claim_ways(app, &project).await?;
    let joined = Channels::of(&project);
    let place = partition(id);
    let sealed = project
        .try_map(&mut |secret| app.sealer.seal(&secret, &place, &app.chance))
        .map_err(StoreError::from)?;
    let kept = rows::sort_keys(&sealed);
    let history = History::after(before.as_ref(), &kept, app.clock.now());
    let revision = history.revision();
    let (mut items, last) = Rows::of(sealed, history).items(id);
    items.push(list::listed(id, &path));
    app.table.batch_put(items).await?;
    let before = before.map(|saved| saved.project);
    channels::remember(app, before.as_ref().and_then(Channels::of).as_ref(), joined.as_ref()).await?;
    if let Some(before) = before {
        remove_left_over(app, &before, &kept, (&path, &source)).await?;
    }
    if let Some(last) = last {
        // Whoever held up a saving for longer than its lease is not the one who ends it.
        if let Write::Conflict(_) = app.table.put(last, condition(head)).await? {
            return Err(SaveError::Changed);
        }
    }
    Ok(revision)
}

async fn remove_left_over(
    app: &App,
    before: &Project,
    kept: &[String],
    (path, source): (&ProjectPath, &SourceId),
) -> Result<(), StoreError> {
    for sort in rows::sort_keys(before).into_iter().filter(|sort| !kept.contains(sort)) {
        app.table.delete(&Key::new(partition(before.id), sort), Condition::Always).await?;
    }
    for command in &before.commands {
        if !kept.contains(&rows::command_sort_key(&command.id)) {
            app.table.delete(&command_key(&command.id), Condition::Always).await?;
        }
    }
    if before.source.id != *source {
        app.table.delete(&source_key(&before.source.id), Condition::Always).await?;
    }
    if before.path != *path {
        app.table.delete(&path_key(&before.path), Condition::Always).await?;
    }
    Ok(())
}

/// Takes a project away: first the ways to it, so that nothing new comes in, then its channels and its rows. What is
/// queued for it finds no project and comes to nothing; events and the log expire in their time. `false` if there was
/// none.
pub async fn delete(app: &App, id: ProjectId, expected: Expected) -> Result<bool, SaveError> {
    let lease = Lease::take(app, id).await?;
    let deleted = delete_alone(app, id, expected).await;
    lease.give_back(app).await;
    app.projects.forget();
    deleted
}

async fn delete_alone(app: &App, id: ProjectId, expected: Expected) -> Result<bool, SaveError> {
    let (before, _) = find_with_version(app, id).await?;
    expected.check(before.as_ref())?;
    let before = before.map(|saved| saved.project);
    if let Some(project) = &before {
        for (way, _) in ways(project) {
            app.table.delete(&way, Condition::Always).await?;
        }
        channels::remember(app, Channels::of(project).as_ref(), None).await?;
        let hooks = project.hooks.iter().map(|hook| TargetId::Hook(id, hook.id));
        for target in hooks.chain([TargetId::Irker(id)]) {
            app.table.delete(&targets::health_key(target), Condition::Always).await?;
        }
    }
    list::unlist(app, id).await?;
    app.table.delete(&rate_key(id), Condition::Always).await?;
    let head = rows::head_key(id);
    let rows = all(app, Query::prefix(partition(id), "")).await?;
    // What decides goes last, so that a deletion that was broken off can be repeated.
    for key in rows.iter().map(|stored| &stored.item.key).filter(|key| **key != head).chain([&head]) {
        app.table.delete(key, Condition::Always).await?;
    }
    if before.is_some() {
        tracing::info!(project = %id, "project.deleted");
    }
    Ok(before.is_some())
}

/// The keys that lead to a project, each with what is wrong if it leads to another one.
fn ways(project: &Project) -> Vec<(Key, SaveError)> {
    let path = (path_key(&project.path), SaveError::PathTaken(project.path.clone()));
    let source = &project.source.id;
    let source = (source_key(source), SaveError::SourceTaken(source.clone()));
    let commands = project.commands.iter().map(|command| &command.id);
    let commands = commands.map(|id| (command_key(id), SaveError::CommandTaken(id.clone())));
    [path, source].into_iter().chain(commands).collect()
}

/// Claims all ways to a project, or none.
async fn claim_ways(app: &App, project: &Project) -> Result<(), SaveError> {
    let mut claimed = Vec::new();
    for (way, taken) in ways(project) {
        match claim(app, &way, project.id).await? {
            Claim::New => claimed.push(way),
            Claim::Held => {}
            Claim::Taken => {
                for way in claimed {
                    app.table.delete(&way, Condition::Always).await?;
                }
                return Err(taken);
            }
        }
    }
    Ok(())
}

enum Claim {
    New,
    Held,
    Taken,
}

/// Points a key to a project, unless it points to another one.
async fn claim(app: &App, key: &Key, project: ProjectId) -> Result<Claim, StoreError> {
    let write = app.table.put(item(key.clone(), &PointerRow { project }, None), Condition::Absent).await?;
    Ok(match write {
        Write::Done(_) => Claim::New,
        Write::Conflict(Some(stored)) if row::<PointerRow>(&stored)?.project == project => Claim::Held,
        Write::Conflict(_) => Claim::Taken,
    })
}
