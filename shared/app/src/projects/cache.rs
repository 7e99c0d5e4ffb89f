//! The projects that were loaded lately, by number and by the ways to them.
//!
//! Not here: loading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{CommandId, Project, ProjectId, SourceId};

use crate::clock::Timestamp;

/// How long a loaded project is used without looking again. A changed configuration is heard of within this time.
pub(super) const CACHED_FOR: Duration = Duration::from_secs(5);

/// How many projects are held in memory; beyond, the cache starts anew. A thousand take a few megabytes.
const CACHED_MAX: usize = 1_000;

#[derive(Default)]
pub(crate) struct ProjectCache(Mutex<Cached>);

#[derive(Default)]
struct Cached {
    projects: HashMap<ProjectId, (Timestamp, Arc<Project>)>,
    sources: HashMap<SourceId, (Timestamp, ProjectId)>,
    commands: HashMap<CommandId, (Timestamp, ProjectId)>,
}

impl ProjectCache {
    pub(super) fn source(&self, id: &SourceId, now: Timestamp) -> Option<ProjectId> {
        fresh(self.lock().sources.get(id), now)
    }

    pub(super) fn command(&self, id: &CommandId, now: Timestamp) -> Option<ProjectId> {
        fresh(self.lock().commands.get(id), now)
    }

    pub(super) fn project(&self, id: ProjectId, now: Timestamp) -> Option<Arc<Project>> {
        fresh(self.lock().projects.get(&id), now)
    }

    pub(super) fn keep_source(&self, id: SourceId, now: Timestamp, project: ProjectId) {
        keep(&mut self.lock().sources, id, (now, project));
    }

    pub(super) fn keep_command(&self, id: CommandId, now: Timestamp, project: ProjectId) {
        keep(&mut self.lock().commands, id, (now, project));
    }

    pub(super) fn keep_project(&self, id: ProjectId, now: Timestamp, project: Arc<Project>) {
        keep(&mut self.lock().projects, id, (now, project));
    }

    pub(super) fn forget(&self) {
        *self.lock() = Cached::default();
    }

    /// A panic elsewhere cannot leave the maps half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Cached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh<T: Clone>(known: Option<&(Timestamp, T)>, now: Timestamp) -> Option<T> {
    known.filter(|(since, _)| now.is_within(CACHED_FOR, *since)).map(|(_, value)| value.clone())
}

fn keep<K: std::hash::Hash + Eq, V>(known: &mut HashMap<K, V>, key: K, value: V) {
    if known.len() >= CACHED_MAX {
        known.clear();
    }
    known.insert(key, value);
}
