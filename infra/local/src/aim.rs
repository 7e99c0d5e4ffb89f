//! How commands name what they are about: a project by its path, a target by its number, a moment.
//!
//! Not here: what is done with it.

use anyhow::{Context, Result, anyhow, bail};
use app::clock::Timestamp;
use app::{App, projects};
use config::{HookId, Project, ProjectPath, TargetId};
use jiff::{Span, SpanRelativeTo};

/// Reads a project's path.
pub(crate) fn path(text: &str) -> Result<ProjectPath, <ProjectPath as TryFrom<String>>::Error> {
    text.to_owned().try_into()
}

/// The project with this path.
pub(crate) async fn project(app: &App, path: &ProjectPath) -> Result<Project> {
    let number = projects::number_of(app, path).await?;
    let found = match number {
        Some(number) => projects::load(app, number).await?,
        None => None,
    };
    found.with_context(|| format!("there is no project {path}; `bellhop apply` makes them"))
}

/// One of a project's targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    Irker,
    Hook(HookId),
}

/// Reads `irker`, or a hook's number.
pub(crate) fn aim(text: &str) -> Result<Aim> {
    match text {
        "irker" => Ok(Aim::Irker),
        _ => Ok(Aim::Hook(HookId(
            text.parse()
                .map_err(|_| anyhow!("it is 'irker', or a hook's number as `bellhop targets` shows it"))?,
        ))),
    }
}

impl Aim {
    pub(crate) fn of(self, project: config::ProjectId) -> TargetId {
        match self {
            Self::Irker => TargetId::Irker(project),
            Self::Hook(hook) => TargetId::Hook(project, hook),
        }
    }
}

/// A project's targets, irker first; or the one that is asked for, whether or not it is still configured.
pub(crate) fn targets(project: &Project, aim: Option<Aim>) -> Vec<TargetId> {
    if let Some(aim) = aim {
        return vec![aim.of(project.id)];
    }
    let irker = project.irker.iter().map(|_| TargetId::Irker(project.id));
    irker.chain(project.hooks.iter().map(|hook| TargetId::Hook(project.id, hook.id))).collect()
}

/// Reads `90m`, `2h`, `3d`: so long before now; or a time such as `2026-01-02T03:04Z`.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(time.as_millisecond()));
    }
    let span = text.parse::<Span>().map_err(|_| {
        anyhow!(
            "'{text}' is no time: write 90m, 2h or 3d for so long ago, or a time such as 2026-01-02T03:04Z"
        )
    })?;
    let ago = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let Ok(ago) = ago.map(|ago| ago.as_millis()) else {
        bail!("'{text}' has no length: months and years differ");
    };
    Ok(Timestamp(now.0.saturating_sub(i64::try_from(ago.abs()).unwrap_or(i64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn a_time_is_one_of_the_clock_or_so_long_ago() {
        let ago = |text| (NOW.0 - moment(text, NOW).unwrap().0) / 1_000;
        assert_eq!([ago("90m"), ago("2h"), ago("3d"), ago("1h 30m")], [5_400, 7_200, 3 * 86_400, 5_400]);
        assert_eq!(moment("2023-11-14T22:13:20Z", NOW).unwrap(), NOW);
        assert_eq!(moment("2023-11-14T23:13:20+01:00", NOW).unwrap(), NOW);
        for wrong in ["", "yesterday", "2 moons", "1 month", "2023-11-14"] {
            assert!(moment(wrong, NOW).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_is_irker_or_a_number() {
        assert_eq!((aim("irker").unwrap(), aim("2").unwrap()), (Aim::Irker, Aim::Hook(HookId(2))));
        assert!(aim("build server").is_err());
    }
}
