//! As much of a browser as these tests need: it keeps its cookie, follows a redirect, and sends a form with all that
//! stands in it.
//!
//! Not here: looks.

use std::net::IpAddr;

use app::ClientAddress;
use axum::Router;
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

const OURS: &str = "http://bellhop.test";

pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
    /// Where it is connected from.
    pub(crate) client: IpAddr,
    /// Says where a form comes from.
    pub(crate) origin: &'static str,
    /// Where it is.
    pub(crate) path: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The page that it shows.
    pub(crate) page: String,
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        let (path, page, headers) = Default::default();
        let client = IpAddr::from([192, 0, 2, 1]);
        Self { router, cookie: None, client, origin: OURS, path, status: StatusCode::OK, headers, page }
    }

    pub(crate) async fn get(&mut self, path: &str) -> &str {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(path, request).await;
        &self.page
    }

    /// Fills the form with this action on the page that is shown, and sends it. What is not named stays as it is; `-` in
    /// front of a name takes a tick away.
    pub(crate) async fn submit(&mut self, action: &str, typed: &[(&str, &str)]) -> &str {
        let mut fields = form(&self.page, action);
        for (name, value) in typed {
            let name = name.strip_prefix('-').map_or((*name, true), |name| (name, false));
            fields.retain(|(known, _)| known != name.0);
            if name.1 {
                fields.push((name.0.to_owned(), (*value).to_owned()));
            }
        }
        self.post(action, &fields).await
    }

    /// Sends a form that need not be on the page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> &str {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ORIGIN, self.origin)
            .body(Body::from(body))
            .unwrap();
        self.send(path, request).await;
        &self.page
    }

    async fn send(&mut self, path: &str, mut request: Request<Body>) {
        request.extensions_mut().insert(ClientAddress(self.client));
        request.headers_mut().insert(HOST, "bellhop.test".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        path.clone_into(&mut self.path);
        (self.status, self.headers) = (answer.status(), answer.headers().clone());
        if let Some(set) = self.headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with("bellhop=")).then(|| pair.to_owned());
        }
        let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
        self.page = String::from_utf8(body.to_vec()).unwrap();
        if self.status == StatusCode::SEE_OTHER {
            let next = self.headers[LOCATION].to_str().unwrap().to_owned();
            Box::pin(self.get(&next)).await;
        }
    }

    /// The text of the page, without its elements.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for piece in self.page.split('<') {
            text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
            text.push(' ');
        }
        unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text between a marker and the end of the element behind it.
    pub(crate) fn behind(&self, marker: &str) -> String {
        let (_, rest) =
            self.page.split_once(marker).unwrap_or_else(|| panic!("no {marker} in {}", self.page));
        let (_, rest) = rest.split_once('>').unwrap();
        unescaped(rest.split('<').next().unwrap())
    }
}

/// The fields of a form, as a browser would send them untouched.
pub(crate) fn form(page: &str, action: &str) -> Vec<(String, String)> {
    let start =
        page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no form {action} in {page}"));
    let form = page[start..].split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for piece in form.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        let value = |name| attribute(tag, name).unwrap_or_default();
        if tag.starts_with("input ") {
            let is_sent = value("type") != "checkbox" || tag.contains(" checked");
            if is_sent {
                fields.push((value("name"), value("value")));
            }
        } else if tag.starts_with("textarea ") {
            fields.push((value("name"), unescaped(text.strip_prefix('\n').unwrap_or(text))));
        } else if tag.starts_with("select ") {
            fields.push((value("name"), String::new()));
        } else if tag.starts_with("option ") && tag.contains(" selected") {
            fields.last_mut().unwrap().1 = value("value");
        }
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(unescaped)
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&gt;", ">").replace("&lt;", "<").replace("&#38;", "&").replace("&amp;", "&")
}
