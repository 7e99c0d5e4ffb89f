//! Comments and reactions, as GitLab tells them: beside them stands what they are about.

use payload::{Comment, Emoji, Event, Sha, Subject, Topic};
use serde_json::{Map, Value, json};

use super::{common, verb, with};

pub(super) fn note(event: &Event, comment: &Comment) -> Value {
    let kind = if event.confidential { "confidential_note" } else { "note" };
    let mut fields = common(event, "note");
    fields.extend(thing(&comment.subject));
    let more = json!({
        "event_type": kind,
        "object_attributes": {
            "note": comment.text,
            "noteable_type": model(&comment.subject.topic),
            "commit_id": comment.subject.commit.as_ref().map(Sha::full),
            "url": comment.url,
            "action": verb(&comment.action),
            "system": comment.is_system,
            "internal": event.confidential,
        },
    });
    with(fields, more)
}

pub(super) fn emoji(event: &Event, emoji: &Emoji) -> Value {
    let mut fields = common(event, "emoji");
    fields.extend(thing(&emoji.subject));
    let more = json!({
        "event_type": verb(&emoji.action),
        "object_attributes": {
            "name": emoji.name,
            "action": verb(&emoji.action),
            "awardable_type": model(&emoji.subject.topic),
            "awarded_on_url": emoji.url,
            "confidential": event.confidential,
        },
    });
    with(fields, more)
}

/// What it is about, under the name that GitLab has for it.
fn thing(subject: &Subject) -> Map<String, Value> {
    let Subject { topic, number, title, commit } = subject;
    let (name, thing) = match topic {
        Topic::Commit => {
            ("commit", json!({ "id": commit.as_ref().map(Sha::full), "title": title, "message": title }))
        }
        Topic::Snippet => ("snippet", json!({ "id": number, "title": title })),
        Topic::MergeRequest => ("merge_request", json!({ "iid": number, "title": title })),
        Topic::Issue => ("issue", json!({ "iid": number, "title": title })),
        Topic::Other(own) => (own.as_str(), json!({ "iid": number, "title": title })),
    };
    // A forge's own word may be any word, but no other part of the payload.
    let is_free = !matches!(name, "object_kind" | "user" | "project" | "repository" | "note");
    if is_free { Map::from_iter([(name.to_owned(), thing)]) } else { Map::new() }
}

/// GitLab's name for the model: `MergeRequest`, `WikiPage::Meta`.
fn model(topic: &Topic) -> String {
    match topic {
        Topic::Commit => "Commit".to_owned(),
        Topic::MergeRequest => "MergeRequest".to_owned(),
        Topic::Issue => "Issue".to_owned(),
        Topic::Snippet => "Snippet".to_owned(),
        Topic::Other(own) if own == "wiki_page" => "WikiPage::Meta".to_owned(),
        Topic::Other(own) => camel_case(own),
    }
}

fn camel_case(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}
