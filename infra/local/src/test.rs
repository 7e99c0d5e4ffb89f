//! `bellhop test`: whether a project's targets can be reached, and what they say.
//!
//! Not here: the two kinds of test (`test_irker`, `test_hook`).

use std::process::ExitCode;

use anyhow::Result;
use config::{HookId, ProjectPath, Switch};

use crate::targets::hook_number;
use crate::{AnyStore, Egress, aim, test_hook, test_irker};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    #[command(flatten)]
    egress: Egress,
    /// The project's path, as `bellhop apply` shows it.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: ProjectPath,
    /// Post a sample to this hook, now and from here; its number is as `bellhop targets` shows it. Without it, one
    /// harmless line goes to every recipient on IRC, through the running server.
    #[arg(long, value_name = "N", value_parser = hook_number)]
    hook: Option<HookId>,
    /// What kind of event, by the name of its switch.
    #[arg(long, value_name = "KIND", default_value = "push_events", value_parser = test_hook::switch, requires = "hook")]
    event: Switch,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let Some(hook) = options.hook else {
        let (app, queue) = options.store.open_with_queue().await?;
        return test_irker::run(&app, &*queue?, &options.project).await;
    };
    let app = options.store.open().await?;
    let policy = options.egress.policy()?;
    test_hook::run(&app, policy, &options.project, (hook, options.event)).await
}
