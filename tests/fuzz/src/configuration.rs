//! The file that people write: read or refused, and what is read is written and read again as the same.

#[path = "../../../infra/local/src/file/mod.rs"]
#[expect(dead_code, reason = "the program's own module, of which only reading and writing are tried here")]
#[expect(unused_imports, reason = "the same")]
mod file;

use config::{Project, ProjectId, SourceId};
use file::{ProjectEntry, Syntax, Written};
use payload::Secret;
use serde::Serialize;

#[derive(Serialize)]
struct Exported {
    project: Vec<toml::Table>,
}

/// An input is a letter, `y` for YAML, and the file.
pub(crate) fn configuration(bytes: &[u8]) {
    let Some((letter, text)) = bytes.split_first() else { return };
    let syntax = if *letter == b'y' { Syntax::Yaml } else { Syntax::Toml };
    let Ok(read) = syntax.read(&String::from_utf8_lossy(text)) else { return };
    for mut entry in read.projects {
        // References are looked up elsewhere: here each is a text.
        for written in entry.secrets_mut() {
            *written = match written {
                Written::Literal(secret) => Written::Literal(secret.clone()),
                _ => Written::Literal(Secret::new("s3cret")),
            };
        }
        let source: SourceId = "new".parse().expect("a source's id");
        let Ok(project) = entry.project(ProjectId(1), None, source.clone()) else { continue };
        if project.check().is_err() {
            continue;
        }
        let written = project.clone().try_map(&mut |secret| Ok::<_, ()>(Written::Literal(secret)));
        let entry = ProjectEntry::of(written.expect("nothing refuses"));
        let exported = Exported { project: vec![file::sparse(&entry)] };
        for syntax in [Syntax::Toml, Syntax::Yaml] {
            let text = syntax.write(&exported).expect("a project can be written");
            let again = syntax.read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let [again] = <[ProjectEntry; 1]>::try_from(again.projects).expect("one project");
            let again = again.project(ProjectId(1), None, source.clone()).expect("a project");
            assert_eq!(again, project, "{text}");
        }
    }
}

/// The project that shows all there is, with this in most of its secrets.
pub(crate) fn example(secret: &str) -> Project {
    let text = include_str!("../../../infra/local/example.toml").replace("change-me", secret);
    let file = Syntax::Toml.read(&text).expect("the example is read by tests of the program");
    let entry = file.projects.into_iter().next().expect("a project");
    entry.project(ProjectId(0), None, "new".parse().expect("a source's id")).expect("a project")
}
