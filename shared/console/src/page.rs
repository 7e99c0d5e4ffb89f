//! What all pages have in common: the frame around them, and the headers that keep a browser from being used against its
//! user.
//!
//! Not here: who may see what (`visit`), the pages themselves.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

use crate::refusal::Refusal;
use crate::visit::Visit;

/// No script, no frame, nothing from elsewhere: a text that slips through as HTML can do nothing.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What every page's answer says. The referrer stays among our own pages, and is not forbidden altogether: browsers then
/// say `Origin: null` with our own forms (<https://fetch.spec.whatwg.org/#append-a-request-origin-header>).
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Whoever is signed in, as the frame names them.
pub(crate) struct Visitor {
    pub(crate) name: String,
    pub(crate) is_admin: bool,
}

/// The frame of a page.
pub(crate) struct Chrome {
    pub(crate) visitor: Option<Visitor>,
    /// Which of the main sections it belongs to.
    pub(crate) section: &'static str,
    /// What forms prove themselves with.
    pub(crate) csrf: String,
    /// What was just done.
    pub(crate) said: Option<&'static str>,
}

impl Chrome {
    /// For whoever is signed in.
    pub(crate) fn of(visit: &Visit, section: &'static str) -> Self {
        let visitor = Visitor { name: visit.token.name.clone(), is_admin: visit.token.scope.is_admin() };
        Self { visitor: Some(visitor), section, csrf: visit.csrf().to_owned(), said: visit.said }
    }

    /// For a page that needs nobody.
    pub(crate) fn nobody(csrf: &str) -> Self {
        Self { visitor: None, section: "", csrf: csrf.to_owned(), said: None }
    }
}

/// A page as an answer.
pub(crate) fn shown(page: &impl Template) -> Result<Response, Refusal> {
    shown_as(StatusCode::OK, page)
}

/// The same, with another status.
pub(crate) fn shown_as(status: StatusCode, page: &impl Template) -> Result<Response, Refusal> {
    Ok((status, Html(page.render()?)).into_response())
}

/// Adds what every page's answer says, unless the answer says something itself.
pub(crate) async fn guarded(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
