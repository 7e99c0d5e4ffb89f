//! What the modules of the forges share: reading JSON, telling refs apart, putting events together.
//!
//! Not here: anything that only one forge does.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Actor, Event, Fact, Forge, ParseError, Parsed, Reference, Repository};

/// How much of an event's name a reason repeats: the longest of the forges' has 35 characters.
const NAME_CHARS_MAX: usize = 64;

/// A full ref, told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefName<'a> {
    Branch(&'a str),
    Tag(&'a str),
}

impl<'a> RefName<'a> {
    /// `None` for what is neither, such as a forge's own refs, and for an empty name.
    pub(crate) fn parse(reference: &'a str) -> Option<Self> {
        let branch = reference.strip_prefix("refs/heads/").map(Self::Branch);
        let name = branch.or_else(|| reference.strip_prefix("refs/tags/").map(Self::Tag))?;
        (!name.as_str().is_empty()).then_some(name)
    }

    pub(crate) fn as_str(self) -> &'a str {
        let (Self::Branch(name) | Self::Tag(name)) = self;
        name
    }
}

impl From<RefName<'_>> for Reference {
    fn from(name: RefName<'_>) -> Self {
        match name {
            RefName::Branch(name) => Self::Branch(name.to_owned()),
            RefName::Tag(name) => Self::Tag(name.to_owned()),
        }
    }
}

/// Reads one kind of payload. What is JSON of another shape is ignored; the reason says where in the body, and not what
/// stands there, since reasons are logged.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    json: &'a [u8],
    what: &str,
) -> Result<Result<T, Parsed>, ParseError> {
    match serde_json::from_slice(json) {
        Ok(payload) => Ok(Ok(payload)),
        Err(error) if error.is_data() => {
            let (line, column) = (error.line(), error.column());
            Ok(Err(ignored(&format!("not of the shape of {what} (line {line}, column {column})"))))
        }
        Err(error) => Err(ParseError::Json(error)),
    }
}

/// Whether a forge could call an event so: the name comes from a header, and people are shown it.
pub(crate) fn is_event_name(name: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte);
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.bytes().all(is_of_one)
}

/// Authentic, and of interest to nobody.
pub(crate) fn ignored(reason: &str) -> Parsed {
    Parsed::Ignored { reason: reason.to_owned() }
}

/// The answer to a kind of event that nobody is told about.
pub(crate) fn unknown(name: Option<&str>) -> Parsed {
    let name: String = name.unwrap_or("without a name").chars().take(NAME_CHARS_MAX).collect();
    ignored(&format!("events '{name}' are not relayed"))
}

/// The same, once the body is seen to be JSON at least.
pub(crate) fn unknown_json(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    Ok(read::<IgnoredAny>(json, "JSON")?.map_or_else(|ignored| ignored, |_| unknown(name)))
}

/// The one event of a payload.
pub(crate) fn happened(forge: Forge, actor: Actor, repository: Option<Repository>, fact: Fact) -> Parsed {
    Parsed::Events(vec![Event { forge, actor, repository, confidential: false, fact }])
}

/// The events of one push: what one account did in one repository.
pub(crate) fn pushed(
    forge: Forge,
    actor: &Actor,
    repository: &Repository,
    facts: impl IntoIterator<Item = Fact>,
) -> Parsed {
    let event = |fact| Event {
        forge,
        actor: actor.clone(),
        repository: Some(repository.clone()),
        confidential: false,
        fact,
    };
    let events: Vec<_> = facts.into_iter().map(event).collect();
    if events.is_empty() { ignored("a push to neither a branch nor a tag") } else { Parsed::Events(events) }
}

/// The first line of a text.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The three lists of files of a commit, of which only the lengths matter.
pub(crate) type FileLists = [Option<Vec<IgnoredAny>>; 3];

/// How many files a commit touches; `None` if the forge gives no list.
pub(crate) fn file_count(lists: &FileLists) -> Option<usize> {
    let is_told = lists.iter().any(Option::is_some);
    is_told.then(|| lists.iter().flatten().map(Vec::len).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_told_apart_whatever_they_are_called() {
        assert_eq!(RefName::parse("refs/heads/a/b#c%2F"), Some(RefName::Branch("a/b#c%2F")));
        assert_eq!(RefName::parse("refs/tags/refs/heads/x"), Some(RefName::Tag("refs/heads/x")));
        for other in
            ["", "main", "refs/heads/", "refs/tags/", "refs/keep-around/1", "refs/merge-requests/1/head"]
        {
            assert_eq!(RefName::parse(other), None, "{other}");
        }
    }
}
