//! `bellhop apply`: a file's projects into the store, and a line for each that says what changes.
//!
//! Everything is read, looked up and checked before anything is stored. A project that somebody else saves meanwhile is
//! left alone, and this is said: applying again looks at it anew.
//!
//! Not here: the file's shape (`file`), finding its secrets (`references`).

mod changes;
mod plan;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use app::App;
use app::projects::{self, Expected};
use config::{HttpHook, Project};
use serde::Serialize;

use self::plan::{Action, Step};
use crate::file::{File, Syntax};
use crate::{AnyStore, progress, references};

pub(crate) use self::plan::all;

/// The largest file, in bytes: ten thousand projects.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that somebody gives, or does not give")]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The file, TOML or YAML, or - for standard input; `infra/local/example.toml` shows all there is.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is spelled. Otherwise its name says so.
    #[arg(long, value_name = "toml|yaml")]
    format: Option<Syntax>,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    /// Take away the projects that the file does not have. What is queued for them comes to nothing.
    #[arg(long)]
    prune: bool,
    /// Take away all projects if the file has none.
    #[arg(long, requires = "prune")]
    yes: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let shown = options.file.display().to_string();
    let mut file = read(&options.file, options.format).with_context(|| shown.clone())?;
    if options.prune && file.projects.is_empty() && !options.yes && !options.dry_run {
        bail!("{shown}: it has no project, and --prune would take all away: if that is meant, say --yes");
    }
    let folder = options.file.parent().unwrap_or_else(|| Path::new("."));
    references::resolve(&mut file, folder).await.with_context(|| shown.clone())?;
    let app = options.store.open().await?;
    let steps = plan::plan(&app, file, options.prune).await.with_context(|| shown)?;
    let count = steps.len();
    let bar = progress::bar("projects", if options.dry_run { 0 } else { count });
    let mut tally = Tally::default();
    // What is taken away makes room for what comes: the id of a source, a channel.
    let (removed, kept): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|step| matches!(step.action, Action::Remove { .. }));
    for step in removed.into_iter().chain(kept) {
        for warning in step.project().map(warnings).unwrap_or_default() {
            bar.suspend(|| writeln!(std::io::stderr(), "{}: {warning}", step.path))?;
        }
        tally.count(&step);
        let told = told(&step, options.dry_run);
        if !options.dry_run {
            let path = step.path.clone();
            carry_out(&app, step).await.with_context(|| format!("project {path}"))?;
        }
        let line = if options.json { serde_json::to_string(&told)? } else { told.in_words() };
        bar.suspend(|| writeln!(std::io::stdout(), "{line}"))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if !options.json {
        writeln!(std::io::stdout(), "{}", tally.in_words(options.dry_run))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, format: Option<Syntax>) -> Result<File> {
    let is_standard_input = path == Path::new("-");
    let mut text = String::new();
    let syntax = match format {
        Some(syntax) => syntax,
        None => Syntax::of(path)?,
    };
    if is_standard_input {
        std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path).context("cannot read it")?;
        file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).context("cannot read it")?;
    }
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("a file has at most {FILE_BYTES_MAX} bytes");
    }
    Ok(syntax.read(&text)?)
}

impl Step {
    /// What is going to be stored.
    fn project(&self) -> Option<&Project> {
        match &self.action {
            Action::Create(project) | Action::Update { project, .. } => Some(project),
            Action::Leave | Action::Remove { .. } => None,
        }
    }
}

async fn carry_out(app: &App, step: Step) -> Result<()> {
    match step.action {
        Action::Create(project) => projects::create(app, project).await.map(drop)?,
        Action::Update { project, revision, .. } => {
            projects::save(app, project, Expected::Revision(revision)).await.map(drop)?;
        }
        Action::Remove { id, revision } => {
            projects::delete(app, id, Expected::Revision(revision)).await.map(drop)?;
        }
        Action::Leave => {}
    }
    Ok(())
}

/// What is allowed, and should not be forgotten.
fn warnings(project: &Project) -> Vec<String> {
    let unverified = project.hooks.iter().filter(|hook| !hook.enable_ssl_verification);
    let warning = |hook: &HttpHook| {
        let (id, name) = (hook.id, &hook.name);
        format!(
            "warning: hook {id} '{name}' takes any certificate (enable_ssl_verification = false): whoever is on the way can read along, secrets included"
        )
    };
    unverified.map(warning).collect()
}

/// What a script or a person is told of a project.
#[derive(Serialize)]
struct Told {
    path: String,
    /// `created`, `updated`, `unchanged`, `removed`.
    action: &'static str,
    /// Whether it was only looked at.
    dry_run: bool,
    /// Where its webhooks come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    changes: Vec<String>,
}

fn told(step: &Step, dry_run: bool) -> Told {
    let (action, changes) = match &step.action {
        Action::Create(project) => ("created", spoken_to(project)),
        Action::Update { changes, .. } => ("updated", changes.clone()),
        Action::Leave => ("unchanged", Vec::new()),
        Action::Remove { .. } => ("removed", Vec::new()),
    };
    let source = step.project().map(|project| project.source.id.to_string());
    Told { path: step.path.to_string(), action, dry_run, source, changes }
}

impl Told {
    fn in_words(&self) -> String {
        let Self { path, action, .. } = self;
        let would = if self.dry_run && *action != "unchanged" { "would be " } else { "" };
        let way = self.source.iter().map(|source| format!("; its webhooks come in at /hooks/{source}"));
        let changes = self.changes.iter().map(|change| format!("\n  {change}"));
        let rest: String = way.chain(changes).collect();
        format!("{path}: {would}{action}{rest}")
    }
}

/// The recipients as they were understood, which need not be as they were written: `#chan?key=k` becomes `chan?key=k`,
/// since irkerd would take the key for a part of the name and show it to everybody.
fn spoken_to(project: &Project) -> Vec<String> {
    let recipients = project.irker.iter().flat_map(|irker| &irker.recipients);
    recipients.map(|recipient| format!("its lines go to {recipient}")).collect()
}

/// How many of each.
#[derive(Default)]
struct Tally {
    created: usize,
    updated: usize,
    unchanged: usize,
    removed: usize,
}

impl Tally {
    fn count(&mut self, step: &Step) {
        match step.action {
            Action::Create(_) => self.created += 1,
            Action::Update { .. } => self.updated += 1,
            Action::Leave => self.unchanged += 1,
            Action::Remove { .. } => self.removed += 1,
        }
    }

    fn in_words(&self, dry_run: bool) -> String {
        let Self { created, updated, unchanged, removed } = self;
        if created + updated + removed == 0 {
            return "Nothing changes: the store is as the file says.".to_owned();
        }
        let counts =
            format!("{created} created, {updated} updated, {unchanged} unchanged, {removed} removed");
        if dry_run { format!("Nothing was done. It would be: {counts}.") } else { format!("{counts}.") }
    }
}

#[cfg(test)]
mod tests {
    use config::ProjectId;

    use super::*;

    fn project(text: &str) -> Project {
        let entry = Syntax::Toml.read(text).unwrap().projects.remove(0);
        entry.project(ProjectId(1), None, "x".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_hook_that_takes_any_certificate_is_warned_of() {
        let project = project(
            "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"s\"]\n\
             [[project.hook]]\nname = \"ci\"\nurl = \"https://h/s3cret\"\nenable_ssl_verification = false\n\
             [[project.hook]]\nname = \"chat\"\nurl = \"https://h/\"\n",
        );
        insta::assert_snapshot!(warnings(&project).join("\n"), @"warning: hook 1 'ci' takes any certificate (enable_ssl_verification = false): whoever is on the way can read along, secrets included");
    }

    #[test]
    fn recipients_are_told_as_they_were_understood() {
        let project = project(
            "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"s\"]\n[project.irker]\n\
             default_irc_uri = \"irc://h\"\nrecipients = \"#chan?key=hunter2 nick,isnick\"\n",
        );
        let step = Step { path: project.path.clone(), action: Action::Create(project) };
        insta::assert_snapshot!(told(&step, true).in_words(), @r"
        a/b: would be created; its webhooks come in at /hooks/x
          its lines go to irc://h:6667/chan?key=***
          its lines go to irc://h:6667/nick,isnick
        ");
    }
}
