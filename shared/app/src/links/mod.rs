//! Which user of a chat is which user of GitLab, so that rules of access can ask for a role.
//!
//! `link` gives out an address that works once and for ten minutes. Behind it, whoever opens it proves their account at
//! GitLab with a token of their own, which is used for one question (`GET /user`) and never kept. From then on, what they
//! are in the project is asked of GitLab with the project's token.
//!
//! A link holds in one project: another project's slash command could claim to come from any team and any user.
//!
//! Not here: the page (`doors::link`), the rules (`chatops::access`).

mod standing;

use std::sync::Arc;

use chatops::limits::LINK_AGE_MAX;
use config::commands::Platform;
use config::{Project, ProjectId};
use payload::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::gitlab::{Api, AskError};
use crate::http_target::Outbound;
use crate::ids::hex;
use crate::store::{item, row};
use crate::table::{Condition, Key, Version, Write};
use crate::{App, StoreError, projects};

pub(crate) use self::standing::StandingCache;
pub use self::standing::{Standing, StandingError, behalf, standing};

/// How often somebody may try to prove an account with one address: enough for a mistyped token, too few to try out
/// stolen ones.
const TRIES_MAX: u32 = 5;

/// Somebody in a chat, as one project's slash command knows them. Ids are immutable, names are for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUser {
    /// Whose slash command it is.
    pub project: ProjectId,
    /// Whose chat.
    pub platform: Platform,
    /// The team's id.
    pub team_id: String,
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
}

/// An account at GitLab that was proven to be a chat user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Which GitLab: a project that moves to another one knows nobody there.
    pub gitlab: String,
    /// The user's id there.
    pub user_id: u64,
    /// The login, without `@`, at that time.
    pub username: String,
    /// When.
    pub at: Timestamp,
}

/// What an address stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Whom it was given to.
    pub who: ChatUser,
    /// How often a token was tried.
    tries: u32,
    /// Until when it works.
    until: Timestamp,
}

/// Why nobody was connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Never given out, used, too old, or tried too often.
    #[error("This address does not work any more: type the command link again.")]
    Gone,
    /// GitLab knows no such token.
    #[error("GitLab does not accept this token: it needs the scope read_user, and must not have expired.")]
    Refused,
    /// Nobody who may do anything.
    #[error("This account is not active at GitLab.")]
    Inactive,
    /// GitLab said nothing of the kind.
    #[error("Nothing was connected, try again: {0}.")]
    Ask(#[source] AskError),
    /// The table.
    #[error("Nothing was connected: try again.")]
    Store(#[from] StoreError),
}

impl From<crate::table::TableError> for ConnectError {
    fn from(error: crate::table::TableError) -> Self {
        Self::Store(error.into())
    }
}

/// Gives out an address; `None` if this Bellhop does not know where its console is. The table keeps its digest only:
/// whoever reads the table can connect nobody.
pub async fn invite(app: &App, who: &ChatUser) -> Result<Option<String>, StoreError> {
    let Some(console) = &app.addresses.console else { return Ok(None) };
    let token = hex(&app.chance.bytes::<32>());
    let until = app.clock.now() + LINK_AGE_MAX;
    let invitation = Invitation { who: who.clone(), tries: 0, until };
    let kept = item(invitation_key(&token), &invitation, Some(until));
    app.table.put(kept, Condition::Absent).await?;
    Ok(Some(format!("{}/link/{token}", console.as_str())))
}

/// What an address stands for, the project, and whom the chat user is connected with now. Looking uses nothing up: chats
/// look at what is posted in them.
pub async fn look(
    app: &App,
    token: &str,
) -> Result<Option<(Invitation, Arc<Project>, Option<Linked>)>, StoreError> {
    let Some((invitation, _)) = find(app, token).await? else { return Ok(None) };
    let Some(project) = projects::by_id(app, invitation.who.project).await? else { return Ok(None) };
    let linked = linked(app, &project, &invitation.who).await?;
    Ok(Some((invitation, project, linked)))
}

/// Whom a chat user is connected with at the project's GitLab.
pub async fn linked(app: &App, project: &Project, who: &ChatUser) -> Result<Option<Linked>, StoreError> {
    let Some(gitlab) = &project.gitlab else { return Ok(None) };
    let Some(stored) = app.table.get(&linked_key(who)).await? else { return Ok(None) };
    let linked: Linked = row(&stored)?;
    Ok((linked.gitlab == gitlab.url.as_str()).then_some(linked))
}

/// Connects the chat user behind an address with the owner of a personal access token, in place of anybody before.
/// The token is asked for once, and forgotten.
pub async fn connect(
    app: &App,
    outbound: &Outbound,
    token: &str,
    proof: &Secret,
) -> Result<Linked, ConnectError> {
    let (invitation, version) = find(app, token).await?.ok_or(ConnectError::Gone)?;
    let project = projects::by_id(app, invitation.who.project).await?.ok_or(ConnectError::Gone)?;
    let gitlab = project.gitlab.as_ref().ok_or(ConnectError::Gone)?;
    let version = count_try(app, token, invitation.clone(), version).await?;
    let user = match Api::new(outbound, gitlab).with_token(proof).current_user().await {
        Ok(user) if user.is_active() => user,
        Ok(_) => return Err(ConnectError::Inactive),
        Err(AskError::Denied) => return Err(ConnectError::Refused),
        Err(error) => return Err(ConnectError::Ask(error)),
    };
    use_up(app, token, version).await?;
    let gitlab = gitlab.url.as_str().to_owned();
    let linked = Linked { gitlab, user_id: user.id, username: user.username, at: app.clock.now() };
    let kept = item(linked_key(&invitation.who), &linked, None);
    app.table.put(kept, Condition::Always).await?;
    tracing::info!(
        project = %project.id,
        team = invitation.who.team_id,
        user = invitation.who.user_id,
        gitlab_user = linked.user_id,
        "link.made"
    );
    Ok(linked)
}

/// Forgets whom the chat user behind an address is connected with.
pub async fn disconnect(app: &App, token: &str) -> Result<(), ConnectError> {
    let (invitation, version) = find(app, token).await?.ok_or(ConnectError::Gone)?;
    use_up(app, token, version).await?;
    app.table.delete(&linked_key(&invitation.who), Condition::Always).await?;
    let who = &invitation.who;
    tracing::info!(project = %who.project, team = who.team_id, user = who.user_id, "link.removed");
    Ok(())
}

async fn find(app: &App, token: &str) -> Result<Option<(Invitation, Version)>, StoreError> {
    let Some(stored) = app.table.get(&invitation_key(token)).await? else { return Ok(None) };
    let invitation: Invitation = row(&stored)?;
    let is_open = invitation.tries < TRIES_MAX && app.clock.now() < invitation.until;
    Ok(is_open.then_some((invitation, stored.version)))
}

/// Before GitLab is asked, so that two at once cannot try more often than one.
async fn count_try(
    app: &App,
    token: &str,
    invitation: Invitation,
    version: Version,
) -> Result<Version, ConnectError> {
    let until = invitation.until;
    let counted = Invitation { tries: invitation.tries + 1, ..invitation };
    let kept = item(invitation_key(token), &counted, Some(until));
    match app.table.put(kept, Condition::Version(version)).await? {
        Write::Done(version) => Ok(version),
        Write::Conflict(_) => Err(ConnectError::Gone),
    }
}

/// Of two that come with the same address, one has used it up.
async fn use_up(app: &App, token: &str, version: Version) -> Result<(), ConnectError> {
    match app.table.delete(&invitation_key(token), Condition::Version(version)).await? {
        Write::Done(_) => Ok(()),
        Write::Conflict(_) => Err(ConnectError::Gone),
    }
}

fn invitation_key(token: &str) -> Key {
    Key::new(format!("link-invitation#{}", hex(&Sha256::digest(token))), "invitation")
}

fn linked_key(who: &ChatUser) -> Key {
    let ChatUser { project, platform, team_id, user_id, .. } = who;
    Key::new(format!("links#{project}"), format!("{platform}#{team_id}#{user_id}"))
}
