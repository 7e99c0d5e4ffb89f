//! The OpenAPI document, made of the table of routes. The schemas of answers are `utoipa`'s, from the types themselves.
//!
//! Not here: the routes.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::fields::Field;
use crate::routes::{Access, Route};

/// What a route may be answered with besides what it gives, with GitLab's words for it.
const REFUSALS: [(u16, &str); 12] = [
    (400, "A field is missing, or will not do"),
    (401, "No token, or a wrong one"),
    (403, "The token does not open this"),
    (404, "Not there, or not to be seen with this token"),
    (408, "The request took too long"),
    (409, "Somebody else changes the same"),
    (412, "The version in If-Match is not the stored one"),
    (413, "The body is too large"),
    (415, "The body is neither JSON nor a form"),
    (422, "Understood, and not possible"),
    (429, "Too many requests: Retry-After says when to come again"),
    (503, "Something went wrong here: try again"),
];

/// The whole document.
pub(crate) fn document(routes: &[Route]) -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    for route in routes {
        for (name, schema) in route.shape.iter().flat_map(|shape| &shape.named) {
            schemas.entry(name.clone()).or_insert_with(|| json!(schema));
        }
        let method = route.method.as_str().to_ascii_lowercase();
        paths.entry(format!("/api/v4{}", route.path)).or_default().insert(method, operation(route));
    }
    schemas.insert("Refused".to_owned(), refused());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bellhop",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "GitLab's API for what Bellhop has of it, and Bellhop's own in the same manner.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "security": [{"private_token": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "private_token": {"type": "apiKey", "in": "header", "name": "PRIVATE-TOKEN"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = names(&route.path).map(path_parameter).collect();
    let is_get = !route.is_write();
    if is_get {
        parameters.extend(route.fields.iter().map(query_parameter));
    } else if matches!(route.access, Access::Write) {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "The ETag of what is to be changed.",
        }));
    }
    let mut operation = json!({
        "operationId": format!("{} {}", route.method, route.path),
        "summary": route.about,
        "description": match route.access {
            Access::Token => "For every token.",
            Access::Read => "For tokens that may see the project.",
            Access::Write => "For tokens that may change the project.",
            Access::Admin => "For tokens of scope admin.",
        },
        "parameters": parameters,
        "responses": responses(route),
    });
    if !is_get && !route.fields.is_empty() {
        let schema = body_schema(&route.fields);
        operation["requestBody"] = json!({
            "required": route.fields.iter().any(|field| field.is_required),
            "content": {
                "application/json": {"schema": schema},
                "application/x-www-form-urlencoded": {"schema": schema},
            },
        });
    }
    operation
}

/// The names in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    let about = match name {
        "id" => "The project's number, or its path with %2F for each slash.",
        "hook_id" => "The hook's number.",
        _ => "",
    };
    let schema = if name == "hook_id" {
        json!({"type": "integer", "minimum": 1})
    } else {
        json!({"type": "string", "minLength": 1})
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema, "description": about})
}

fn query_parameter(field: &Field) -> Value {
    json!({
        "name": field.name, "in": "query", "required": field.is_required,
        "schema": field.kind.schema(), "description": field.about,
    })
}

fn body_schema(fields: &[Field]) -> Value {
    let property = |field: &Field| {
        let mut schema = field.kind.schema();
        schema["description"] = field.about.into();
        (field.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let required: Vec<_> = fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let mut given = json!({"description": route.status.canonical_reason().unwrap_or_default()});
    if let Some(shape) = &route.shape {
        given["content"] = json!({"application/json": {"schema": shape.schema}});
    }
    if route.is_paged {
        let header = |about: &str| json!({"description": about, "schema": {"type": "string"}});
        given["headers"] = json!({
            "Link": header("Other pages: first, prev, next, last."),
            "X-Page": header("This page."), "X-Per-Page": header("How many entries a page has."),
            "X-Next-Page": header("The next page, or nothing."), "X-Prev-Page": header("The one before, or nothing."),
            "X-Total": header("How many entries there are, where that is known."),
            "X-Total-Pages": header("How many pages there are, where that is known."),
        });
    }
    responses.insert(route.status.as_str().to_owned(), given);
    for (code, about) in REFUSALS {
        let is_given = StatusCode::from_u16(code).is_ok_and(|code| code == route.status);
        if !is_given {
            let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}});
            responses.insert(code.to_string(), json!({"description": about, "content": content}));
        }
    }
    responses.into()
}

fn refused() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "description": "Why a request is refused: one of the two.",
        "properties": {
            "error": {"type": "string"},
            "message": {"anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": texts},
            ]},
        },
        "anyOf": [{"required": ["error"]}, {"required": ["message"]}],
    })
}
