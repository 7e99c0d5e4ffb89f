//! Who joins and leaves a repository, a team or an organisation on GitHub.
//!
//! Not here: what happens to a team itself.

use serde::Deserialize;

use super::account::AccountPayload;
use super::frame::{Frame, Stop, object};
use crate::field::{Part, Text};
use crate::{Action, Fact, Member};

#[derive(Default, Deserialize)]
#[serde(default)]
struct MemberEvent {
    member: Part<AccountPayload>,
    team: Part<TeamPayload>,
    membership: Part<MembershipPayload>,
    invitation: Part<MembershipPayload>,
    /// Who is invited.
    user: Part<AccountPayload>,
    changes: Part<ChangesPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TeamPayload {
    name: Text,
    html_url: Text,
}

/// A membership, or the invitation to one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MembershipPayload {
    role: Text,
    user: Part<AccountPayload>,
    /// Of an invitation; null if it went to an address.
    login: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangesPayload {
    permission: Part<ChangePayload>,
    /// The newer and finer word.
    role_name: Part<ChangePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangePayload {
    to: Text,
}

/// `member`: somebody may or may no longer work on a repository.
pub(super) fn of_repository(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: MemberEvent = object(json)?;
    let changes = event.changes.0.unwrap_or_default();
    let [name, permission] =
        [changes.role_name, changes.permission].map(|part| part.0.and_then(|change| change.to.0));
    fact(frame, event.member.0, Place { role: name.or(permission), ..Place::default() })
}

/// `membership`: of a team.
pub(super) fn of_team(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: MemberEvent = object(json)?;
    let team = event.team.0.unwrap_or_default();
    fact(frame, event.member.0, Place { group: team.name.0, role: None, url: team.html_url.0 })
}

/// Whether an `organization` event is about somebody: others are about the organisation itself.
pub(super) fn is_told(frame: &Frame) -> bool {
    frame.action.as_deref().is_some_and(|action| action.starts_with("member_"))
}

/// `organization`, if [`is_told`].
pub(super) fn of_organization(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: MemberEvent = object(json)?;
    let told = event.membership.0.or(event.invitation.0).unwrap_or_default();
    let invited = told.login.0.is_some().then(|| AccountPayload { login: told.login, ..Default::default() });
    let account = told.user.0.or(event.user.0).or(invited);
    let group = frame.organization.login().map(str::to_owned);
    // Who is invited by an address has no account yet.
    fact(
        frame,
        account.or_else(|| Some(AccountPayload::default())),
        Place { group, role: told.role.0, url: None },
    )
}

#[derive(Default)]
struct Place {
    group: Option<String>,
    role: Option<String>,
    url: Option<String>,
}

fn fact(frame: &Frame, account: Option<AccountPayload>, place: Place) -> Result<Fact, Stop> {
    let account = account.ok_or_else(|| Stop::nothing("account"))?;
    let action = match frame.action.as_deref() {
        Some("member_added") => Action::Added,
        Some("member_removed") => Action::Removed,
        Some(word) => Action::of(word),
        None => Action::Updated,
    };
    let url = place.url.or_else(|| account.html_url.as_deref().map(str::to_owned));
    Ok(Fact::Member(Member { action, account: account.actor(), group: place.group, role: place.role, url }))
}
