//! `bellhop schema`: a JSON Schema (2020-12) of the file, for editors and checks. It is made of the entries themselves;
//! `infra/bellhop.schema.json` is a copy, which a test keeps current.
//!
//! Not here: what only a look at all values can tell (`config`), such as two settings that contradict each other.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use schemars::generate::SchemaSettings;

use crate::file::File;

pub(crate) fn run() -> Result<ExitCode> {
    std::io::stdout().write_all(text()?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn text() -> Result<String> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

#[cfg(test)]
mod tests {
    use jsonschema::Validator;
    use serde_json::Value;

    use super::*;
    use crate::file::Syntax;

    /// Where the published copy is.
    const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bellhop.schema.json");

    const EXAMPLE: &str = include_str!("../example.toml");

    fn validator() -> Validator {
        jsonschema::validator_for(&serde_json::from_str(&text().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_published_schema_is_that_of_this_program() {
        let copy = std::fs::read_to_string(COPY).unwrap();
        assert!(copy == text().unwrap(), "write it anew: cargo run -- schema > infra/bellhop.schema.json");
    }

    #[test]
    fn the_example_is_as_the_schema_says() {
        let example: Value = toml::from_str(EXAMPLE).unwrap();
        let mistakes: Vec<_> = validator().iter_errors(&example).map(|error| error.to_string()).collect();
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[test]
    fn what_the_schema_refuses_the_program_refuses_as_well() {
        let validator = validator();
        for (right, wrong) in [
            ("path = \"mike/diaspora\"", "path = 7"),
            ("forge = \"auto\"", "forge = \"sourceforge\""),
            ("allow_unsigned = true", "allow_unsignd = true"),
            ("server_port = 6659", "server_port = 0"),
            ("style = \"compact\"", "style = \"loud\""),
            ("max_commits = 3", "max_commits = 21"),
            ("mute_bots = true", "mute_bot = true"),
            ("pipeline_statuses = [\"success\"", "pipeline_statuses = [\"burning\""),
            ("note_events = true", "note_events = \"yes\""),
            ("timeout_s = 10 ", "timeout_s = 31 "),
            ("rate_limit = 60 ", "rate_limit = 0 "),
            ("retry_waits_s = [5,", "retry_waits_s = [0,"),
            ("format = \"gitlab\"", "format = \"xml\""),
            ("{ key = \"job\", value = \"diaspora\" }", "{ key = \"job\", valu = \"diaspora\" }"),
            ("token = \"glpat-change-me\"", "token = 1"),
            ("executor = \"local\"", "executor = \"remote\""),
            ("audit_arguments = \"hashed\"", "audit_arguments = \"all\""),
            ("platform = \"slack\"", "platform = \"irc\""),
            ("approval = \"second_person\"", "approval = \"third_person\""),
            ("approval_expires_s = 600", "approval_expires_s = 5"),
            ("{ name = \"note\" }", "{ name = \"note\", kind = \"number\" }"),
            ("[project.gitlab]", "[project.gitlabb]"),
        ] {
            let text = EXAMPLE.replacen("# allow_unsigned", "allow_unsigned", 1);
            assert!(text.contains(right), "{right}");
            let text = text.replacen(right, wrong, 1);
            let value: Value = toml::from_str(&text).unwrap();
            assert!(!validator.is_valid(&value), "the schema takes {wrong}");
            let read = Syntax::Toml.read(&text).map_err(|error| error.to_string()).and_then(|mut file| {
                let new_source = "x".parse().unwrap();
                let project = file.projects.remove(0).project(config::ProjectId(1), None, new_source);
                let project = project.map_err(|error| error.to_string())?;
                app::projects::check(&project).map_err(|error| error.to_string())
            });
            assert!(read.is_err(), "the program takes {wrong}");
        }
    }
}
