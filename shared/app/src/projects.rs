//! The repository of projects. A whole configuration is one partition, `project#{id}`, so that one query loads it;
//! beside it stand the ways to it, `source#{id}` and `path#{path}`.
//!
//! Not here: which values are valid (`config`), the file that people write (`infra/local`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{HookId, HttpHook, Irker, Project, ProjectError, ProjectId, ProjectPath, Source, SourceId};
use relay::irker::{TemplateError, check_templates};
use serde::{Deserialize, Serialize};

use crate::channels::{self, Channels, ChannelsError};
use crate::clock::Timestamp;
use crate::seal::Sealed;
use crate::store::{item, row};
use crate::table::{Condition, Key, Query, Stored, Write};
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
struct ProjectRow {
    path: ProjectPath,
    last_hook: HookId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
}

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
    let joined = Channels::of(&project);
    let place = partition(id);
    let sealed = project
        .try_map(&mut |secret| app.sealer.seal(&secret, &place, &app.chance))
        .map_err(StoreError::from)?;
    let rows = Rows::of(sealed);
    let kept = rows.sort_keys();
    app.table.batch_put(rows.items(id)).await?;
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
    let hooks = before.hooks.iter().map(|hook| hook_sort_key(hook.id));
    let irker = before.irker.iter().map(|_| IRKER.to_owned());
    for sort in hooks.chain(irker).filter(|sort| !kept.contains(sort)) {
        app.table.delete(&Key::new(partition(before.id), sort), Condition::Always).await?;
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

const PROJECT: &str = "project";
const SOURCE: &str = "source";
const IRKER: &str = "irker";
const HOOK: &str = "hook#";

/// Padded, so that hooks are read in the order of their numbers.
fn hook_sort_key(id: HookId) -> String {
    format!("{HOOK}{:010}", id.0)
}

/// A project's partition, taken apart or not yet put together.
#[derive(Default)]
struct Rows {
    project: Option<ProjectRow>,
    source: Option<Source<Sealed>>,
    irker: Option<Irker<Sealed>>,
    hooks: Vec<HttpHook<Sealed>>,
}

impl Rows {
    fn of(project: Project<Sealed>) -> Self {
        Self {
            project: Some(ProjectRow {
                path: project.path,
                last_hook: project.last_hook,
                rate_limit: project.rate_limit,
            }),
            source: Some(project.source),
            irker: project.irker,
            hooks: project.hooks,
        }
    }

    fn add(&mut self, stored: &Stored) -> Result<(), StoreError> {
        match stored.item.key.sort.as_str() {
            PROJECT => self.project = Some(row(stored)?),
            SOURCE => self.source = Some(row(stored)?),
            IRKER => self.irker = Some(row(stored)?),
            sort if sort.starts_with(HOOK) => self.hooks.push(row(stored)?),
            // Rows of a later Bellhop are none of ours.
            _ => {}
        }
        Ok(())
    }

    /// `None` until the two rows that every project has are there.
    fn project(self, id: ProjectId) -> Option<Project<Sealed>> {
        let (project, source) = (self.project?, self.source?);
        let ProjectRow { path, last_hook, rate_limit } = project;
        Some(Project { id, path, source, irker: self.irker, hooks: self.hooks, last_hook, rate_limit })
    }

    fn sort_keys(&self) -> Vec<String> {
        let hooks = self.hooks.iter().map(|hook| hook_sort_key(hook.id));
        hooks.chain(self.irker.iter().map(|_| IRKER.to_owned())).collect()
    }

    fn items(self, id: ProjectId) -> Vec<crate::table::Item> {
        let key = |sort: &str| Key::new(partition(id), sort);
        let mut items: Vec<_> =
            self.hooks.iter().map(|hook| item(key(&hook_sort_key(hook.id)), hook, None)).collect();
        items.extend(self.irker.iter().map(|irker| item(key(IRKER), irker, None)));
        items.extend(self.source.iter().map(|source| item(key(SOURCE), source, None)));
        items.extend(self.project.iter().map(|project| item(key(PROJECT), project, None)));
        items
    }
}

impl ProjectCache {
    fn source(&self, id: &SourceId, now: Timestamp) -> Option<ProjectId> {
        fresh(self.lock().sources.get(id), now)
    }

    fn project(&self, id: ProjectId, now: Timestamp) -> Option<Arc<Project>> {
        fresh(self.lock().projects.get(&id), now)
    }

    fn keep_source(&self, id: SourceId, now: Timestamp, project: ProjectId) {
        keep(&mut self.lock().sources, id, (now, project));
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
