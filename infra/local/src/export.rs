//! `bellhop export`: the whole configuration as a file that `bellhop apply` reads back to the same one.
//!
//! Not here: the file's shape (`file`).

use std::convert::Infallible;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use app::projects;
use config::{Project, ProjectPath};
use payload::Secret;
use serde::Serialize;

use crate::file::{ProjectEntry, Syntax, Written, sparse};
use crate::{AnyStore, aim, progress};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// Only these projects. Otherwise all.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    projects: Vec<ProjectPath>,
    /// How it is spelled.
    #[arg(long, value_name = "toml|yaml", default_value = "toml")]
    format: Syntax,
    /// Write secrets in clear. Without this each is `keep`: applied to the same store, it stays as it is.
    #[arg(long)]
    with_secrets: bool,
}

/// The file in an order that people like to read, without what is as by default.
#[derive(Serialize)]
struct Exported {
    project: Vec<toml::Table>,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let listed = crate::apply::all(&app).await?;
    if let Some(unknown) =
        options.projects.iter().find(|path| listed.iter().all(|known| known.path != **path))
    {
        bail!("there is no project {unknown}");
    }
    let is_wanted = |path: &ProjectPath| options.projects.is_empty() || options.projects.contains(path);
    let wanted: Vec<_> = listed.into_iter().filter(|known| is_wanted(&known.path)).collect();
    let bar = progress::bar("projects read", wanted.len());
    let mut exported = Exported { project: Vec::with_capacity(wanted.len()) };
    for known in wanted {
        if let Some(project) = projects::load(&app, known.id).await? {
            exported.project.push(sparse(&entry(project, options.with_secrets)));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if options.with_secrets {
        writeln!(
            std::io::stderr(),
            "warning: this holds every secret in clear: whoever reads it can post as your forges and to your targets"
        )?;
    }
    write!(std::io::stdout(), "{}", options.format.write(&exported)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The entry that a project is read from again.
pub(crate) fn entry(project: Project, with_secrets: bool) -> ProjectEntry {
    let mut written = |secret: Secret| {
        let written = if with_secrets { Written::Literal(secret) } else { Written::Stored(None) };
        Ok::<_, Infallible>(written)
    };
    match project.try_map(&mut written) {
        Ok(written) => ProjectEntry::of(written),
        Err(never) => match never {},
    }
}
