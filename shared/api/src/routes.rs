//! The table of routes: who may ask for what, what a request may say, and what it is answered with. The router, the
//! OpenAPI document and the test of every scope on every route are made from it.
//!
//! Not here: what a route does.

use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, schema::Schema};

use crate::call::Call;
use crate::fields::{Field, Kind, field};
use crate::reply::{Answered, PER_PAGE_MAX};
use crate::{audit, commands, deliveries, hooks, instance, integrations, projects, runs, settings, source};

/// The highest page that can be asked for: lists that are longer are narrowed down, not paged through.
pub(crate) const PAGE_MAX: i64 = 10_000;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever has a token.
    Token,
    /// Whoever may see the project in the path. To others it is not there.
    Read,
    /// Whoever may change it.
    Write,
    /// Administrators.
    Admin,
}

/// What a route does.
pub(crate) type Handler = fn(Call) -> BoxFuture<'static, Answered>;

/// The schema of an answer, with those that it names.
pub(crate) struct Shape {
    pub(crate) schema: Value,
    pub(crate) named: Vec<(String, RefOr<Schema>)>,
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Below `/api/v4`.
    pub(crate) path: String,
    pub(crate) access: Access,
    pub(crate) about: &'static str,
    pub(crate) fields: Vec<Field>,
    pub(crate) status: StatusCode,
    pub(crate) shape: Option<Shape>,
    pub(crate) is_paged: bool,
    pub(crate) handler: Handler,
}

impl Route {
    fn new(method: Method, path: impl Into<String>, access: Access, handler: Handler) -> Self {
        Self {
            method,
            path: path.into(),
            access,
            about: "",
            fields: Vec::new(),
            status: StatusCode::NO_CONTENT,
            shape: None,
            is_paged: false,
            handler,
        }
    }

    pub(crate) fn get(path: impl Into<String>, access: Access, handler: Handler) -> Self {
        Self::new(Method::GET, path, access, handler)
    }

    pub(crate) fn post(path: impl Into<String>, access: Access, handler: Handler) -> Self {
        Self::new(Method::POST, path, access, handler)
    }

    pub(crate) fn put(path: impl Into<String>, access: Access, handler: Handler) -> Self {
        Self::new(Method::PUT, path, access, handler)
    }

    pub(crate) fn delete(path: impl Into<String>, access: Access, handler: Handler) -> Self {
        Self::new(Method::DELETE, path, access, handler)
    }

    /// What it does, in one sentence.
    pub(crate) fn says(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// What a request may say.
    pub(crate) fn takes(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// What it answers with.
    pub(crate) fn gives<T: ToSchema>(self, status: StatusCode) -> Self {
        let mut named = Vec::new();
        T::schemas(&mut named);
        named.push((T::name().into_owned(), T::schema()));
        let schema = serde_json::json!({"$ref": format!("#/components/schemas/{}", T::name())});
        Self { status, shape: Some(Shape { schema, named }), ..self }
    }

    /// A list of those, a page at a time.
    pub(crate) fn paged(mut self) -> Self {
        if let Some(shape) = &mut self.shape {
            shape.schema = serde_json::json!({"type": "array", "items": shape.schema});
        }
        let most = i64::try_from(PER_PAGE_MAX).unwrap_or(i64::MAX);
        self.is_paged = true;
        self.takes([
            field("page", Kind::Number(1, PAGE_MAX), "Which page, from 1."),
            field("per_page", Kind::Number(1, most), "How many entries a page has."),
        ])
    }

    /// Whether it changes anything.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// All of them. Each path belongs to one module.
pub(crate) fn routes() -> Vec<Route> {
    [
        instance::routes(),
        projects::routes(),
        hooks::routes(),
        integrations::routes(),
        source::routes(),
        commands::routes(),
        settings::routes(),
        deliveries::routes(),
        runs::routes(),
        audit::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
