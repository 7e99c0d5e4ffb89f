//! The door: a request's bounds, its token, its project and its version, before a handler sees it.
//!
//! What a token may not see is not there: 404, whether or not it is. Nothing here is for browsers: no cookie is read, no
//! other origin is let in (no CORS), nothing is to be kept (`no-store`).
//!
//! Not here: what a request does.

use std::sync::Arc;
use std::time::Duration;

use app::ClientAddress;
use app::projects::{self, Revision, Saved};
use app::tokens::{self, RefusedToken, Token};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use config::{ProjectId, ProjectPath};
use http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, IF_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

use crate::Api;
use crate::body;
use crate::call::Call;
use crate::fields::Fields;
use crate::openapi;
use crate::refusal::Refusal;
use crate::routes::{Access, Route, routes};

/// The most bytes of a body: a hundred rules of access with all their lists take a tenth.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How long a request may take in all: a test of a hook waits for its target for thirty seconds at the most, and a
/// function of AWS ends soon after.
const TIME_MAX: Duration = Duration::from_secs(40);

/// Where all of it is.
const ROOT: &str = "/api/v4";

/// The router: everything under `/api`.
pub fn router(api: Api) -> Router {
    let api = Arc::new(api);
    let mut router = Router::new();
    for route in routes() {
        let path = format!("{ROOT}{}", route.path);
        router = router.route(&path, serve(&api, route));
    }
    let document = openapi::document(&routes()).to_string();
    let json = [("content-type", "application/json")];
    router
        .route("/api/openapi.json", axum::routing::get(async move || (json, document.clone())))
        .method_not_allowed_fallback(async || Refusal::Method)
        .route("/api/{*rest}", axum::routing::any(async || Refusal::NotFound("")))
        .layer(axum::middleware::map_response(async |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }))
}

/// The parts of an address, if it is a text.
type PathParams = Result<RawPathParams, RawPathParamsRejection>;

fn serve(api: &Arc<Api>, route: Route) -> MethodRouter {
    let (api, route) = (Arc::clone(api), Arc::new(route));
    // Every method of the table is one that axum knows.
    let method = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::TRACE);
    on(method, async move |path: PathParams, request: Request| {
        let (parts, body) = request.into_parts();
        let here = here(&api, &parts);
        match tokio::time::timeout(TIME_MAX, answer(&api, &route, (path, parts, body))).await {
            Ok(Ok(reply)) => reply.response(&here),
            Ok(Err(refusal)) => refusal.into_response(),
            Err(_) => Refusal::TooSlow.into_response(),
        }
    })
}

async fn answer(
    api: &Arc<Api>,
    route: &Route,
    (path, parts, body): (PathParams, Parts, Body),
) -> crate::reply::Answered {
    let token = authenticate(api, &parts).await?;
    let path = decoded(&path.map_err(|_| Refusal::NotFound(""))?)?;
    let project = match path.iter().find(|(name, _)| name == "id") {
        Some((_, id)) if route.path.starts_with("/projects/") => find(api, id).await?,
        _ => None,
    };
    admit(route.access, &token, project.as_ref())?;
    let expected = expected(&parts.headers)?;
    if let (Some(expected), Some(saved)) = (expected, &project)
        && route.is_write()
        && expected != saved.revision
    {
        return Err(Refusal::Precondition);
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Refusal::TooLarge)?;
    let said = body::read(parts.uri.query().unwrap_or_default(), &parts.headers, &body)?;
    let fields = Fields::read(&route.fields, said)?;
    let who = (token.id, project.as_ref().map(|saved| saved.project.id));
    let route_path = route.path.clone();
    let call = Call { api: Arc::clone(api), token, project, route: route_path, path, fields, expected };
    let answered = (route.handler)(call).await;
    if route.is_write() {
        let (status, project) =
            (answered.as_ref().map_or_else(Refusal::status, crate::reply::Reply::status), who.1);
        let (method, path, token) = (&route.method, route.path.as_str(), who.0);
        let project = project.map(|id| id.0);
        tracing::info!(%token, project, %method, path, status = status.as_u16(), "api.asked");
    }
    answered
}

/// `PRIVATE-TOKEN`, `Authorization: Bearer`, or `JOB-TOKEN`, as GitLab's tools send it. Never in the query: addresses end
/// up in logs.
async fn authenticate(api: &Api, parts: &Parts) -> Result<Token, Refusal> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || {
        let (scheme, token) = header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    };
    let shown = header("private-token").or_else(bearer).or_else(|| header("job-token"));
    let from = ClientAddress::of(&parts.extensions, &parts.headers);
    match tokens::authenticate(&api.app, shown.ok_or(Refusal::Unauthorized)?, from).await {
        Ok(token) => Ok(token),
        Err(RefusedToken::Wrong) => Err(Refusal::Unauthorized),
        Err(RefusedToken::TooMany(wait)) => Err(Refusal::TooMany(wait)),
        Err(RefusedToken::Store(error)) => Err(error.into()),
    }
}

fn admit(access: Access, token: &Token, project: Option<&Saved>) -> Result<(), Refusal> {
    let of_project = |may: bool| {
        let seen = project.filter(|saved| token.scope.may_read(saved.project.id));
        match seen {
            None => Err(Refusal::NotFound("Project")),
            Some(_) if may => Ok(()),
            Some(_) => Err(Refusal::Forbidden),
        }
    };
    match access {
        Access::Token => Ok(()),
        Access::Read => of_project(true),
        Access::Write => of_project(project.is_some_and(|saved| token.scope.may_write(saved.project.id))),
        // To delete a project takes more than to see it.
        Access::Admin if token.scope.is_admin() => Ok(()),
        Access::Admin if project.is_some() => of_project(false),
        Access::Admin => Err(Refusal::Forbidden),
    }
}

/// By number, or by path (`g%2Fp`).
async fn find(api: &Api, id: &str) -> Result<Option<Saved>, Refusal> {
    let number = match (id.parse().ok(), ProjectPath::try_from(id.to_owned())) {
        (Some(number), _) => Some(ProjectId(number)),
        (None, Ok(path)) => projects::number_of(&api.app, &path).await?,
        (None, Err(_)) => None,
    };
    let Some(number) = number else { return Err(Refusal::NotFound("Project")) };
    let found = projects::find(&api.app, number).await?;
    found.map(Some).ok_or(Refusal::NotFound("Project"))
}

fn decoded(path: &RawPathParams) -> Result<Vec<(String, String)>, Refusal> {
    let decode = |(name, value): (&str, &str)| {
        let value = percent_encoding::percent_decode_str(value).decode_utf8();
        value.map(|value| (name.to_owned(), value.into_owned())).map_err(|_| Refusal::NotFound(""))
    };
    path.iter().map(decode).collect()
}

/// `If-Match`. Of several versions, or of one that we never gave, none is the stored one.
fn expected(headers: &HeaderMap) -> Result<Option<Revision>, Refusal> {
    let Some(text) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = text.to_str().map_err(|_| Refusal::Precondition)?.trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let number = number.and_then(|text| text.parse().ok()).ok_or(Refusal::Precondition)?;
    Ok(Some(Revision(number)))
}

/// The address that was asked for, for links to other pages: under the address that Bellhop is known to be reached at, or
/// else as the request names its host.
fn here(api: &Api, parts: &Parts) -> Uri {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let known = api.app.addresses.console.as_ref().map(|url| format!("{}{path}", url.as_str()));
    let named = || {
        let host = parts.headers.get(HOST)?.to_str().ok()?;
        let scheme = parts.headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
        let scheme = scheme.filter(|scheme| *scheme == "https").unwrap_or("http");
        Some(format!("{scheme}://{host}{path}"))
    };
    let uri = known.or_else(named).and_then(|text| text.parse().ok());
    uri.unwrap_or_else(|| parts.uri.clone())
}
