//! `bellhop resend`: one event again.
//!
//! Not here: many of them (`replay`). The server that runs beside this does the sending.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use app::ids::EventId;
use app::{events, resend};

use crate::AnyStore;
use crate::aim::{self, Aim};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The event's id, as `bellhop log` and the answer to the webhook show it.
    #[arg(value_name = "EVENT")]
    event: EventId,
    /// Only to this target: `irker`, or a hook's number. Otherwise to all that it was for.
    #[arg(long, alias = "hook", value_name = "irker|N", value_parser = aim::aim)]
    target: Option<Aim>,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let (app, queue) = options.store.open_with_queue().await?;
    let (queue, event) = (queue?, &options.event);
    let targets = match options.target {
        Some(aim) => {
            let accepted = events::accepted(&app, event).await?;
            let target = aim.of(accepted.context(resend::ResendError::UnknownEvent)?.project);
            resend::resend(&app, &*queue, event, target).await?;
            vec![target]
        }
        None => resend::resend_to_all(&app, &*queue, event).await?,
    };
    let mut out = std::io::stdout().lock();
    for target in targets {
        writeln!(out, "{}: queued again", event.delivery_id(target))?;
    }
    Ok(ExitCode::SUCCESS)
}
