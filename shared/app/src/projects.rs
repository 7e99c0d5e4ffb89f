//! The repository of projects. A whole configuration is one partition, `project#{id}`, so that one query loads it;
//! beside it stand the ways to it, `source#{id}`, `command#{id}` and `path#{path}`, and a row in the list of all.
//!
//! Not here: which values are valid (`config`), the file that people write (`infra/local`).

mod cache;
mod list;
mod rows;
mod save;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::{CommandId, HookId, Project, ProjectId, ProjectPath, SourceId};
use relay::irker::check_templates;
use serde::{Deserialize, Serialize};

pub(crate) use self::cache::ProjectCache;
pub use self::list::{Listed, Listing, list, next_number, none_yet};
use self::rows::Rows;
pub use self::save::{Expected, SaveError, create, delete, save};
use crate::clock::Timestamp;
use crate::store::{all, row};
use crate::table::{Key, Query, Stored, Version};
use crate::{App, StoreError};

/// The sort key of a partition that says only which project it leads to.
const POINTER: &str = "project";

#[derive(Serialize, Deserialize)]
struct PointerRow {
    project: ProjectId,
}

fn partition(id: ProjectId) -> String {
    format!("project#{id}")
}

/// Where a project's rate is kept: beside its configuration, and no part of it.
pub(crate) fn rate_key(id: ProjectId) -> Key {
    Key::new(format!("rate#{id}"), "project")
}

fn source_key(id: &SourceId) -> Key {
    Key::new(format!("source#{id}"), POINTER)
}

fn command_key(id: &CommandId) -> Key {
    Key::new(format!("command#{id}"), POINTER)
}

fn path_key(path: &ProjectPath) -> Key {
    Key::new(format!("path#{path}"), POINTER)
}

/// The project behind a public URL, at most [`CACHED_FOR`] old.
pub async fn by_source(app: &App, id: &SourceId) -> Result<Option<Arc<Project>>, StoreError> {
    let now = app.clock.now();
    if let Some(project) = app.projects.source(id, now) {
        return by_id(app, project).await;
    }
    // What is not there is not remembered: a source is to work as soon as it is configured.
    let Some(project) = pointer(app, &source_key(id)).await? else { return Ok(None) };
    app.projects.keep_source(id.clone(), now, project);
    by_id(app, project).await
}

/// The project behind a slash command's URL, at most [`CACHED_FOR`] old.
pub async fn by_command(app: &App, id: &CommandId) -> Result<Option<Arc<Project>>, StoreError> {
    let now = app.clock.now();
    if let Some(project) = app.projects.command(id, now) {
        return by_id(app, project).await;
    }
    let Some(project) = pointer(app, &command_key(id)).await? else { return Ok(None) };
    app.projects.keep_command(id.clone(), now, project);
    by_id(app, project).await
}

/// A project, at most [`CACHED_FOR`] old.
pub async fn by_id(app: &App, id: ProjectId) -> Result<Option<Arc<Project>>, StoreError> {
    let now = app.clock.now();
    if let Some(known) = app.projects.project(id, now) {
        return Ok(Some(known));
    }
    let Some(loaded) = load(app, id).await?.map(Arc::new) else { return Ok(None) };
    app.projects.keep_project(id, now, loaded.clone());
    Ok(Some(loaded))
}

/// The number of the project with this path.
pub async fn number_of(app: &App, path: &ProjectPath) -> Result<Option<ProjectId>, StoreError> {
    pointer(app, &path_key(path)).await
}

/// How often a project was saved. Whoever saves one says which revision it was that they changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl std::fmt::Display for Revision {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A project as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The configuration.
    pub project: Project,
    /// Which saving of it this is.
    pub revision: Revision,
    /// When it was saved for the first time; `None` if a Bellhop did that which kept no times.
    pub created_at: Option<Timestamp>,
    /// When it was saved for the last time.
    pub updated_at: Option<Timestamp>,
    /// When each of its parts came, by sort key.
    parts: BTreeMap<String, Timestamp>,
}

impl Saved {
    /// When a hook came.
    pub fn hook_since(&self, id: HookId) -> Option<Timestamp> {
        self.parts.get(&rows::hook_sort_key(id)).copied()
    }

    /// When the irker integration came.
    pub fn irker_since(&self) -> Option<Timestamp> {
        self.parts.get(rows::IRKER).copied()
    }

    /// When a slash command came.
    pub fn command_since(&self, id: &CommandId) -> Option<Timestamp> {
        self.parts.get(&rows::command_sort_key(id)).copied()
    }
}

/// A project as it is stored now.
pub async fn load(app: &App, id: ProjectId) -> Result<Option<Project>, StoreError> {
    Ok(read(app, id).await?.map(|saved| saved.project))
}

/// How often a project is read that is being saved in this moment.
const READ_TRIES: usize = 5;

/// How long to wait before that: a saving takes some tens of milliseconds.
const READ_REST: Duration = Duration::from_millis(20);

/// A project as it is stored now, and which saving of it that is: looked at before and after, so that no half of another
/// one is in it. While somebody saves again and again, what is given has an older revision than it may hold, and whoever
/// changes that is told so.
pub async fn find(app: &App, id: ProjectId) -> Result<Option<Saved>, StoreError> {
    for left in (0..READ_TRIES).rev() {
        let before = marks(app, id).await?;
        let Some(head) = before.iter().find(|stored| stored.item.key == rows::head_key(id)) else {
            return Ok(None);
        };
        let revision = rows::revision(head)?;
        let saved = read(app, id).await?.map(|saved| Saved { revision, ..saved });
        if left == 0 || (before.len() == 1 && marks(app, id).await? == before) {
            return Ok(saved);
        }
        tokio::time::sleep(READ_REST).await;
    }
    Ok(None)
}

/// The row that decides, and the lease of whoever is saving.
async fn marks(app: &App, id: ProjectId) -> Result<Vec<Stored>, StoreError> {
    Ok(app.table.batch_get(&[rows::head_key(id), save::lease_key(id)]).await?)
}

/// The same for whoever has the lease, with the put of the row that decides, which may be there without a project.
async fn find_with_version(app: &App, id: ProjectId) -> Result<(Option<Saved>, Option<Version>), StoreError> {
    let Some(head) = app.table.get(&rows::head_key(id)).await? else { return Ok((None, None)) };
    let (revision, version) = (rows::revision(&head)?, Some(head.version));
    Ok((read(app, id).await?.map(|saved| Saved { revision, ..saved }), version))
}

async fn read(app: &App, id: ProjectId) -> Result<Option<Saved>, StoreError> {
    let mut rows = Rows::default();
    for stored in all(app, Query::prefix(partition(id), "")).await? {
        rows.add(&stored)?;
    }
    let place = partition(id);
    rows.saved(id, &mut |secret| app.sealer.open(&secret, &place))
}

/// Whether a project can be saved, as far as that can be told without looking at others.
pub fn check(project: &Project) -> Result<(), SaveError> {
    project.check()?;
    project.irker.iter().try_for_each(|irker| Ok(check_templates(&irker.lines)?))
}

async fn pointer(app: &App, key: &Key) -> Result<Option<ProjectId>, StoreError> {
    let stored = app.table.get(key).await?;
    stored.map(|stored| row::<PointerRow>(&stored).map(|row| row.project)).transpose()
}
