//! The repository of projects. A whole configuration is one partition, `project#{id}`, so that one query loads it;
//! beside it stand the ways to it, `source#{id}`, `command#{id}` and `path#{path}`.
//!
//! Not here: which values are valid (`config`), the file that people write (`infra/local`).

mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{CommandId, Project, ProjectError, ProjectId, ProjectPath, SourceId};
use relay::irker::{TemplateError, check_templates};
use serde::{Deserialize, Serialize};

use self::rows::Rows;
use crate::channels::{self, Channels, ChannelsError};
use crate::clock::Timestamp;
use crate::store::{item, row};
use crate::table::{Condition, Key, Query, Write};
use crate::{App, StoreError};

/// How long a loaded project is used without looking again. A changed configuration is heard of within this time.
const CACHED_FOR: Duration = Duration::from_secs(5);

/// How many projects are held in memory; beyond, the cache starts anew. A thousand take a few megabytes.
const CACHED_MAX: usize = 1_000;

/// How often a number is asked for while others ask as well.
const NUMBERING_TRIES: usize = 20;

/// The sort key of a partition that says only which project it leads to.
const POINTER: &str = "project";

#[derive(Serialize, Deserialize)]
struct PointerRow {
    project: ProjectId,
}

#[derive(Default)]
pub(crate) struct ProjectCache(Mutex<Cached>);

#[derive(Default)]
struct Cached {
    projects: HashMap<ProjectId, (Timestamp, Arc<Project>)>,
    sources: HashMap<SourceId, (Timestamp, ProjectId)>,
    commands: HashMap<CommandId, (Timestamp, ProjectId)>,
}

/// Why a project was not saved.
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

/// A project as it is stored now.
pub async fn load(app: &App, id: ProjectId) -> Result<Option<Project>, StoreError> {
    let mut query = Query::prefix(partition(id), "");
    let mut rows = Rows::default();
    loop {
        let page = app.table.query(&query).await?;
        page.items.iter().try_for_each(|stored| rows.add(stored))?;
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    let Some(sealed) = rows.project(id) else { return Ok(None) };
    let place = partition(id);
    Ok(Some(sealed.try_map(&mut |secret| app.sealer.open(&secret, &place))?))
}

/// Whether no project was ever made.
pub async fn none_yet(app: &App) -> Result<bool, StoreError> {
    Ok(app.table.get(&counter_key()).await?.is_none())
}

fn counter_key() -> Key {
    Key::new("counter", "project")
}

/// Gives a new project its number: the next one, each once, whoever asks at the same time.
pub async fn next_number(app: &App) -> Result<ProjectId, SaveError> {
    let key = counter_key();
    for _ in 0..NUMBERING_TRIES {
        let last = app.table.get(&key).await?;
        let next = match &last {
            Some(stored) => row::<PointerRow>(stored)?.project.0 + 1,
            None => 1,
        };
        let condition = last.map_or(Condition::Absent, |stored| Condition::Version(stored.version));
        let row = PointerRow { project: ProjectId(next) };
        if let Write::Done(_) = app.table.put(item(key.clone(), &row, None), condition).await? {
            return Ok(ProjectId(next));
        }
    }
    Err(SaveError::Numbering)
}

/// Whether a project can be saved, as far as that can be told without looking at others.
pub fn check(project: &Project) -> Result<(), SaveError> {
    project.check()?;
    project.irker.iter().try_for_each(|irker| Ok(check_templates(&irker.lines)?))
}

/// Stores a project in place of what was there under its number. Repeating it is harmless, also after a crash in the
/// middle: the ways to the project are claimed first, and what is left over is removed last.
pub async fn save(app: &App, project: Project) -> Result<(), SaveError> {
    check(&project)?;
    channels::check(app, &project).await??;
    let (id, path, source) = (project.id, project.path.clone(), project.source.id.clone());
    let before = load(app, id).await?;
    if !claim(app, path_key(&path), id).await? {
        return Err(SaveError::PathTaken(path));
    }
    if !claim(app, source_key(&source), id).await? {
        return Err(SaveError::SourceTaken(source));
    }
    for command in &project.commands {
        if !claim(app, command_key(&command.id), id).await? {
            return Err(SaveError::CommandTaken(command.id.clone()));
        }
    }
    let joined = Channels::of(&project);
    let place = partition(id);
    let sealed = project
        .try_map(&mut |secret| app.sealer.seal(&secret, &place, &app.chance))
        .map_err(StoreError::from)?;
    let kept = rows::sort_keys(&sealed);
    app.table.batch_put(Rows::of(sealed).items(id)).await?;
    channels::remember(app, before.as_ref().and_then(Channels::of).as_ref(), joined.as_ref()).await?;
    if let Some(before) = before {
        remove_left_over(app, &before, &kept, (&path, &source)).await?;
    }
    app.projects.forget();
    Ok(())
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

/// Points a key to a project, unless it points to another one.
async fn claim(app: &App, key: Key, project: ProjectId) -> Result<bool, StoreError> {
    let write = app.table.put(item(key, &PointerRow { project }, None), Condition::Absent).await?;
    match write {
        Write::Done(_) => Ok(true),
        Write::Conflict(Some(stored)) => Ok(row::<PointerRow>(&stored)?.project == project),
        Write::Conflict(None) => Ok(false),
    }
}

async fn pointer(app: &App, key: &Key) -> Result<Option<ProjectId>, StoreError> {
    let stored = app.table.get(key).await?;
    stored.map(|stored| row::<PointerRow>(&stored).map(|row| row.project)).transpose()
}

impl ProjectCache {
    fn source(&self, id: &SourceId, now: Timestamp) -> Option<ProjectId> {
        fresh(self.lock().sources.get(id), now)
    }

    fn command(&self, id: &CommandId, now: Timestamp) -> Option<ProjectId> {
        fresh(self.lock().commands.get(id), now)
    }

    fn project(&self, id: ProjectId, now: Timestamp) -> Option<Arc<Project>> {
        fresh(self.lock().projects.get(&id), now)
    }

    fn keep_source(&self, id: SourceId, now: Timestamp, project: ProjectId) {
        keep(&mut self.lock().sources, id, (now, project));
    }

    fn keep_command(&self, id: CommandId, now: Timestamp, project: ProjectId) {
        keep(&mut self.lock().commands, id, (now, project));
    }

    fn keep_project(&self, id: ProjectId, now: Timestamp, project: Arc<Project>) {
        keep(&mut self.lock().projects, id, (now, project));
    }

    fn forget(&self) {
        *self.lock() = Cached::default();
    }

    /// A panic elsewhere cannot leave the maps half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh<T: Clone>(known: Option<&(Timestamp, T)>, now: Timestamp) -> Option<T> {
    known.filter(|(since, _)| now.since(*since) < CACHED_FOR).map(|(_, value)| value.clone())
}

fn keep<K: std::hash::Hash + Eq, V>(known: &mut HashMap<K, V>, key: K, value: V) {
    if known.len() >= CACHED_MAX {
        known.clear();
    }
    known.insert(key, value);
}
