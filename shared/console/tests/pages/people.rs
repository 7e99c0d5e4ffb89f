//! Who gets in, who sees what, and whose forms are taken.

use std::net::IpAddr;
use std::time::Duration;

use app::tokens::{self, Scope};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, SET_COOKIE};

use crate::browser::form;
use crate::world::{World, only};

#[tokio::test]
async fn one_signs_in_with_a_token_and_out() {
    let world = World::new().await;
    let (token, _) = world.token("ada", Scope::Admin).await;
    let mut ada = world.browser();

    ada.get("/projects/1/irker?x=1").await;
    assert_eq!(ada.path, "/login?next=%2Fprojects%2F1%2Firker%3Fx%3D1", "first, one signs in");
    ada.submit("/login", &[("token", "bhp-wrong")]).await;
    assert_eq!(ada.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ada.behind("id=\"token-problem\""), "The token is wrong.");
    assert!(
        ada.page.contains("aria-describedby=\"token-hint token-problem\"") && !ada.page.contains("bhp-wrong")
    );

    ada.submit("/login", &[("token", &token)]).await;
    assert_eq!(ada.path, "/projects/1/irker?x=1", "and goes on where they wanted");
    assert_eq!(ada.status, StatusCode::NOT_FOUND);
    assert!(ada.get("/").await.contains("ada") && !ada.page.contains(&token));

    ada.submit("/logout", &[]).await;
    assert!(ada.text().contains("Signed out."));
    ada.get("/").await;
    assert!(ada.path.starts_with("/login"));
}

#[tokio::test]
async fn somebody_who_guesses_tokens_keeps_nobody_else_out() {
    let world = World::new().await;
    let (token, _) = world.token("ada", Scope::Admin).await;
    let (mut mallory, mut ada) = (world.browser(), world.browser());
    ada.client = IpAddr::from([192, 0, 2, 2]);

    mallory.get("/login").await;
    for guess in 0..30 {
        mallory.submit("/login", &[("token", &format!("bhp-guess-{guess}"))]).await;
    }
    assert_ne!(mallory.behind("id=\"token-problem\""), "The token is wrong.", "it is not looked at any more");

    ada.get("/login").await;
    ada.submit("/login", &[("token", &token)]).await;
    assert_eq!((ada.path.as_str(), ada.status), ("/", StatusCode::OK));
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_with_the_day() {
    let world = World::new().await;
    let (token, id) = world.token("ada", Scope::Admin).await;
    let mut ada = world.browser();
    ada.get("/login").await;
    ada.submit("/login", &[("token", &token)]).await;
    assert_eq!(ada.path, "/");

    world.clock.advance(Duration::from_hours(11));
    ada.get("/").await;
    assert_eq!(ada.path, "/");
    tokens::revoke(&world.app, id).await.unwrap();
    ada.get("/").await;
    assert!(ada.path.starts_with("/login"), "the token was taken back");

    let mut bob = world.admin().await;
    world.clock.advance(Duration::from_hours(12));
    bob.get("/").await;
    assert!(bob.path.starts_with("/login"), "the day is over");
}

#[tokio::test]
async fn who_signs_out_is_signed_out_wherever_their_cookie_is() {
    let world = World::new().await;
    let (token, _) = world.token("ada", Scope::Admin).await;
    let (mut ada, mut elsewhere, mut thief) = (world.browser(), world.browser(), world.browser());
    for browser in [&mut ada, &mut elsewhere] {
        browser.get("/login").await;
        browser.submit("/login", &[("token", &token)]).await;
    }
    thief.cookie.clone_from(&ada.cookie);
    thief.get("/projects/new").await;
    assert_eq!(thief.path, "/projects/new", "a copied cookie is as good as the true one");
    let form = form(&thief.page, "/projects/new");

    ada.submit("/logout", &[]).await;
    thief.get("/projects/new").await;
    assert!(thief.path.starts_with("/login"), "until its owner signs out");
    thief.post("/projects/new", &form).await;
    assert!(thief.path.starts_with("/login"), "{}", thief.path);
    elsewhere.get("/tokens").await;
    assert_eq!(elsewhere.path, "/tokens", "and nobody else is");
}

#[tokio::test]
async fn a_cookie_that_was_touched_is_none() {
    let world = World::new().await;
    let mut ada = world.admin().await;
    let cookie = ada.cookie.clone().unwrap();
    for touched in
        [cookie.replacen('A', "B", 1), format!("{cookie}A"), "bellhop=".to_owned(), "bellhop=AAAA".to_owned()]
    {
        ada.cookie = Some(touched.clone());
        ada.get("/").await;
        assert!(ada.path.starts_with("/login") || touched == cookie, "{touched}");
    }
}

#[tokio::test]
async fn the_cookie_is_for_our_pages_alone() {
    let world = World::new().await;
    let (token, _) = world.token("ada", Scope::Admin).await;
    let mut ada = world.browser();
    ada.get("/login").await;
    let set = ada.headers[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        set.starts_with("bellhop=") && set.contains("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    ada.submit("/login", &[("token", &token)]).await;
    assert_eq!(ada.headers[CACHE_CONTROL], "no-store");
    let policy = ada.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_form_from_elsewhere_is_not_taken() {
    let world = World::new().await;
    let mut ada = world.admin().await;
    ada.get("/projects/new").await;
    let mut fields = form(&ada.page, "/projects/new");
    fields.iter_mut().find(|(name, _)| name == "path").unwrap().1 = "g/p".to_owned();

    let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
    ada.post("/projects/new", &without).await;
    assert_eq!(ada.status, StatusCode::FORBIDDEN);
    let mut others = world.admin().await;
    others.post("/projects/new", &fields).await;
    assert_eq!(others.status, StatusCode::FORBIDDEN, "the proof of one session is none in another");
    for elsewhere in ["https://evil.example", "null", "http://bellhop.test.evil.example"] {
        ada.origin = elsewhere;
        ada.post("/projects/new", &fields).await;
        assert_eq!(ada.status, StatusCode::FORBIDDEN, "{elsewhere}");
    }
    assert!(ada.text().contains("did not come from a page of this Bellhop"), "{}", ada.text());
    ada.origin = "http://bellhop.test";
    ada.post("/projects/new", &fields).await;
    assert_eq!(ada.status, StatusCode::CREATED);
}

/// The addresses that forms are posted to, as the router has them: a new one is in the list by itself.
fn posted_to() -> Vec<String> {
    let source = include_str!("../../src/lib.rs");
    let routes = source.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
    let posts = routes.filter(|route| route.contains("post("));
    let paths: Vec<_> = posts.filter_map(|route| Some(route.split_once('"')?.0.to_owned())).collect();
    assert!(paths.len() >= 20, "{paths:?}");
    paths
}

#[tokio::test]
async fn no_address_takes_a_form_from_elsewhere() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let before = world.stored(id).await;
    for path in posted_to() {
        let path = path.replace("{project}", &id.to_string()).replace("{platform}", "slack");
        let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let mut ada = world.admin().await;
        ada.get("/projects/new").await;
        let proof: Vec<_> =
            form(&ada.page, "/projects/new").into_iter().filter(|field| field.0 == "csrf").collect();
        ada.post(&path, &[]).await;
        assert_eq!(ada.status, StatusCode::FORBIDDEN, "{path} without a proof");
        ada.post(&path, &[("csrf".to_owned(), "0".repeat(32))]).await;
        assert_eq!(ada.status, StatusCode::FORBIDDEN, "{path} with a made-up proof");
        ada.origin = "https://evil.example";
        ada.post(&path, &proof).await;
        assert_eq!(ada.status, StatusCode::FORBIDDEN, "{path} from elsewhere");
        ada.origin = "http://bellhop.test";
        let mut nobody = world.browser();
        nobody.post(&path, &proof).await;
        let is_refused = nobody.status == StatusCode::FORBIDDEN || nobody.path.starts_with("/login");
        assert!(is_refused, "{path} without a cookie: {} {}", nobody.status, nobody.path);
        ada.get("/projects").await;
        assert_eq!(ada.path, "/projects", "{path} did nothing, and signed nobody out");
    }
    assert_eq!(world.stored(id).await, before, "nothing was changed");
}

#[tokio::test]
async fn a_token_sees_its_projects_and_nothing_else() {
    let world = World::new().await;
    let (ours, theirs) = (world.project("g/ours").await, world.project("g/theirs").await);
    let mut maintainer = world.signed_in(Scope::Maintainer { projects: only(&[ours]) }).await;

    maintainer.get("/projects").await;
    assert!(maintainer.page.contains("g/ours") && !maintainer.page.contains("g/theirs"));
    for path in ["", "/irker", "/hooks", "/deliveries/irker"] {
        maintainer.get(&format!("/projects/{ours}{path}")).await;
        assert_eq!(maintainer.status, StatusCode::OK, "{path}");
        maintainer.get(&format!("/projects/{theirs}{path}")).await;
        assert_eq!(maintainer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for admins in ["/projects/new", "/tokens"] {
        maintainer.get(admins).await;
        assert_eq!(maintainer.status, StatusCode::NOT_FOUND, "{admins}");
    }
}

#[tokio::test]
async fn who_may_only_look_gets_no_forms_and_none_are_taken() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut admin = world.admin().await;
    admin.get(&format!("/projects/{id}/irker")).await;
    let fields = form(&admin.page, &format!("/projects/{id}/irker"));
    let mut reader = world.signed_in(Scope::ReadOnly { projects: None }).await;

    reader.get(&format!("/projects/{id}")).await;
    assert!(reader.page.contains("read only") && !reader.page.contains("Make a new secret"));
    reader.get(&format!("/projects/{id}/irker")).await;
    assert!(
        !reader.page.contains("Save changes") && reader.page.contains("<fieldset class=\"fields\" disabled>")
    );
    let csrf = form(&reader.page, "/logout");
    let fields: Vec<_> = fields.into_iter().filter(|(name, _)| name != "csrf").chain(csrf).collect();
    reader.post(&format!("/projects/{id}/irker"), &fields).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN);
    assert!(reader.text().contains("Your token may only look."));
    reader.get(&format!("/projects/{id}/hooks/new")).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_stylesheet_is_kept_for_ever() {
    let world = World::new().await;
    let mut ada = world.browser();
    ada.get("/login").await;
    let (_, rest) = ada.page.split_once("href=\"/assets/").unwrap();
    let path = format!("/assets/{}", rest.split('"').next().unwrap());
    ada.get(&path).await;
    assert!(ada.page.contains("prefers-color-scheme") && ada.headers.contains_key(ETAG));
    assert_eq!(ada.headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn an_admin_makes_tokens_for_others_and_takes_them_back() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    ada.get("/tokens").await;
    ada.submit("/tokens", &[("name", "bob"), ("projects", "g/other")]).await;
    assert_eq!(ada.behind("id=\"projects-problem\""), "There is no project 'g/other'.");
    ada.submit("/tokens", &[("projects", "g/p"), ("expires_at", "2001-01-01")]).await;
    assert_eq!(ada.behind("id=\"expires_at-problem\""), "A token's end is in the future.");
    ada.submit("/tokens", &[("expires_at", "2030-01-01")]).await;
    assert_eq!(ada.status, StatusCode::CREATED);
    let token = ada.behind("id=\"new-secret\"");
    assert!(ada.text().contains("bob maintainer g/p never ends on 2030-01-01"), "{}", ada.text());
    assert!(!ada.get("/tokens").await.contains(&token), "once");

    let mut bob = world.browser();
    bob.get("/login").await;
    bob.submit("/login", &[("token", &token)]).await;
    bob.get(&format!("/projects/{id}")).await;
    assert_eq!(bob.status, StatusCode::OK);
    ada.submit("/tokens/2/revoke", &[]).await;
    assert!(ada.text().contains("Revoked."));
    bob.get(&format!("/projects/{id}")).await;
    assert!(bob.path.starts_with("/login"));
}
