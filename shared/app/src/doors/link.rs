//! `/link/{token}`, below the console's address: the page on which somebody connects their account. It is whole by
//! itself: no script, nothing loaded, not kept by any cache, not shown inside another page, and nobody who is linked to
//! from it learns its address.
//!
//! | answer | when |
//! |---|---|
//! | GET 200 | the address works: a form, and nothing has happened |
//! | POST 200 | connected, or disconnected |
//! | 404, 422, 502, 503 | one sentence, and the form again where that makes sense |
//!
//! Not here: what connects (`links`).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use config::Project;
use config::commands::Platform;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use payload::Secret;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::http_target::Outbound;
use crate::links::{self, ConnectError, Invitation, Linked};
use crate::{App, Causes};

/// The largest form, in bytes: a token has twenty to three hundred characters.
const FORM_BYTES_MAX: usize = 8 * 1024;

const STYLE: &str = "body{font:1rem/1.5 sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}\
input,button{font:inherit;padding:.4rem .6rem}input{width:100%;box-sizing:border-box;margin:.4rem 0 1rem}\
.wrong{color:#b00020}";

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    outbound: Outbound,
}

/// The router: `GET` and `POST /link/{token}`.
pub fn router(app: Arc<App>, outbound: Outbound) -> Router {
    Router::new().route("/link/{token}", get(show).post(submit)).with_state(Door { app, outbound })
}

async fn show(State(door): State<Door>, Path(token): Path<String>) -> Response {
    form(&door, &token, None).await
}

async fn submit(State(door): State<Door>, Path(token): Path<String>, body: Body) -> Response {
    let Ok(body) = axum::body::to_bytes(body, FORM_BYTES_MAX).await else {
        return form(&door, &token, Some("That is too long to be a token.")).await;
    };
    let fields = form_urlencoded::parse(&body).into_owned().collect::<Vec<_>>();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let done = if field("action") == Some("disconnect") {
        links::disconnect(&door.app, &token).await.map(|()| "You are disconnected.".to_owned())
    } else {
        let Some(proof) = field("token").filter(|proof| !proof.is_empty()) else {
            return form(&door, &token, Some("Paste a token first.")).await;
        };
        links::connect(&door.app, &door.outbound, &token, &Secret::new(proof)).await.map(|linked| {
            let login = escaped(&linked.username);
            format!("You are connected with GitLab as <strong>@{login}</strong>. Go back to your chat.")
        })
    };
    match done {
        Ok(sentence) => page(StatusCode::OK, &format!("<p>{sentence}</p>")),
        Err(ConnectError::Gone) => gone(),
        Err(error @ (ConnectError::Refused | ConnectError::Inactive)) => {
            form(&door, &token, Some(&error.to_string())).await
        }
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "link.failed");
            let status = match &error {
                ConnectError::Ask(_) => StatusCode::BAD_GATEWAY,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            page(status, &wrong(&error.to_string()))
        }
    }
}

/// The form, with what was wrong with the last try.
async fn form(door: &Door, token: &str, complaint: Option<&str>) -> Response {
    match links::look(&door.app, token).await {
        Ok(Some((invitation, project, linked))) => {
            let status = if complaint.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let form = form_html(&invitation, &project, linked.as_ref());
            page(status, &format!("{}{form}", complaint.map(wrong).unwrap_or_default()))
        }
        Ok(None) => gone(),
        Err(error) => {
            tracing::error!(error = %Causes(&error), "link.failed");
            page(StatusCode::SERVICE_UNAVAILABLE, &wrong("That did not work: try again."))
        }
    }
}

fn form_html(invitation: &Invitation, project: &Project, linked: Option<&Linked>) -> String {
    let Some(gitlab) = &project.gitlab else { return wrong("This project asks no GitLab any more.") };
    let chat = match invitation.who.platform {
        Platform::Slack => "Slack",
        Platform::Mattermost => "Mattermost",
    };
    let who = &invitation.who;
    let name = if who.user_name.is_empty() { &who.user_id } else { &who.user_name };
    let (name, id, team) = (escaped(name), escaped(&who.user_id), escaped(&who.team_id));
    let (host, path) = (escaped(gitlab.url.as_str()), escaped(gitlab.project.as_str()));
    let disconnect = linked.map_or_else(String::new, |linked| {
        format!(
            "<p>Now connected with <strong>@{}</strong>.</p><form method=\"post\">\
             <button name=\"action\" value=\"disconnect\">Disconnect</button></form>",
            escaped(&linked.username)
        )
    });
    format!(
        "<p>This connects the {chat} user <strong>{name}</strong> ({id}, team {team}) with <em>your</em> account at \
         <strong>{host}</strong>, for the project {path}. <strong>Go on only if that user is you</strong>: whoever it \
         is may then do from chat what you may do.</p>{disconnect}\
         <p>Make a <a rel=\"noreferrer\" href=\"{host}/-/user_settings/personal_access_tokens?name=Bellhop&amp;scopes=read_user\">\
         personal access token</a> with the scope <code>read_user</code>, which may expire tomorrow, and paste it here. It \
         is used once, to ask GitLab who you are, and never kept; revoke it afterwards.</p>\
         <form method=\"post\" autocomplete=\"off\"><label for=\"token\">Token</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" required>\
         <button>Connect</button></form>"
    )
}

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, &wrong(&ConnectError::Gone.to_string()))
}

fn wrong(sentence: &str) -> String {
    format!("<p class=\"wrong\">{}</p>", escaped(sentence))
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Bellhop: connect your account</title>\
         <style>{STYLE}</style></head><body><h1>Connect your account</h1>{body}</body></html>"
    );
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Text that stays text, between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
