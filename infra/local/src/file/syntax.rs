//! TOML and YAML: the same file in two spellings, and mistakes told in one line.
//!
//! Both parsers quote a value of the wrong type, which may be a secret: all that is repeated is what belongs in its
//! place. YAML's anchors are followed as far as a budget goes.

use std::path::Path;

use serde::Serialize;

use super::File;

/// What YAML's aliases may become, in nodes: a hundred times what people write with them.
const ALIASED_NODES_MAX: usize = 100_000;

/// How a file is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Syntax {
    /// <https://toml.io>
    Toml,
    /// <https://yaml.org>
    Yaml,
}

/// Why a text is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyntaxError {
    /// It says what no file says.
    #[error("line {line}: {what}")]
    Mistake {
        /// Counted from 1.
        line: usize,
        /// Without any value of the file.
        what: String,
    },
    /// The spelling is not known.
    #[error("its name ends neither in .toml nor in .yaml or .yml: say which it is with --format")]
    Unknown,
    /// The configuration cannot be spelled so.
    #[error("the configuration cannot be written: {0}")]
    Unwritable(String),
}

impl Syntax {
    /// By the end of a file's name.
    pub(crate) fn of(path: &Path) -> Result<Self, SyntaxError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        match ending.as_deref() {
            Some("toml") => Ok(Self::Toml),
            Some("yaml" | "yml") => Ok(Self::Yaml),
            _ => Err(SyntaxError::Unknown),
        }
    }

    pub(crate) fn read(self, text: &str) -> Result<File, SyntaxError> {
        match self {
            Self::Toml => toml::from_str(text).map_err(|error| {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                mistake(before.matches('\n').count() + 1, error.message())
            }),
            Self::Yaml => serde_saphyr::from_str_with_options(text, yaml()).map_err(|error| {
                let line = error.location().map_or(1, |location| location.line());
                let shown = error.without_snippet().to_string();
                let what = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(what, _)| what);
                mistake(usize::try_from(line).unwrap_or(1), what)
            }),
        }
    }

    pub(crate) fn write(self, file: &impl Serialize) -> Result<String, SyntaxError> {
        match self {
            Self::Toml => toml::to_string_pretty(file).map_err(|error| error.to_string()),
            Self::Yaml => serde_saphyr::to_string(file).map_err(|error| error.to_string()),
        }
        .map_err(SyntaxError::Unwritable)
    }
}

/// Keys stand once, and there is no showing of lines.
fn yaml() -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: ALIASED_NODES_MAX },
    }
}

/// In our words, since the parsers' own quote values, and speak to programmers.
fn mistake(line: usize, what: &str) -> SyntaxError {
    let is_number = |prefix: &str| what.strip_prefix(prefix).is_some_and(|bits| bits.parse::<u8>().is_ok());
    let what = match what.split_once(", expected ") {
        Some((quote, wanted)) if quote.starts_with("invalid ") || quote.starts_with("unknown variant ") => {
            format!("invalid value, expected {wanted}")
        }
        _ if is_number("invalid u") || is_number("invalid i") => {
            "invalid value, expected a whole number".to_owned()
        }
        _ if what == "expected sequence start" => "invalid value, expected a list".to_owned(),
        _ if what == "expected mapping start" => "invalid value, expected a table".to_owned(),
        _ if what.starts_with("cannot deserialize null") => "invalid value, expected a text".to_owned(),
        _ if what.starts_with("duplicate mapping key: ") => {
            what.split(", ").next().unwrap_or_default().replace("mapping key", "key")
        }
        _ if what.starts_with("multiple YAML documents") => "it is more than one YAML document".to_owned(),
        _ => what.to_owned(),
    };
    SyntaxError::Mistake { line, what }
}
