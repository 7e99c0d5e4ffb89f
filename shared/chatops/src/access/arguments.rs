//! A job's arguments by its schema: `staging count=3 note="two words"`.
//!
//! They stand in the schema's order, or behind `name=` (`--name=` as well). Words are divided by white space, quotes keep
//! it together. The curly quotes that Slack makes of straight ones are made straight here and nowhere else: the job's
//! `CHAT_INPUT` is what was typed.
//!
//! Not here: the shell's other rules (backslashes, dollars): an argument is a text.

use std::collections::BTreeMap;

use config::commands::{Argument, ArgumentKind};

/// What is wrong with some arguments. The texts are for whoever typed them, and quote them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// A quote that nothing closes.
    #[error("a quote is not closed")]
    Quote,
    /// `--name=` of nothing in the schema.
    #[error("there is no argument '{0}'")]
    Unknown(String),
    /// A word that is one too many.
    #[error("'{0}' is one argument too many")]
    TooMany(String),
    /// Two values for one name.
    #[error("'{0}' is there twice")]
    Twice(String),
    /// Nothing where something is needed.
    #[error("'{0}' is missing")]
    Missing(String),
    /// Something else than the schema says.
    #[error("'{name}' has to be {wanted}")]
    Value {
        /// Whose value it is.
        name: String,
        /// What it has to be.
        wanted: String,
    },
}

/// Reads arguments. Without a schema, anything goes and nothing has a name.
pub(super) fn read(schema: &[Argument], arguments: &str) -> Result<BTreeMap<String, String>, UsageError> {
    let mut values = BTreeMap::new();
    if schema.is_empty() {
        return Ok(values);
    }
    for word in words(arguments)? {
        let (argument, value) = place(schema, &values, &word)?;
        check(argument, &value)?;
        if values.insert(argument.name.clone(), value).is_some() {
            return Err(UsageError::Twice(argument.name.clone()));
        }
    }
    let missing = schema.iter().find(|argument| argument.required && !values.contains_key(&argument.name));
    missing.map_or(Ok(values), |argument| Err(UsageError::Missing(argument.name.clone())))
}

/// `run JOB <environment: staging|production> [count: number]`.
pub fn usage(job: &str, schema: &[Argument]) -> String {
    let arguments = schema.iter().map(|Argument { name, kind, choices, required }| {
        let wanted = match (choices.is_empty(), kind) {
            (false, _) => format!(": {}", choices.join("|")),
            (true, ArgumentKind::String) => String::new(),
            (true, ArgumentKind::Number) => ": number".to_owned(),
            (true, ArgumentKind::Boolean) => ": true|false".to_owned(),
        };
        let (open, close) = if *required { ('<', '>') } else { ('[', ']') };
        format!(" {open}{name}{wanted}{close}")
    });
    format!("run {job}{}", arguments.collect::<Vec<_>>().concat())
}

/// Which argument a word is for, and its value.
fn place<'a>(
    schema: &'a [Argument],
    values: &BTreeMap<String, String>,
    word: &str,
) -> Result<(&'a Argument, String), UsageError> {
    let by_name = |name: &str| schema.iter().find(|argument| argument.name == name);
    if let Some((name, value)) = word.split_once('=') {
        if let Some(argument) = by_name(name.strip_prefix("--").unwrap_or(name)) {
            return Ok((argument, value.to_owned()));
        }
        if let Some(unknown) = name.strip_prefix("--") {
            return Err(UsageError::Unknown(unknown.to_owned()));
        }
    }
    let next = schema.iter().find(|argument| !values.contains_key(&argument.name));
    next.map(|argument| (argument, word.to_owned())).ok_or_else(|| UsageError::TooMany(word.to_owned()))
}

fn check(argument: &Argument, value: &str) -> Result<(), UsageError> {
    let Argument { name, kind, choices, .. } = argument;
    let wanted = if !choices.is_empty() && !choices.iter().any(|choice| choice == value) {
        format!("one of {}", choices.join(", "))
    } else if kind.fits(value) {
        return Ok(());
    } else {
        match kind {
            ArgumentKind::Number => "a number".to_owned(),
            _ => "true or false".to_owned(),
        }
    };
    Err(UsageError::Value { name: name.clone(), wanted })
}

fn words(text: &str) -> Result<Vec<String>, UsageError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars().map(straight) {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(UsageError::Quote);
    }
    words.extend(word);
    Ok(words)
}

/// Slack's clients, and the keyboards of telephones, curl what was typed straight.
fn straight(c: char) -> char {
    match c {
        '“' | '”' | '„' => '"',
        '‘' | '’' | '‚' => '\'',
        c => c,
    }
}
