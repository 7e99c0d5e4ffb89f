//! An event of any forge as GitLab would have told it
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/>), for targets that understand GitLab alone.
//!
//! Fields are GitLab's, as far as the event knows them. What it does not know is `null`, or not there: never made up.
//!
//! Not here: what each kind tells (one module per family), and GitLab's own payloads, which go on as they came.

mod comment;
mod item;
mod push;
mod run;

use config::Switch;
use payload::{Action, Actor, Event, Fact, Forge, Repository, State};
use serde_json::{Map, Value, json};

use crate::route::switch_of;

/// GitLab's numbers for who may see a project.
const PRIVATE: u64 = 0;
const PUBLIC: u64 = 20;

/// The payload.
pub(crate) fn gitlab_payload(event: &Event) -> Value {
    match &event.fact {
        Fact::Push(push) => push::push(event, push),
        Fact::Tag(push) => push::tag_push(event, push),
        Fact::MergeRequest(request) => item::merge_request(event, request),
        Fact::Issue(issue) => item::issue(event, issue),
        Fact::Comment(comment) => comment::note(event, comment),
        Fact::Emoji(emoji) => comment::emoji(event, emoji),
        Fact::Pipeline(run) => run::pipeline(event, run),
        Fact::Job(run) => run::build(event, run),
        Fact::Deployment(deployment) => run::deployment(event, deployment),
        Fact::Release(release) => item::release(event, release),
        Fact::WikiPage(page) => item::wiki_page(event, page),
        Fact::Milestone(milestone) => item::milestone(event, milestone),
        Fact::FeatureFlag(flag) => item::feature_flag(event, flag),
        Fact::Member(member) => item::member(event, member),
        Fact::Other(other) => item::other(event, other),
    }
}

/// Whether GitLab's own payload is in a format that today's targets read: it says its kind, and who or where. That of
/// 2014 said one of them at the most.
pub(crate) fn is_todays(payload: &Value) -> bool {
    let has = |name: &str| payload.get(name).is_some_and(|value| !value.is_null());
    has("event_name") || (has("object_kind") && ["user", "project", "project_id"].into_iter().any(has))
}

/// GitLab's name for the kind, as `X-Gitlab-Event` has it.
pub(crate) fn event_name(event: &Event) -> String {
    let name = match (&event.fact, switch_of(event)) {
        (Fact::Other(other), Switch::Other) => return title_case(&other.kind),
        (_, Switch::Push) => "Push Hook",
        (_, Switch::TagPush) => "Tag Push Hook",
        (_, Switch::Issues) => "Issue Hook",
        (_, Switch::ConfidentialIssues) => "Confidential Issue Hook",
        (_, Switch::MergeRequests) => "Merge Request Hook",
        (_, Switch::Note) => "Note Hook",
        (_, Switch::ConfidentialNote) => "Confidential Note Hook",
        (_, Switch::Job) => "Job Hook",
        (_, Switch::Pipeline) => "Pipeline Hook",
        (_, Switch::WikiPage) => "Wiki Page Hook",
        (_, Switch::Deployment) => "Deployment Hook",
        (_, Switch::Releases) => "Release Hook",
        (_, Switch::Milestone) => "Milestone Hook",
        (_, Switch::Emoji) => "Emoji Hook",
        (_, Switch::FeatureFlag) => "Feature Flag Hook",
        (_, Switch::Member) => "Member Hook",
        (_, Switch::Project) => "Project Hook",
        (_, Switch::Subgroup) => "Subgroup Hook",
        (_, Switch::ResourceAccessToken) => "Resource Access Token Hook",
        (_, Switch::ResourceDeployToken) => "Resource Deploy Token Hook",
        (_, Switch::Vulnerability) => "Vulnerability Hook",
        (_, Switch::Other) => "Other Hook",
    };
    name.to_owned()
}

/// Such as `Branch Protection Rule Hook`.
fn title_case(kind: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let words = kind.split(|c: char| !c.is_alphanumeric()).filter_map(word);
    words.chain(["Hook".to_owned()]).collect::<Vec<_>>().join(" ")
}

/// What all kinds have in common: who, and where.
fn common(event: &Event, kind: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("object_kind".to_owned(), kind.into());
    fields.insert("user".to_owned(), user(&event.actor));
    fields.insert(
        "project".to_owned(),
        event.repository.as_ref().map(|place| project(event.forge, place)).into(),
    );
    fields.insert(
        "repository".to_owned(),
        event.repository.as_ref().map(|place| repository(event.forge, place)).into(),
    );
    fields
}

/// Adds fields to an object.
fn with(mut fields: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

/// GitLab shows people by their names, so that one who has none here is shown by the account's.
fn user(Actor { login, name, .. }: &Actor) -> Value {
    json!({ "name": name.as_ref().or(login.as_ref()), "username": login })
}

fn project(forge: Forge, place: &Repository) -> Value {
    let Repository { name, path, url, default_branch, .. } = place;
    let namespace = path.as_deref().and_then(|path| path.rsplit_once('/')).map(|(namespace, _)| namespace);
    json!({
        "name": name,
        "namespace": namespace,
        "path_with_namespace": path,
        "web_url": url,
        "homepage": url,
        "git_http_url": git_url(forge, place),
        "http_url": git_url(forge, place),
        "default_branch": default_branch,
        "visibility_level": visibility(place),
    })
}

fn repository(forge: Forge, place: &Repository) -> Value {
    json!({
        "name": place.name,
        "homepage": place.url,
        "url": git_url(forge, place),
        "git_http_url": git_url(forge, place),
        "visibility_level": visibility(place),
    })
}

/// All forges clone from beside the page, but for Bitbucket Server.
fn git_url(forge: Forge, place: &Repository) -> Option<String> {
    let url = place.url.as_deref().filter(|_| forge != Forge::BitbucketServer)?;
    Some(format!("{url}.git"))
}

fn visibility(place: &Repository) -> Option<u64> {
    place.private.map(|is_private| if is_private { PRIVATE } else { PUBLIC })
}

/// GitLab's word for what was done, which is the verb: `open`, and not `opened`.
fn verb(action: &Action) -> &str {
    match action {
        Action::Created | Action::Published => "create",
        Action::Opened => "open",
        Action::Updated
        | Action::NewCommits
        | Action::Drafted
        | Action::Ready
        | Action::ChangesRequested
        | Action::Reviewed => "update",
        Action::Closed => "close",
        Action::Reopened => "reopen",
        Action::Merged => "merge",
        Action::Deleted => "delete",
        Action::Awarded => "award",
        Action::Revoked => "revoke",
        Action::Approved | Action::Unapproved | Action::Added | Action::Removed | Action::Other(_) => {
            action.as_str()
        }
    }
}

fn state(state: Option<&State>) -> Option<&str> {
    state.map(State::as_str)
}

#[cfg(test)]
mod tests;
