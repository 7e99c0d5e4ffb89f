//! `bellhop targets` and `bellhop enable`: how targets fare, and the way back for one that was switched off.
//!
//! Not here: the rule (`relay::breaker`), where a target is (its URL may hold a secret).

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use app::App;
use app::clock::Timestamp;
use app::parking::{self, Parked};
use app::targets;
use config::{HookId, Project, ProjectPath, TargetId};
use relay::breaker::{DisabledReason, Health, TargetState};

use crate::{AnyStore, aim, shown};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The project's path.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: ProjectPath,
}

#[derive(clap::Args)]
pub(crate) struct EnableOptions {
    #[command(flatten)]
    store: AnyStore,
    /// The project's path.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: ProjectPath,
    /// The hook's number, as `bellhop targets` shows it.
    #[arg(value_name = "HOOK", value_parser = hook_number)]
    hook: HookId,
}

pub(crate) fn hook_number(text: &str) -> Result<HookId, std::num::ParseIntError> {
    text.parse().map(HookId)
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let project = aim::project(&app, &options.project).await?;
    let mut out = std::io::stdout().lock();
    for target in aim::targets(&project, None) {
        let health = targets::health(&app, target).await?;
        let parked = parked(&app, target).await?;
        writeln!(out, "{}: {}, {parked} parked", name(&project, target), in_words(&health))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn parked(app: &App, target: TargetId) -> Result<usize> {
    Ok(parking::parked(app, Parked { target, since: Timestamp(0), limit: usize::MAX }).await?.len())
}

fn name(project: &Project, target: TargetId) -> String {
    let TargetId::Hook(_, number) = target else { return "irker".to_owned() };
    let hook = project.hooks.iter().find(|hook| hook.id == number).filter(|hook| !hook.name.is_empty());
    hook.map_or_else(
        || format!("hook {number}"),
        |hook| format!("hook {number} ({})", shown::plain(&hook.name, false)),
    )
}

/// With GitLab's words for the state.
fn in_words(health: &Health) -> String {
    let failures = match health.failures {
        0 => String::new(),
        1 => ", 1 failure".to_owned(),
        count => format!(", {count} failures in a row"),
    };
    match health.state {
        TargetState::Executable => format!("executable{failures}"),
        TargetState::TemporarilyDisabled { disabled_until, .. } => {
            format!("temporarily_disabled until {}{failures}", shown::moment(Timestamp(disabled_until)))
        }
        TargetState::Disabled { reason: DisabledReason::Failures } => format!("disabled{failures}"),
        TargetState::Disabled { reason: DisabledReason::Gone } => {
            "disabled, since it answered that it is gone (410)".to_owned()
        }
    }
}

pub(crate) async fn enable(options: EnableOptions) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let (path, number) = (&options.project, options.hook);
    let project = aim::project(&app, path).await?;
    if !project.hooks.iter().any(|hook| hook.id == number) {
        bail!("{path} has no hook {number}; `bellhop targets {path}` shows all");
    }
    let target = TargetId::Hook(project.id, number);
    targets::enable(&app, target).await?;
    let parked = parked(&app, target).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: executable", name(&project, target))?;
    if parked > 0 {
        writeln!(
            out,
            "{parked} parked; they come back with: bellhop replay {path} --target {number} --state parked --since 14d"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_told_in_gitlabs_words() {
        let check = |state, failures| in_words(&Health { state, failures, since: 0 });
        let rests =
            TargetState::TemporarilyDisabled { disabled_until: 1_700_000_000_000, probed_until: None };
        insta::assert_snapshot!(check(TargetState::Executable, 0), @"executable");
        insta::assert_snapshot!(check(TargetState::Executable, 1), @"executable, 1 failure");
        insta::assert_snapshot!(check(rests, 4), @"temporarily_disabled until 2023-11-14 22:13:20Z, 4 failures in a row");
        let off = |reason| check(TargetState::Disabled { reason }, 40);
        insta::assert_snapshot!(off(DisabledReason::Failures), @"disabled, 40 failures in a row");
        insta::assert_snapshot!(off(DisabledReason::Gone), @"disabled, since it answered that it is gone (410)");
    }
}
