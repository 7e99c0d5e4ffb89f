//! What applying a file would do, before anything is done.
//!
//! Not here: doing it (`apply`), the differences within a project (`changes`).

use anyhow::{Context, Result, bail};
use app::App;
use app::projects::{self, Listed, Revision};
use config::{Project, ProjectId, ProjectPath, SourceId};

use super::changes::changes;
use crate::file::{File, ProjectEntry};
use crate::house::random_text;

/// How many projects are listed in one go.
const PAGE: usize = 100;

/// What is to become of one project.
pub(super) struct Step {
    pub(super) path: ProjectPath,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// It is new.
    Create(Project),
    /// These fields change. Only if nobody has saved it since.
    Update { project: Project, revision: Revision, changes: Vec<String> },
    /// It is as the file says.
    Leave,
    /// The file does not have it. Only if nobody has saved it since.
    Remove { id: ProjectId, revision: Revision },
}

/// Checks every entry before anything is stored, so that a mistake in the last one does not leave half a file applied.
pub(super) async fn plan(app: &App, file: File, prune: bool) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::with_capacity(file.projects.len());
    for entry in file.projects {
        let path = entry.path.clone();
        if steps.iter().any(|step| step.path == path) {
            bail!("project {path}: it stands there twice");
        }
        let action = action(app, entry).await.with_context(|| format!("project {path}"))?;
        steps.push(Step { path, action });
    }
    if prune {
        for Listed { id, path } in all(app).await? {
            if steps.iter().all(|step| step.path != path)
                && let Some(saved) = projects::find(app, id).await?
            {
                steps.push(Step { path, action: Action::Remove { id, revision: saved.revision } });
            }
        }
    }
    Ok(steps)
}

async fn action(app: &App, entry: ProjectEntry) -> Result<Action> {
    let saved = match projects::number_of(app, &entry.path).await? {
        Some(number) => projects::find(app, number).await?,
        None => None,
    };
    let new_source: SourceId = random_text::<12>(&app.chance).parse()?;
    let Some(saved) = saved else {
        let project = entry.project(ProjectId(0), None, new_source)?;
        projects::check(&project)?;
        return Ok(Action::Create(project));
    };
    let project = entry.project(saved.project.id, Some(&saved.project), new_source)?;
    projects::check(&project)?;
    if project == saved.project {
        return Ok(Action::Leave);
    }
    let changes = changes(&saved.project, &project);
    Ok(Action::Update { project, revision: saved.revision, changes })
}

/// Every project there is, by number.
pub(crate) async fn all(app: &App) -> Result<Vec<Listed>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = projects::list(app, after, PAGE).await?;
        found.extend(page.projects);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}
