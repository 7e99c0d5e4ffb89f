//! What a page needs beside itself: one stylesheet and one icon, at addresses that change with their content, so that a
//! browser may keep them for ever.
//!
//! Not here: scripts. There are none, and the pages forbid them.

use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

const STYLESHEET: &str = include_str!("../assets/console.css");
const ICON: &str = include_str!("../assets/icon.svg");

/// A year, and it never changes: what has this address has this content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// How many bytes of the digest name a file: enough to tell one edition from the next.
const NAME_BYTES: usize = 6;

static STYLESHEET_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}.css", digest(STYLESHEET)));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/{}.svg", digest(ICON)));

fn digest(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    digest.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Where the stylesheet is.
pub(crate) fn stylesheet() -> &'static str {
    &STYLESHEET_PATH
}

/// Where the icon is.
pub(crate) fn icon() -> &'static str {
    &ICON_PATH
}

/// Their addresses.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(stylesheet(), get(|headers: HeaderMap| async move { file(&headers, "text/css", STYLESHEET) }))
        .route(icon(), get(|headers: HeaderMap| async move { file(&headers, "image/svg+xml", ICON) }))
}

fn file(asked: &HeaderMap, kind: &'static str, content: &'static str) -> Response {
    let etag = format!("\"{}\"", digest(content));
    let known = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let headers = [
        (CACHE_CONTROL, FOR_EVER.to_owned()),
        (ETAG, etag.clone()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, format!("{kind}; charset=utf-8"))], content).into_response()
}
