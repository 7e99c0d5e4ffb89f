//! `bellhop reseal`: seals the secrets of all projects anew, with the newest of the sealing keys, so that the older ones can
//! be taken away.
//!
//! Not here: what else is sealed, and gone by itself within days: sessions of the page, and where a chat waits for its
//! answer.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use app::projects::{self, Expected};

use crate::{AnyStore, apply};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let listed = apply::all(&app).await?;
    let mut sealed = 0;
    for known in &listed {
        // Whoever saves one meanwhile has sealed it anew.
        let Some(saved) = projects::find(&app, known.id).await? else { continue };
        let saving = projects::save(&app, saved.project, Expected::Revision(saved.revision)).await;
        saving.with_context(|| format!("{} is not sealed anew, and those behind it neither", known.path))?;
        sealed += 1;
    }
    writeln!(std::io::stdout(), "Sealed anew: the secrets of {sealed} projects.")?;
    Ok(ExitCode::SUCCESS)
}
