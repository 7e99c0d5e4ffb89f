//! Every route by every scope: the table of routes says who may, and this says whether that is so.

use std::collections::BTreeSet;

use app::tokens::Scope;
use config::ProjectId;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, project};
use crate::openapi;
use crate::routes::{Access, routes};

/// Who asks, in the order of the columns of [`expected`].
const WHO: usize = 6;

/// Whether a route with this access lets in: nobody, an admin, a maintainer of the project, one of another, a reader of
/// the project, a reader of all. `None` is 401, the others are what it is answered if it is not let in.
fn expected(access: Access) -> [Option<StatusCode>; WHO] {
    let (yes, no, gone) = (StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND);
    let of = |rest: [StatusCode; WHO - 1]| {
        let [admin, maintainer, other, reader, all] = rest.map(Some);
        [None, admin, maintainer, other, reader, all]
    };
    match access {
        Access::Token => of([yes; WHO - 1]),
        Access::Read => of([yes, yes, gone, yes, yes]),
        Access::Write => of([yes, yes, gone, no, no]),
        Access::Admin => of([yes, no, no, no, no]),
    }
}

#[tokio::test]
async fn every_scope_opens_what_it_should_and_nothing_else() {
    let (mut house, mut tokens) = house_of_many().await;
    for route in routes() {
        let path =
            route.path.replace("{id}", "1").replace("{hook_id}", "1").replace("{trigger}", "push_events");
        let path = path.replace(['{', '}'], "");
        let asked = format!("{} {path}", route.method);
        // The admin last: what it does may leave nothing for the others.
        for who in [0, 2, 3, 4, 5, 1] {
            let answer = match who {
                0 => house.ask_with(&[], &asked, json!({})).await,
                _ => house.ask_as(&tokens[who], &asked, json!({})).await,
            };
            let is_refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)
                || answer.body == json!({"message": "404 Project Not Found"});
            let mut expected = expected(route.access)[who];
            // A project that may not be seen is not there, also for what only an admin may do.
            if route.access == Access::Admin && who == 3 && route.path.starts_with("/projects/") {
                expected = Some(StatusCode::NOT_FOUND);
            }
            match expected {
                None => assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{asked} without a token"),
                Some(StatusCode::OK) => assert!(!is_refused, "{asked} by {who}: {answer:?}"),
                Some(refused) => assert_eq!((is_refused, answer.status), (true, refused), "{asked} by {who}"),
            }
        }
        if route.method == Method::DELETE {
            (house, tokens) = house_of_many().await;
        }
    }
}

/// A house with a second project, and a token for each who asks.
async fn house_of_many() -> (House, [String; WHO]) {
    let house = House::new().await;
    app::projects::create(&house.app, project("g/other", "other")).await.unwrap();
    let some = |number| BTreeSet::from([ProjectId(number)]);
    let tokens = [
        String::new(),
        house.admin.clone(),
        house.token(Scope::Maintainer { projects: some(1) }).await,
        house.token(Scope::Maintainer { projects: some(2) }).await,
        house.token(Scope::ReadOnly { projects: Some(some(1)) }).await,
        house.token(Scope::ReadOnly { projects: None }).await,
    ];
    (house, tokens)
}

#[tokio::test]
async fn who_shows_no_token_is_told_so_and_who_guesses_has_to_wait() {
    let house = House::new().await;
    let nobody = house.ask_with(&[], "GET /projects", Value::Null).await;
    insta::assert_snapshot!(nobody.told(), @r#"401 {"message":"401 Unauthorized"}"#);
    let mut last = StatusCode::UNAUTHORIZED;
    for guess in 0..30 {
        last = house.ask_as(&format!("guess-{guess}"), "GET /projects", Value::Null).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn the_document_describes_every_route() {
    let document = openapi::document(&routes());
    for route in routes() {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][format!("/api/v4{}", route.path)][method];
        assert!(operation["summary"].as_str().is_some_and(|about| about.ends_with('.')), "{}", route.path);
    }
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is described nowhere");
    }
}
