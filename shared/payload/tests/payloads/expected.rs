//! Every payload of the collection is what `expected.tsv` says: its forge, its kind, its action, or that nobody is told.
//!
//! The table was drawn up apart from the implementation, from the bodies, their headers and the words of
//! `payload::Action`; `-` stands for no action.

use std::collections::BTreeMap;
use std::fs;

use payload::{Action, Event, Fact, Parsed, parse};

use crate::collection::{Sample, fixtures, samples};

/// What the table says of each file: the forge, the kind, the action.
fn expected() -> BTreeMap<String, String> {
    let table = fs::read_to_string(fixtures().join("payloads/expected.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_once('\t').unwrap());
    rows.map(|(file, rest)| (file.to_owned(), rest.replace('\t', " "))).collect()
}

/// The same of what was read. Events of one payload follow each other.
fn read(sample: &Sample) -> String {
    let forge = serde_json::to_value(sample.forge).unwrap();
    let read = match parse(sample.forge, sample.payload()) {
        Ok(Parsed::Events(events)) => events.iter().map(kind_and_action).collect::<Vec<_>>().join(" and "),
        Ok(Parsed::Ignored { .. }) => "ignored -".to_owned(),
        Err(error) => error.to_string(),
    };
    format!("{} {read}", forge.as_str().unwrap())
}

fn kind_and_action(event: &Event) -> String {
    format!("{} {}", event.fact.kind(), action(&event.fact).unwrap_or("-"))
}

fn action(fact: &Fact) -> Option<&str> {
    use payload::RefChange::{Created, Deleted, Updated};
    let change = match fact {
        Fact::Push(push) => &push.change,
        Fact::Tag(push) => &push.change,
        Fact::Comment(comment) => return Some(comment.action.as_str()),
        Fact::Emoji(emoji) => return Some(emoji.action.as_str()),
        Fact::Member(member) => return Some(member.action.as_str()),
        Fact::MergeRequest(request) => return word(request.item.action.as_ref()),
        Fact::Release(release) => return word(release.item.action.as_ref()),
        Fact::Deployment(deployment) => return word(deployment.action.as_ref()),
        Fact::Pipeline(run) | Fact::Job(run) => return word(run.action.as_ref()),
        Fact::Issue(item) | Fact::WikiPage(item) | Fact::Milestone(item) | Fact::FeatureFlag(item) => {
            return word(item.action.as_ref());
        }
        Fact::Other(other) => return word(other.item.action.as_ref()),
    };
    Some(match change {
        Created { .. } => "created",
        Deleted { .. } => "deleted",
        Updated { .. } => "updated",
    })
}

fn word(action: Option<&Action>) -> Option<&str> {
    action.map(Action::as_str)
}

#[test]
fn every_payload_of_the_collection_is_what_the_table_says() {
    let mut expected = expected();
    let samples = samples();
    assert_eq!((samples.len(), expected.len()), (547, 547));
    let differences: Vec<_> = samples
        .iter()
        .filter_map(|sample| {
            let expected = expected.remove(&sample.file).unwrap_or_else(|| "nothing".to_owned());
            let read = read(sample);
            (read != expected).then(|| format!("{}: {read}, not {expected}", sample.file))
        })
        .collect();
    let count = differences.len();
    assert!(differences.is_empty(), "{count} differ:\n{}", differences.join("\n"));
    assert!(expected.is_empty(), "in the table only: {expected:?}");
}

#[test]
fn what_is_ignored_says_why() {
    for sample in samples() {
        if let Ok(Parsed::Ignored { reason }) = parse(sample.forge, sample.payload()) {
            assert!(!reason.is_empty(), "{}", sample.file);
        }
    }
}
