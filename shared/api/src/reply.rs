//! What a request is answered with, if it is not refused.

use app::projects::Revision;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde::Serialize;
use serde_json::Value;

use crate::refusal::Refusal;

/// What a handler gives.
pub(crate) type Answered = Result<Reply, Refusal>;

/// How many entries a page has unless somebody says otherwise, as in GitLab.
pub(crate) const PER_PAGE: usize = 20;

/// The most entries of a page, as in GitLab.
pub(crate) const PER_PAGE_MAX: usize = 100;

/// An answer.
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Value>,
    revision: Option<Revision>,
    page: Option<Page>,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "`per_page` is GitLab's word")]
pub(crate) struct Page {
    /// Counts from 1.
    pub(crate) number: usize,
    pub(crate) per_page: usize,
    /// How many entries there are in all, where that is known.
    pub(crate) total: Option<usize>,
    pub(crate) has_next: bool,
}

impl Page {
    /// How many entries come before it.
    pub(crate) fn offset(self) -> usize {
        (self.number - 1).saturating_mul(self.per_page)
    }
}

impl Reply {
    /// 200 with a body.
    #[expect(
        clippy::expect_used,
        reason = "our answers are structs of texts and numbers, which always serialise"
    )]
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("an answer serialises");
        Self { status: StatusCode::OK, body: Some(body), revision: None, page: None }
    }

    /// 201 with a body.
    pub(crate) fn created(body: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// 202 with a body.
    pub(crate) fn accepted(body: &impl Serialize) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// 204.
    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, revision: None, page: None }
    }

    /// 200 with one page of a list that is all there.
    pub(crate) fn page<T: Serialize>(entries: &[T], mut page: Page) -> Self {
        page.total = Some(entries.len());
        let rest = entries.get(page.offset()..).unwrap_or_default();
        page.has_next = rest.len() > page.per_page;
        Self { page: Some(page), ..Self::ok(&&rest[..rest.len().min(page.per_page)]) }
    }

    /// 200 with a page of a list whose length nobody counts.
    pub(crate) fn part(entries: &impl Serialize, page: Page) -> Self {
        Self { page: Some(page), ..Self::ok(entries) }
    }

    /// The same, of a project in this version.
    pub(crate) fn of(self, revision: Revision) -> Self {
        Self { revision: Some(revision), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// As it goes out. `here` is the address that was asked for, as whoever asked knows it.
    pub(crate) fn response(self, here: &Uri) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        if let Some(revision) = self.revision {
            insert(headers, ETAG, &etag(revision));
        }
        if let Some(page) = self.page {
            page.tell(headers, here);
        }
        response
    }
}

/// A project's version, as a header says it.
pub(crate) fn etag(revision: Revision) -> String {
    format!("\"{revision}\"")
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl Page {
    /// GitLab's headers (<https://docs.gitlab.com/api/rest/#pagination>).
    fn tell(self, headers: &mut HeaderMap, here: &Uri) {
        let name = HeaderName::from_static;
        let last = self.total.map(|total| total.div_ceil(self.per_page).max(1));
        let (previous, next) = (self.number.checked_sub(1).filter(|page| *page > 0), self.number + 1);
        let next = self.has_next.then_some(next);
        let text = |number: Option<usize>| number.map_or_else(String::new, |number| number.to_string());
        insert(headers, name("x-page"), &self.number.to_string());
        insert(headers, name("x-per-page"), &self.per_page.to_string());
        insert(headers, name("x-prev-page"), &text(previous));
        insert(headers, name("x-next-page"), &text(next));
        if let Some(total) = self.total {
            insert(headers, name("x-total"), &total.to_string());
            insert(headers, name("x-total-pages"), &text(last));
        }
        let links = [("prev", previous), ("next", next), ("first", Some(1)), ("last", last)];
        let links = links.into_iter().filter_map(|(rel, page)| {
            page.map(|page| format!("<{}>; rel=\"{rel}\"", with_page(here, page, self.per_page)))
        });
        insert(headers, LINK, &links.collect::<Vec<_>>().join(", "));
    }
}

/// The same address with another page.
fn with_page(here: &Uri, page: usize, per_page: usize) -> String {
    let query = here.query().unwrap_or_default();
    let others = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !matches!(name.as_ref(), "page" | "per_page"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others);
    query.append_pair("page", &page.to_string()).append_pair("per_page", &per_page.to_string());
    let whole = here.to_string();
    let before = whole.split('?').next().unwrap_or_default();
    format!("{before}?{}", query.finish())
}
