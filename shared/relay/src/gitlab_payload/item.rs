//! What has a page of its own, as GitLab tells it: merge requests, issues, milestones, wiki pages, feature flags and
//! releases, and with them members and whatever has no kind of its own.

use payload::{Action, Event, Item, Member, MergeRequest, Other, Release, State};
use serde_json::{Map, Value, json};

use super::{common, project, state, verb, with};

/// What stands for a commit that is not known, where GitLab has the one before the new ones.
const UNKNOWN_COMMIT: &str = "0000000000000000000000000000000000000000";

pub(super) fn merge_request(event: &Event, request: &MergeRequest) -> Value {
    let action = request.item.action.as_ref();
    let mut more = json!({
        "source_branch": request.source_branch,
        "target_branch": request.target_branch,
        "draft": request.is_draft,
        "work_in_progress": request.is_draft,
        "target": event.repository.as_ref().map(|place| project(event.forge, place)),
    });
    if action == Some(&Action::NewCommits) {
        // That it is there at all says that there are new commits.
        more["oldrev"] = UNKNOWN_COMMIT.into();
    }
    let fields = json!({
        "event_type": "merge_request",
        "object_attributes": attributes(event, &request.item, more),
        "changes": changes(event, action),
    });
    with(common(event, "merge_request"), fields)
}

/// GitLab says `update` of all of these, and here what it was.
fn changes(event: &Event, action: Option<&Action>) -> Value {
    let drafted = |is_draft: bool| json!({ "draft": { "previous": !is_draft, "current": is_draft } });
    let reviewed = |state: &str| {
        let reviewer = |state: &str| json!([{ "username": event.actor.login, "state": state }]);
        json!({ "reviewers": { "previous": reviewer("unreviewed"), "current": reviewer(state) } })
    };
    match action {
        Some(Action::Drafted) => drafted(true),
        Some(Action::Ready) => drafted(false),
        Some(Action::ChangesRequested) => reviewed("requested_changes"),
        Some(Action::Reviewed) => reviewed("reviewed"),
        _ => json!({}),
    }
}

pub(super) fn issue(event: &Event, issue: &Item) -> Value {
    let kind = if event.confidential { "confidential_issue" } else { "issue" };
    let fields = json!({ "event_type": kind, "object_attributes": attributes(event, issue, json!({})) });
    with(common(event, "issue"), fields)
}

pub(super) fn wiki_page(event: &Event, page: &Item) -> Value {
    let fields = json!({ "object_attributes": attributes(event, page, json!({})) });
    with(common(event, "wiki_page"), fields)
}

pub(super) fn milestone(event: &Event, milestone: &Item) -> Value {
    let fields = json!({
        "event_type": "milestone",
        "action": milestone.action.as_ref().map(verb),
        "object_attributes": attributes(event, milestone, json!({})),
    });
    with(common(event, "milestone"), fields)
}

pub(super) fn feature_flag(event: &Event, flag: &Item) -> Value {
    let active = match flag.state.as_ref().map(State::as_str) {
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        _ => None,
    };
    let more = json!({ "name": flag.title, "active": active });
    let fields = json!({ "object_attributes": attributes(event, flag, more) });
    with(common(event, "feature_flag"), fields)
}

pub(super) fn release(event: &Event, release: &Release) -> Value {
    let Release { item, tag, .. } = release;
    let fields = json!({
        "action": item.action.as_ref().map(verb),
        "name": item.title,
        "tag": tag,
        "url": item.url,
    });
    with(common(event, "release"), fields)
}

/// Whatever has no kind in GitLab, in the form that most of its kinds have, under the forge's own name.
pub(super) fn other(event: &Event, other: &Other) -> Value {
    let fields = json!({ "object_attributes": attributes(event, &other.item, json!({})) });
    with(common(event, &other.kind), fields)
}

/// Of a group, as GitLab's group hooks tell it; of a project, as its system hooks do. Neither has an `object_kind`.
pub(super) fn member(event: &Event, member: &Member) -> Value {
    let mut fields = common(event, "member");
    fields.remove("object_kind");
    let (to, of) = match member.group {
        Some(_) => ("to_group", "for_group"),
        None => ("to_team", "for_team"),
    };
    let from = of.replace("for_", "from_");
    let name = match &member.action {
        Action::Added => format!("user_add_{to}"),
        Action::Removed => format!("user_remove_{from}"),
        Action::Other(own) if own == "access_request" => {
            format!("user_access_request_{}", to.replace("team", "project"))
        }
        _ => format!("user_update_{of}"),
    };
    let place = event.repository.as_ref();
    let more = json!({
        "event_name": name,
        "user_username": member.account.login,
        "user_name": member.account.name.as_ref().or(member.account.login.as_ref()),
        "group_path": member.group,
        "group_name": member.group,
        "group_access": member.group.as_ref().and(member.role.as_ref()),
        "access_level": member.role,
        "project_name": place.map(|place| &place.name),
        "project_path_with_namespace": place.and_then(|place| place.path.as_ref()),
    });
    with(fields, more)
}

fn attributes(event: &Event, item: &Item, more: Value) -> Value {
    let Item { action, number, title, url, state: stands } = item;
    let mut fields = Map::new();
    if let Value::Object(known) = json!({
        "iid": number,
        "title": title,
        "url": url,
        "state": state(stands.as_ref()),
        "action": action.as_ref().map(verb),
        "confidential": event.confidential,
    }) {
        fields = known;
    }
    with(fields, more)
}
