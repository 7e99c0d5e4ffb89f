//! What the modules of the forges share: reading JSON, telling refs apart, putting events together.
//!
//! Not here: anything that only one forge does.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::field::{Elements, Length, Part};
use crate::{Actor, Event, Fact, Forge, ParseError, Parsed, Reference, Repository};

/// How much of an event's name a reason repeats: the longest of the forges' has 37 characters.
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

/// Reads one kind of payload, all of which are objects. What is JSON of another shape is ignored; the reason says where
/// in the body, and not what stands there, since reasons are logged.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    json: &'a [u8],
    what: &str,
) -> Result<Result<T, Parsed>, ParseError> {
    let place = match serde_json::from_slice(json) {
        Ok(Part(Some(payload))) => return Ok(Ok(payload)),
        Ok(Part(None)) => "no object".to_owned(),
        Err(error) if error.is_data() => format!("line {}, column {}", error.line(), error.column()),
        Err(error) => return Err(ParseError::Json(error)),
    };
    Ok(Err(ignored(&format!("not of the shape of {what} ({place})"))))
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
    serde_json::from_slice::<IgnoredAny>(json).map_err(ParseError::Json).map(|_| unknown(name))
}

/// What one account did in one place: an event for each fact. None is confidential yet.
pub(crate) fn happened(
    forge: Forge,
    actor: &Actor,
    repository: Option<&Repository>,
    facts: impl IntoIterator<Item = Fact>,
) -> Parsed {
    let event = |fact| Event {
        forge,
        actor: actor.clone(),
        repository: repository.cloned(),
        confidential: false,
        fact,
    };
    let events: Vec<_> = facts.into_iter().map(event).collect();
    if events.is_empty() { ignored("an event about nothing") } else { Parsed::Events(events) }
}

/// The same events, for few.
pub(crate) fn confidential(parsed: Parsed) -> Parsed {
    let mark = |event| Event { confidential: true, ..event };
    match parsed {
        Parsed::Events(events) => Parsed::Events(events.into_iter().map(mark).collect()),
        ignored @ Parsed::Ignored { .. } => ignored,
    }
}

/// The events of one push: what one account did in one repository.
pub(crate) fn pushed(
    forge: Forge,
    actor: &Actor,
    repository: &Repository,
    facts: impl IntoIterator<Item = Fact>,
) -> Parsed {
    match happened(forge, actor, Some(repository), facts) {
        Parsed::Ignored { .. } => ignored("a push to neither a branch nor a tag"),
        events @ Parsed::Events(_) => events,
    }
}

/// The first line of a text.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether a title starts with one of these marks, which are of ASCII, in whatever case.
pub(crate) fn starts_with_any(title: &str, marks: &[&str]) -> bool {
    marks.iter().any(|mark| title.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
}

/// How many files a commit touches, by its three lists of them; `None` if the forge gives no list.
pub(crate) fn file_count(lists: [Length; 3]) -> Option<usize> {
    let lengths = || lists.iter().filter_map(|list| list.0);
    lengths().next()?;
    Some(lengths().map(|Elements(count)| count).sum())
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
