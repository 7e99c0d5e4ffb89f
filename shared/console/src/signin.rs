//! Signing in with a token, and out.
//!
//! Not here: what the session is (`session`), how tokens are made (`bellhop token`, the page *Tokens*).

use app::ClientAddress;
use app::tokens::{self, RefusedToken};
use askama::Template;
use axum::extract::{Request, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode, Uri};

use crate::Console;
use crate::field::Field;
use crate::form::{Form, Problems};
use crate::page::{Chrome, shown_as};
use crate::refusal::Refusal;
use crate::session::Session;
use crate::visit::own_form;

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    chrome: Chrome,
    token: Field,
    next: String,
}

pub(crate) async fn show(
    State(console): State<Console>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    let next = own_path(query.text("next")).to_owned();
    let mut chrome = Chrome::nobody("");
    chrome.said = (query.text("done") == "bye").then_some("Signed out.");
    page(&console, &headers, (chrome, next), &Problems::default())
}

/// The page, and the session that its form belongs to.
fn page(
    console: &Console,
    headers: &HeaderMap,
    (mut chrome, next): (Chrome, String),
    problems: &Problems,
) -> Result<Response, Refusal> {
    let session = Session::signing_in(&console.app);
    session.csrf().clone_into(&mut chrome.csrf);
    let hint = format!(
        "On the machine that Bellhop runs on, bellhop token prints one. It begins with {}.",
        tokens::PREFIX
    );
    let token = Field::secret("token", "Token").hint(hint).required().judged(problems);
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    let shown = shown_as(status, &Page { chrome, token, next })?;
    Ok((AppendHeaders(session.cookie(&console.app, headers).map(|cookie| (SET_COOKIE, cookie))), shown)
        .into_response())
}

pub(crate) async fn sign_in(State(console): State<Console>, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let from = ClientAddress::of(request.extensions(), &headers);
    let session = Session::read(&console.app, &headers).ok_or(Refusal::Forged)?;
    let form = own_form(request, &console, &session).await?;
    let next = own_path(form.text("next")).to_owned();
    let token = match tokens::authenticate(&console.app, form.text("token"), from).await {
        Ok(token) => token,
        Err(RefusedToken::Store(error)) => return Err(error.into()),
        Err(refused) => {
            tracing::info!(reason = %refused, "console.refused");
            let mut problems = Problems::default();
            problems.add("token", refused);
            return page(&console, &headers, (Chrome::nobody(""), next), &problems);
        }
    };
    // A new session, whatever there was: nobody is signed in with one that somebody else began.
    let session = Session::of(&console.app, token.id).await?;
    let cookie = session.cookie(&console.app, &headers).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), Redirect::to(&next)).into_response())
}

pub(crate) async fn sign_out(
    State(console): State<Console>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let session = Session::read(&console.app, &headers).ok_or(Refusal::SignIn { back: "/".to_owned() })?;
    own_form(request, &console, &session).await?;
    session.sign_out(&console.app).await?;
    let cookie = Session::end(&console.app, &headers).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), Redirect::to("/login?done=bye")).into_response())
}

/// A path of ours, or the start: nobody is sent elsewhere after they have signed in.
fn own_path(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.?&=#%".contains(&byte);
    let is_ours = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain);
    if is_ours { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for ours in ["/", "/projects/7/irker?test=ab", "/projects?q=a%2Fb"] {
            assert_eq!(own_path(ours), ours);
        }
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "javascript:x",
            "/\t/evil.example",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
    }
}
