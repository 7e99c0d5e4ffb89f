//! The list of all projects, and their numbers. The list is a partition of its own, so that nothing ever looks through
//! the whole table.
//!
//! Not here: what a project holds.

use config::{ProjectId, ProjectPath};
use serde::{Deserialize, Serialize};

use super::{SaveError, rows};
use crate::store::{item, row};
use crate::table::{BATCH_GET_MAX, Condition, Item, Key, Query, Write};
use crate::{App, StoreError};

/// How often a number is asked for while others ask as well.
const NUMBERING_TRIES: usize = 20;

/// The partition of the list.
const LIST: &str = "projects";

/// The highest number that was given to a project.
#[derive(Serialize, Deserialize)]
struct Counter {
    project: ProjectId,
    /// Whether all projects are in the list. Those of an older Bellhop are not.
    #[serde(default)]
    is_listed: bool,
}

/// A project in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its number.
    pub id: ProjectId,
    /// What people call it.
    pub path: ProjectPath,
}

/// A page of the list, by number. It may be short, even empty, and still have a next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The projects.
    pub projects: Vec<Listed>,
    /// Behind which number to go on; `None` at the end.
    pub next: Option<ProjectId>,
}

fn counter_key() -> Key {
    Key::new("counter", "project")
}

/// Padded, so that texts sort as numbers.
fn list_key(id: ProjectId) -> Key {
    Key::new(LIST, format!("{:010}", id.0))
}

/// A project's place in the list.
pub(super) fn listed(id: ProjectId, path: &ProjectPath) -> Item {
    item(list_key(id), &Listed { id, path: path.clone() }, None)
}

/// Takes a project out of the list.
pub(super) async fn unlist(app: &App, id: ProjectId) -> Result<(), StoreError> {
    app.table.delete(&list_key(id), Condition::Always).await?;
    Ok(())
}

/// A page of all projects: at most `limit`, behind a number.
pub async fn list(app: &App, after: Option<ProjectId>, limit: usize) -> Result<Listing, StoreError> {
    list_what_is_older(app).await?;
    let after = after.map(|id| list_key(id).sort);
    let page = app.table.query(&Query { limit, after, ..Query::prefix(LIST, "") }).await?;
    let projects = page.items.iter().map(row).collect::<Result<Vec<Listed>, _>>()?;
    let next = page.next.and_then(|sort| sort.parse().ok()).map(ProjectId);
    Ok(Listing { projects, next })
}

/// Puts the projects of an older Bellhop into the list, once.
async fn list_what_is_older(app: &App) -> Result<(), StoreError> {
    let Some(stored) = app.table.get(&counter_key()).await? else { return Ok(()) };
    let counter: Counter = row(&stored)?;
    if counter.is_listed {
        return Ok(());
    }
    let numbers: Vec<_> = (1..=counter.project.0).map(|number| rows::head_key(ProjectId(number))).collect();
    for portion in numbers.chunks(BATCH_GET_MAX) {
        let mut found = Vec::with_capacity(portion.len());
        for head in app.table.batch_get(portion).await? {
            let id = head.item.key.partition.rsplit('#').next().and_then(|number| number.parse().ok());
            found.extend(id.map(|id| rows::path(&head).map(|path| listed(ProjectId(id), &path))));
        }
        app.table.batch_put(found.into_iter().collect::<Result<_, _>>()?).await?;
    }
    let counter = Counter { is_listed: true, ..counter };
    // Whoever numbered a project meanwhile saves it into the list, and the next one to list looks once more.
    app.table.put(item(counter_key(), &counter, None), Condition::Version(stored.version)).await?;
    Ok(())
}

/// Whether no project was ever made.
pub async fn none_yet(app: &App) -> Result<bool, StoreError> {
    Ok(app.table.get(&counter_key()).await?.is_none())
}

/// Gives a new project its number: the next one, each once, whoever asks at the same time.
pub async fn next_number(app: &App) -> Result<ProjectId, SaveError> {
    let key = counter_key();
    for _ in 0..NUMBERING_TRIES {
        let last = app.table.get(&key).await?;
        let counter = match &last {
            Some(stored) => {
                let last: Counter = row(stored)?;
                Counter { project: ProjectId(last.project.0 + 1), ..last }
            }
            None => Counter { project: ProjectId(1), is_listed: true },
        };
        let condition = last.map_or(Condition::Absent, |stored| Condition::Version(stored.version));
        if let Write::Done(_) = app.table.put(item(key.clone(), &counter, None), condition).await? {
            return Ok(counter.project);
        }
    }
    Err(SaveError::Numbering)
}
