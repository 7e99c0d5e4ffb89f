//! Texts that want to be more than texts, in every field and in what comes in.

use http::StatusCode;

use crate::browser::form;
use crate::world::World;

const SCRIPT: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}";

/// Whatever the page says, it has no element that is not its own.
fn assert_harmless(page: &str, at: &str) {
    assert!(
        !page.contains("<script") && !page.contains("<img") && !page.contains("onerror=alert(1)>"),
        "{at}: {page}"
    );
}

#[tokio::test]
async fn no_field_of_any_form_becomes_markup() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let pages = [
        ("/projects/new".to_owned(), "/projects/new".to_owned()),
        (format!("/projects/{id}"), format!("/projects/{id}/source")),
        (format!("/projects/{id}"), format!("/projects/{id}/secret")),
        (format!("/projects/{id}/irker"), format!("/projects/{id}/irker")),
        (format!("/projects/{id}/hooks/new"), format!("/projects/{id}/hooks/new")),
    ];
    for (page, action) in pages {
        ada.get(&page).await;
        let fields = form(&ada.page, &action);
        let proofs = ["csrf", "revision"];
        for (name, _) in fields.iter().filter(|(name, _)| !proofs.contains(&name.as_str())) {
            ada.get(&page).await;
            ada.submit(&action, &[(name, SCRIPT), ("do", "preview")]).await;
            assert!(ada.status.as_u16() < 500, "{action} {name}: {}", ada.status);
            assert_harmless(&ada.page, &format!("{action} {name}"));
        }
    }
}

#[tokio::test]
async fn addresses_that_mean_nothing_lead_nowhere() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    for path in [
        "/projects/0",
        "/projects/-1",
        "/projects/99999999999999999999",
        "/projects/%3Cscript%3E",
        &format!("/projects/{id}/hooks/x"),
        &format!("/projects/{id}/deliveries/%2e%2e"),
        &format!("/projects/{id}/deliveries/irker/%00"),
    ] {
        ada.get(path).await;
        assert_eq!(ada.status, StatusCode::NOT_FOUND, "{path}");
        assert_harmless(&ada.page, path);
    }
    for path in [
        "/projects?search=%22%3E%3Cscript%3E",
        "/projects?after=1&search=%FF",
        "/login?next=%22%3E%3Cscript%3E",
        "/?done=%3Cscript%3E",
    ] {
        ada.get(path).await;
        assert_eq!(ada.status, StatusCode::OK, "{path}");
        assert_harmless(&ada.page, path);
    }
    ada.get("/login?next=//evil.example/").await;
    assert!(ada.page.contains("name=\"next\" value=\"/\""), "nobody is sent elsewhere");
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let world = World::new().await;
    let mut ada = world.admin().await;
    ada.get("/projects/new").await;
    let mut fields = form(&ada.page, "/projects/new");
    fields.push(("path".to_owned(), "x".repeat(600_000)));
    ada.post("/projects/new", &fields).await;
    assert_eq!(ada.status, StatusCode::BAD_REQUEST);
    assert!(ada.text().contains("it is too large, or broke off"));
}
