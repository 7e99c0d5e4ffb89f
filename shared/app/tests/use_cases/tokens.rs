//! Tokens for the API: shown once, stored as a digest, good until they end or are taken back.

use std::collections::BTreeSet;
use std::time::Duration;

use app::table::{Key, Query};
use app::tokens::{self, NewToken, NewTokenError, RefusedToken, Scope, Token, TokenId};
use config::ProjectId;
use payload::Secret;

use crate::world::World;

async fn make(world: &World, scope: Scope) -> (String, Token) {
    let new = NewToken { name: "ci".to_owned(), scope, expires_at: None };
    let (secret, token) = tokens::make(&world.app, new).await.unwrap();
    (secret.expose().to_owned(), token)
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for_and_is_stored_as_a_digest() {
    let world = World::new().await.unwrap();
    let (text, token) = make(&world, Scope::Admin).await;
    assert!(text.starts_with(tokens::PREFIX) && text.len() == 44, "{text}");
    let found = tokens::authenticate(&world.app, &text, None).await.unwrap();
    assert_eq!(found, token);
    for wrong in ["", "bhp-", &text[..43], &text.to_uppercase(), &"x".repeat(100_000)] {
        let refused = tokens::authenticate(&world.app, wrong, None).await;
        assert!(matches!(refused, Err(RefusedToken::Wrong)), "{wrong}");
    }
    let list = world.app.table.query(&Query::prefix("tokens", "")).await.unwrap();
    let partition = serde_json::from_str::<serde_json::Value>(&list.items[0].item.document).unwrap();
    let partition = partition["partition"].as_str().unwrap().to_owned();
    let row = world.app.table.get(&Key::new(partition, "token")).await.unwrap().unwrap();
    assert!(!format!("{list:?} {row:?}").contains(&text));
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over_or_when_it_is_taken_back() {
    let world = World::new().await.unwrap();
    let end = world.app.clock.now() + Duration::from_hours(1);
    let new = NewToken { name: "short".to_owned(), scope: Scope::Admin, expires_at: Some(end) };
    let (short, _) = tokens::make(&world.app, new).await.unwrap();
    let (long, token) = make(&world, Scope::Admin).await;
    assert!(tokens::find_by_secret(&world.app, short.expose()).await.unwrap().is_some());
    world.clock.advance(Duration::from_hours(1));
    assert!(tokens::find_by_secret(&world.app, short.expose()).await.unwrap().is_none());
    tokens::revoke(&world.app, token.id).await.unwrap().unwrap();
    assert!(tokens::find_by_secret(&world.app, &long).await.unwrap().is_none());
    let listed = tokens::list(&world.app, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id.0).collect::<Vec<_>>(), [1, 2]);
    assert!(listed[1].revoked_at.is_some());
    assert!(tokens::revoke(&world.app, TokenId(3)).await.unwrap().is_none());
}

#[tokio::test]
async fn its_last_use_is_known_to_within_an_hour() {
    let world = World::new().await.unwrap();
    let (text, token) = make(&world, Scope::Admin).await;
    let (first, minutes) = (world.app.clock.now(), Duration::from_mins(59));
    for after in [Duration::ZERO, minutes, minutes] {
        world.clock.advance(after);
        tokens::find_by_secret(&world.app, &text).await.unwrap().unwrap();
    }
    let used = tokens::find(&world.app, token.id).await.unwrap().unwrap().last_used_at;
    assert_eq!(used, Some(first + minutes + minutes));
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_not_made() {
    let world = World::new().await.unwrap();
    let make = |name: &str, scope, expires_at| {
        tokens::make(&world.app, NewToken { name: name.to_owned(), scope, expires_at })
    };
    let none = || Scope::Maintainer { projects: BTreeSet::new() };
    assert!(matches!(make("", Scope::Admin, None).await, Err(NewTokenError::Name)));
    assert!(matches!(make("a\nb", Scope::Admin, None).await, Err(NewTokenError::Name)));
    assert!(matches!(make("a", none(), None).await, Err(NewTokenError::Projects)));
    let now = Some(world.app.clock.now());
    assert!(matches!(make("a", Scope::Admin, now).await, Err(NewTokenError::Expiry)));
}

#[test]
fn a_scope_says_what_may_be_seen_and_changed() {
    let some = || BTreeSet::from([ProjectId(7)]);
    let (mine, other) = (ProjectId(7), ProjectId(8));
    for (scope, may) in [
        (Scope::Admin, [true, true, true, true]),
        (Scope::Maintainer { projects: some() }, [true, true, false, false]),
        (Scope::ReadOnly { projects: Some(some()) }, [true, false, false, false]),
        (Scope::ReadOnly { projects: None }, [true, false, true, false]),
    ] {
        let of = |project| [scope.may_read(project), scope.may_write(project)];
        assert_eq!([of(mine), of(other)].concat(), may, "{scope:?}");
    }
}

#[tokio::test]
async fn a_stack_comes_with_a_token_of_its_own() {
    let world = World::new().await.unwrap();
    let app = world.app.admitting(&Secret::new("made-by-the-stack"));
    let token = tokens::authenticate(&app, "made-by-the-stack", None).await.unwrap();
    assert_eq!((token.id, token.scope), (TokenId(0), Scope::Admin));
    assert!(tokens::list(&app, None, 10).await.unwrap().is_empty());
    assert!(
        tokens::find(&app, token.id).await.unwrap().is_some(),
        "whoever has signed in with it stays signed in"
    );
}
