//! Comments and reactions, on whatever they are
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#comment-events> and `#emoji-events`).
//!
//! Not here: who may read them (`mod`).

use serde::Deserialize;

use super::{IS_EMPTY, Scene, Told};
use crate::common::first_line;
use crate::field::{Flag, Number, Part, Text};
use crate::{Action, Comment, Emoji, Fact, Sha, Subject, Topic};

/// Both, since both carry what they are about.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CommentPayload {
    object_attributes: Part<Attributes>,
    /// Of a reaction: `award` or `revoke`.
    event_type: Text,
    /// The comment that a reaction is to.
    note: Part<Attributes>,
    commit: Part<Thing>,
    issue: Part<Thing>,
    work_item: Part<Thing>,
    merge_request: Part<Thing>,
    snippet: Part<Thing>,
    /// A snippet, in reactions.
    project_snippet: Part<Thing>,
    epic: Part<Thing>,
    #[serde(alias = "wiki_page/meta")]
    wiki_page: Part<Thing>,
    vulnerability: Part<Thing>,
}

/// The comment's, or the reaction's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    /// Since 16.11.
    action: Text,
    url: Text,
    note: Text,
    noteable_type: Text,
    commit_id: Text,
    system: Flag,
    name: Text,
    awardable_type: Text,
    awarded_on_url: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Thing {
    /// A commit's is text.
    id: Text,
    iid: Number,
    title: Text,
    message: Text,
}

pub(super) fn comment(mut payload: CommentPayload, _: &mut Scene) -> Told {
    let note = payload.object_attributes.0.take().ok_or(IS_EMPTY)?;
    Ok(Fact::Comment(Comment {
        action: note.action.as_deref().map_or(Action::Created, Action::of),
        subject: payload.subject(note.noteable_type.as_deref(), note.commit_id.0),
        url: note.url.0,
        text: note.note.0.unwrap_or_default(),
        is_system: note.system.0 == Some(true),
    }))
}

/// A reaction to a comment is shown as one to what the comment is about: the page tells which comment.
pub(super) fn emoji(mut payload: CommentPayload, _: &mut Scene) -> Told {
    let award = payload.object_attributes.0.take().ok_or(IS_EMPTY)?;
    let note = payload.note.0.take();
    let (topic, commit) = match note {
        Some(note) => (note.noteable_type.0, note.commit_id.0),
        None => (award.awardable_type.0, None),
    };
    Ok(Fact::Emoji(Emoji {
        action: award
            .action
            .0
            .or(payload.event_type.0.take())
            .map_or(Action::Awarded, |word| Action::of(&word)),
        name: award.name.0.ok_or(IS_EMPTY)?,
        subject: payload.subject(topic.as_deref(), commit),
        url: award.awarded_on_url.0,
    }))
}

impl CommentPayload {
    fn subject(self, kind: Option<&str>, commit_id: Option<String>) -> Subject {
        let topic = kind.map_or_else(|| self.topic(), topic);
        let thing = match &topic {
            Topic::Commit => self.commit.0,
            Topic::MergeRequest => self.merge_request.0,
            Topic::Issue => self.issue.0.or(self.work_item.0),
            Topic::Snippet => self.snippet.0.or(self.project_snippet.0),
            Topic::Other(own) => match own.as_str() {
                "epic" => self.epic.0.or(self.work_item.0),
                "wiki_page" => self.wiki_page.0,
                "vulnerability" => self.vulnerability.0,
                _ => None,
            },
        };
        let thing = thing.unwrap_or_default();
        let is_commit = topic == Topic::Commit;
        let id = thing.id.0.or(commit_id);
        // Of the others, the id is for GitLab's tables only.
        let by_id = || id.as_deref().filter(|_| topic == Topic::Snippet)?.parse().ok();
        Subject {
            number: thing.iid.0.or_else(by_id),
            title: thing.title.0.or_else(|| Some(first_line(&thing.message.0?))),
            commit: id.filter(|_| is_commit).and_then(Sha::new),
            topic,
        }
    }

    /// By what there is, where the kind is not told.
    fn topic(&self) -> Topic {
        if self.merge_request.0.is_some() {
            Topic::MergeRequest
        } else if self.issue.0.as_ref().or(self.work_item.0.as_ref()).is_some() {
            Topic::Issue
        } else if self.snippet.0.as_ref().or(self.project_snippet.0.as_ref()).is_some() {
            Topic::Snippet
        } else {
            Topic::Commit
        }
    }
}

/// From the names of GitLab's models.
fn topic(kind: &str) -> Topic {
    match kind {
        "Commit" => Topic::Commit,
        "MergeRequest" => Topic::MergeRequest,
        "Issue" | "WorkItem" => Topic::Issue,
        "Snippet" | "ProjectSnippet" | "PersonalSnippet" => Topic::Snippet,
        // `WikiPage::Meta`, `DesignManagement::Design`
        own => Topic::Other(snake_case(
            own.strip_suffix("::Meta").unwrap_or(own).rsplit("::").next().unwrap_or(own),
        )),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
