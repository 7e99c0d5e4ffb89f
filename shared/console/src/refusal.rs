//! Why a page is not shown, or a form not taken: a page of its own, with a sentence and a way on.
//!
//! Not here: what is wrong with a form's fields, which is said beside them.

use app::projects::SaveError;
use app::{Causes, StoreError};
use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::page::Chrome;

/// Why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody has signed in, or the session is over.
    #[error("Sign in first.")]
    SignIn {
        /// Where to go on, a path of ours.
        back: String,
    },
    /// Not there, or not for this token: both look the same.
    #[error("There is nothing at this address, or nothing that your token may see.")]
    NotFound,
    /// The token may look, and no more.
    #[error("Your token may only look. To change something, sign in with another one.")]
    ReadOnly,
    /// The form did not come from our page.
    #[error(
        "This form did not come from a page of this Bellhop, or lay around for too long. Go back, reload the page, and try again."
    )]
    Forged,
    /// It could not be read.
    #[error("The form could not be read: {0}.")]
    Unreadable(&'static str),
    /// Somebody else saved meanwhile.
    #[error(
        "Somebody else has changed this project since you opened the page. Nothing was saved: open the page again, and repeat your change."
    )]
    Conflict,
    /// A sentence of its own.
    #[error("{0}")]
    Because(String),
    /// Our own fault.
    #[error("Something went wrong on our side, and nothing was changed. It is in the log.")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'a> {
    chrome: Chrome,
    title: &'a str,
    sentence: String,
}

impl Refusal {
    /// A fault of ours.
    pub(crate) fn fault(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Fault(Box::new(error))
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::SignIn { .. } => (StatusCode::SEE_OTHER, "Sign in"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            Self::ReadOnly => (StatusCode::FORBIDDEN, "Read only"),
            Self::Forged => (StatusCode::FORBIDDEN, "Not taken"),
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "Not readable"),
            Self::Conflict => (StatusCode::CONFLICT, "Changed meanwhile"),
            Self::Because(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Not done"),
            Self::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::fault(error)
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Self::fault(error)
    }
}

/// What is wrong with a project is told; that the table is away is not.
impl From<SaveError> for Refusal {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Store(error) => error.into(),
            SaveError::Changed => Self::Conflict,
            other => Self::Because(sentence(&other)),
        }
    }
}

/// An error's words as a sentence.
pub(crate) fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let start = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{start}{}{end}", letters.as_str())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title) = self.status();
        if let Self::SignIn { back } = &self {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
            return Redirect::to(&format!("/login?{query}")).into_response();
        }
        if let Self::Fault(source) = &self {
            tracing::error!(status = status.as_u16(), error = %Causes(&**source), "page.failed");
        }
        let page = Page { chrome: Chrome::nobody(""), title, sentence: self.to_string() };
        (status, Html(page.render().unwrap_or_default())).into_response()
    }
}
