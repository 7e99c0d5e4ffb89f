//! `bellhop apply`: a file's projects into the store.
//!
//! Not here: the file's shape (`file`), taking projects away.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use app::App;
use app::projects::{self, Expected};
use config::{HttpHook, Project, ProjectId, SourceId};

use crate::AnyStore;
use crate::file::{File, ProjectEntry};
use crate::house::random_text;

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The file; `infra/local/example.toml` shows all there is.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let shown = options.file.display();
    let text = std::fs::read_to_string(&options.file).with_context(|| format!("cannot read {shown}"))?;
    // TOML's errors quote the line, which may hold a secret: say where, and not what stands there.
    let file: File =
        toml::from_str(&text).map_err(|error| anyhow!("{shown}: {}", without_quote(&error, &text)))?;
    let app = options.store.open().await?;
    let mut ready = Vec::new();
    for entry in file.projects {
        ready.push(prepare(&app, entry).await.with_context(|| shown.to_string())?);
    }
    for (project, expected) in ready {
        for warning in warnings(&project) {
            writeln!(std::io::stderr(), "{warning}")?;
        }
        let line = store(&app, project, expected).await?;
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks an entry before anything is stored, so that a mistake in the last one does not leave half a file applied.
async fn prepare(app: &App, entry: ProjectEntry) -> Result<(Project, Expected)> {
    let path = entry.path.clone();
    let saved = match projects::number_of(app, &path).await? {
        Some(number) => projects::find(app, number).await?,
        None => None,
    };
    let expected = saved.as_ref().map_or(Expected::New, |saved| Expected::Revision(saved.revision));
    let stored = saved.map(|saved| saved.project);
    let new_source: SourceId = random_text::<12>(&app.chance).parse()?;
    let id = stored.as_ref().map_or(ProjectId(0), |project| project.id);
    let project =
        entry.project(id, stored.as_ref(), new_source).with_context(|| format!("project {path}"))?;
    projects::check(&project).with_context(|| format!("project {path}"))?;
    Ok((project, expected))
}

/// What is allowed, and should not be forgotten.
fn warnings(project: &Project) -> Vec<String> {
    let unverified = project.hooks.iter().filter(|hook| !hook.enable_ssl_verification);
    let warning = |hook: &HttpHook| {
        let (path, id, name) = (&project.path, hook.id, &hook.name);
        format!(
            "{path}: warning: hook {id} '{name}' takes any certificate (enable_ssl_verification = false): whoever is on the way can read along, secrets included"
        )
    };
    unverified.map(warning).collect()
}

/// Says what was done.
async fn store(app: &App, project: Project, expected: Expected) -> Result<String> {
    let (path, source, spoken_to) = (project.path.clone(), project.source.id.clone(), spoken_to(&project));
    let (verb, saved) = match expected {
        Expected::New => ("created", projects::create(app, project).await.map(drop)),
        _ => ("updated", projects::save(app, project, expected).await.map(drop)),
    };
    saved.with_context(|| format!("project {path}"))?;
    Ok(format!("{path}: {verb}; its webhooks come in at /hooks/{source}{spoken_to}"))
}

/// The recipients as they were understood, which need not be as they were written: `#chan?key=k` becomes `chan?key=k`,
/// since irkerd would take the key for a part of the name and show it to everybody.
fn spoken_to(project: &Project) -> String {
    let recipients = project.irker.iter().flat_map(|irker| &irker.recipients);
    recipients.map(|recipient| format!("\n  its lines go to {recipient}")).collect::<Vec<_>>().concat()
}

/// What is wrong, and in which line. The parser quotes a value of the wrong type, which may be a secret: all that is
/// repeated is what belongs in its place.
fn without_quote(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let what = error.message();
    match what.rsplit_once(", expected ") {
        Some((quote, wanted)) if quote.starts_with("invalid ") => {
            format!("line {line}: invalid value, expected {wanted}")
        }
        _ => format!("line {line}: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let error = toml::from_str::<File>(text).err().unwrap();
        without_quote(&error, text)
    }

    #[test]
    fn a_hook_that_takes_any_certificate_is_warned_of() {
        let text = "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"s\"]\n\
             [[project.hook]]\nname = \"ci\"\nurl = \"https://h/s3cret\"\nenable_ssl_verification = false\n\
             [[project.hook]]\nname = \"chat\"\nurl = \"https://h/\"\n";
        let entry = toml::from_str::<File>(text).unwrap().projects.remove(0);
        let project = entry.project(ProjectId(1), None, "x".parse().unwrap()).unwrap();
        insta::assert_snapshot!(warnings(&project).join("\n"), @"a/b: warning: hook 1 'ci' takes any certificate (enable_ssl_verification = false): whoever is on the way can read along, secrets included");
    }

    #[test]
    fn recipients_are_told_as_they_were_understood() {
        let text = "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"s\"]\n[project.irker]\n\
             default_irc_uri = \"irc://h\"\nrecipients = \"#chan?key=hunter2 nick,isnick\"\n";
        let entry = toml::from_str::<File>(text).unwrap().projects.remove(0);
        let project = entry.project(ProjectId(1), None, "x".parse().unwrap()).unwrap();
        insta::assert_snapshot!(spoken_to(&project), @r"

          its lines go to irc://h:6667/chan?key=***
          its lines go to irc://h:6667/nick,isnick
        ");
    }

    #[test]
    fn a_mistake_in_the_file_is_told_without_quoting_a_secret() {
        const START: &str = "[[project]]\npath = \"a/b\"\n[project.source]\n";
        insta::assert_snapshot!(check(&format!("{START}secrets = \"hunter2\"")), @"line 4: invalid value, expected a sequence");
        insta::assert_snapshot!(check(&format!("{START}secrets = [\"hun\\\"ter2\", 7]")), @"line 4: invalid value, expected a string");
        insta::assert_snapshot!(check(&format!("{START}secrets = [\"hunter2]")), @"line 4: unclosed array, expected `]`");
        insta::assert_snapshot!(check(&format!("{START}secrets = []\nallow_unsigned = \"a\\\"b\"")), @"line 5: invalid value, expected a boolean");
    }
}
