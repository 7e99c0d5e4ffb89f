//! Who asks, and whether a form is theirs. A page takes a [`Visit`], whoever is signed in; what changes something takes a
//! [`Posted`], and there is no other way to a form: it was checked to come from a page of ours, in this session, from a
//! token that may write.
//!
//! Not here: how a session is kept (`session`), signing in (`signin`).

use app::projects::{self, Expected, Revision, Saved};
use app::tokens::{self, Scope, Token};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Redirect;
use config::{ProjectId, WebUrl};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;

use crate::Console;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::session::{Session, is_secure};

/// What was just done, by the word in the address that a form leads to. Nothing else of an address is ever shown.
const SAID: [(&str, &str); 11] = [
    ("saved", "Saved."),
    ("created", "Created."),
    ("deleted", "Deleted."),
    ("removed", "The secret was removed."),
    ("enabled", "Switched on again."),
    ("resent", "In the queue again, under the same ids. It appears here when it has been tried."),
    ("replayed", "All that is parked goes into the queue again, a few each second."),
    ("revoked", "Revoked. Whoever was signed in with it is not any more."),
    ("cancelled", "The run was asked to end."),
    ("bye", "Signed out."),
    ("nothing", "There was nothing to do."),
];

/// A request of somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// What they have signed in with.
    pub(crate) token: Token,
    pub(crate) said: Option<&'static str>,
    /// What stands behind the question mark.
    pub(crate) query: Form,
    /// The beginnings of what is to be copied into a forge's settings, and into a chat's.
    pub(crate) hooks_door: String,
    pub(crate) commands_door: String,
    session: Session,
}

impl Visit {
    pub(crate) fn csrf(&self) -> &str {
        self.session.csrf()
    }

    /// A project as it is stored now, if this one may see it.
    pub(crate) async fn project(&self, console: &Console, number: &str) -> Result<Saved, Refusal> {
        let id = ProjectId(crate::number(number)?);
        if !self.token.scope.may_read(id) {
            return Err(Refusal::NotFound);
        }
        projects::find(&console.app, id).await?.ok_or(Refusal::NotFound)
    }

    /// Goes on only for those who administer the house.
    pub(crate) fn admin(&self) -> Result<(), Refusal> {
        if self.token.scope.is_admin() { Ok(()) } else { Err(Refusal::NotFound) }
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Refusal> {
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let sign_in = || Refusal::SignIn { back: back.clone() };
        let session = Session::read(&console.app, &parts.headers).ok_or_else(sign_in)?;
        let token = session.holder(&console.app).await?.ok_or_else(sign_in)?;
        let token = tokens::find(&console.app, token).await?;
        let token = token.filter(|token| token.is_active(console.app.clock.now())).ok_or_else(sign_in)?;
        let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes());
        let word = query.text("done");
        let said = SAID.iter().find(|(known, _)| *known == word).map(|(_, said)| *said);
        let addresses = &console.app.addresses;
        let door = |known: &Option<WebUrl>| {
            known.as_ref().map_or_else(|| base(console, &parts.headers), |url| url.as_str().to_owned())
        };
        let (hooks_door, commands_door) = (door(&addresses.hooks), door(&addresses.commands));
        Ok(Self { token, said, query, hooks_door, commands_door, session })
    }
}

/// Where the browser has us: `scheme://host`.
fn base(console: &Console, headers: &HeaderMap) -> String {
    if let Some(url) = &console.app.addresses.console {
        return url.as_str().to_owned();
    }
    let scheme = if is_secure(&console.app, headers) { "https" } else { "http" };
    format!("{scheme}://{}", host(headers).unwrap_or("localhost"))
}

/// The host that the browser asked for. What no host can be is none.
fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte)).then_some(host)
}

/// A form, from somebody who may change what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) visit: Visit,
    pub(crate) form: Form,
}

impl FromRequest<Console> for Posted {
    type Rejection = Refusal;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let visit =
            Visit::from_request_parts(&mut parts, console).await.map_err(|refusal| match refusal {
                // Whoever is signed out while they fill a form comes back to the page, not to the form's address.
                Refusal::SignIn { .. } => Refusal::SignIn { back: "/".to_owned() },
                other => other,
            })?;
        let request = Request::from_parts(parts, body);
        let form = own_form(request, console, &visit.session).await?;
        if matches!(visit.token.scope, Scope::ReadOnly { .. }) {
            return Err(Refusal::ReadOnly);
        }
        Ok(Self { visit, form })
    }
}

impl Posted {
    /// A project as it is stored now, if this one may change it.
    pub(crate) async fn project(&self, console: &Console, number: &str) -> Result<Saved, Refusal> {
        let saved = self.visit.project(console, number).await?;
        if self.visit.token.scope.may_write(saved.project.id) { Ok(saved) } else { Err(Refusal::ReadOnly) }
    }

    /// What whoever filled the form had seen: saving fails if somebody else saved meanwhile.
    pub(crate) fn expected(&self) -> Result<Expected, Refusal> {
        let revision = self.form.text("revision").parse();
        revision
            .map(|revision| Expected::Revision(Revision(revision)))
            .map_err(|_| Refusal::Unreadable("it names no revision"))
    }
}

/// Reads a form that proves to be of this session, from a page of ours.
pub(crate) async fn own_form(
    request: Request,
    console: &Console,
    session: &Session,
) -> Result<Form, Refusal> {
    let headers = request.headers().clone();
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::Unreadable("it is not a browser's"));
    }
    if !is_own(console, &headers) {
        return Err(Refusal::Forged);
    }
    let body = Bytes::from_request(request, &()).await;
    let form = Form::read(&body.map_err(|_| Refusal::Unreadable("it is too large, or broke off"))?);
    if session.admits(form.text("csrf")) { Ok(form) } else { Err(Refusal::Forged) }
}

/// Whether a browser says that a form comes from where it goes to. One that says nothing is old, and the form's own proof
/// has to do.
fn is_own(console: &Console, headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if said("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let named = origin.split_once("://").map(|(_, host)| host);
    let is_configured = console.app.addresses.console.as_ref().is_some_and(|url| {
        url.as_str() == origin || url.as_str().strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'))
    });
    is_configured || (named.is_some() && named == host(headers))
}

/// To a page of ours, with a word of [`SAID`].
pub(crate) fn then(path: &str, done: &'static str) -> Redirect {
    let separator = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{separator}done={done}"))
}
