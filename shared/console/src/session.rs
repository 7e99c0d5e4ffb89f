//! A session: which token somebody has signed in with, until when, and what their forms prove themselves with. It is kept
//! by the browser, in a cookie that is sealed with the house's key: nobody can read, make or change one.
//!
//! It holds the token's id and not the token. Both the token and the session are looked up at every request: whoever revokes
//! the token ends its sessions, and whoever signs out ends this one, copies of the cookie included.
//!
//! Not here: what a token permits (`visit`).

use std::time::Duration;

use app::clock::Timestamp;
use app::seal::Sealed;
use app::sessions::SessionId;
use app::tokens::TokenId;
use app::{App, StoreError, sessions};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use payload::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// How long one stays signed in: a working day.
pub(crate) const SIGNED_IN: Duration = Duration::from_hours(12);

/// How long the page to sign in may lie around.
const SIGNING_IN: Duration = Duration::from_hours(1);

/// Where sessions are sealed for: nothing that is sealed for another place is one.
const PLACE: &str = "console session";

/// The cookie's name where the way is TLS; browsers then see to it that no other host has set it
/// (<https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>).
const SECURE_NAME: &str = "__Host-bellhop";

/// Its name on this machine.
const PLAIN_NAME: &str = "bellhop";

/// How many random bytes a form's proof has.
const PROOF_BYTES: usize = 16;

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The token's id, and the session's; `None` for somebody who is only about to sign in.
    signed_in: Option<(TokenId, SessionId)>,
    csrf: String,
    until: Timestamp,
}

impl Session {
    /// For somebody with a token.
    pub(crate) async fn of(app: &App, token: TokenId) -> Result<Self, StoreError> {
        let id = sessions::begin(app, token, app.clock.now() + SIGNED_IN).await?;
        Ok(Self::new(app, Some((token, id)), SIGNED_IN))
    }

    /// For somebody who is about to sign in.
    pub(crate) fn signing_in(app: &App) -> Self {
        Self::new(app, None, SIGNING_IN)
    }

    fn new(app: &App, signed_in: Option<(TokenId, SessionId)>, lasting: Duration) -> Self {
        let proof = app.chance.bytes::<PROOF_BYTES>();
        let csrf = proof.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        Self { signed_in, csrf, until: app.clock.now() + lasting }
    }

    /// Whose it is, if somebody is signed in with it and has not signed out.
    pub(crate) async fn holder(&self, app: &App) -> Result<Option<TokenId>, StoreError> {
        let Some((token, id)) = &self.signed_in else { return Ok(None) };
        Ok(sessions::holds(app, id, *token).await?.then_some(*token))
    }

    /// Ends it, wherever its cookie is.
    pub(crate) async fn sign_out(&self, app: &App) -> Result<(), StoreError> {
        match &self.signed_in {
            Some((_, id)) => sessions::end(app, id).await,
            None => Ok(()),
        }
    }

    /// What forms prove themselves with.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether a form is of this session.
    pub(crate) fn admits(&self, proof: &str) -> bool {
        self.csrf.as_bytes().ct_eq(proof.as_bytes()).into()
    }

    /// The session of a request, if it has one that holds.
    pub(crate) fn read(app: &App, headers: &HeaderMap) -> Option<Self> {
        let name = cookie_name(is_secure(app, headers));
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        ours.find_map(|value| Self::open(app, value))
    }

    fn open(app: &App, value: String) -> Option<Self> {
        let text = app.sealer.open(&Sealed::from(value), PLACE).ok()?;
        let session: Self = serde_json::from_str(text.expose()).ok()?;
        (app.clock.now() < session.until).then_some(session)
    }

    /// The header that gives it to the browser; `None` if nothing can be sealed.
    pub(crate) fn cookie(&self, app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
        let text = serde_json::to_string(self).ok()?;
        let sealed = app.sealer.seal(&Secret::new(text), PLACE, &app.chance).ok()?;
        let lasting = self.until.since(app.clock.now()).as_secs();
        set_cookie(is_secure(app, headers), &sealed.to_string(), lasting)
    }

    /// The header that takes it away.
    pub(crate) fn end(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
        set_cookie(is_secure(app, headers), "", 0)
    }
}

fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { SECURE_NAME } else { PLAIN_NAME }
}

fn set_cookie(is_secure: bool, value: &str, seconds: u64) -> Option<HeaderValue> {
    let (name, secure) = (cookie_name(is_secure), if is_secure { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).ok()
}

/// Whether the browser came by TLS, which ends before us: the proxy says so, or whoever runs Bellhop. A browser that says
/// so itself deceives itself.
pub(crate) fn is_secure(app: &App, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let configured = app.addresses.console.as_ref().map(|url| url.as_str().starts_with("https:"));
    forwarded.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) || configured == Some(true)
}
