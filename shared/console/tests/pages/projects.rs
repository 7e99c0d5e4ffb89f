//! Projects come, change and go.

use app::Addresses;
use http::StatusCode;

use crate::world::World;

#[tokio::test]
async fn a_project_is_made_with_a_secret_that_is_shown_once() {
    let world = World::new().await;
    let mut ada = world.admin().await;
    assert!(ada.get("/").await.contains("Make the first project"));

    ada.get("/projects/new").await;
    ada.submit("/projects/new", &[("path", "not a path"), ("recipients", "#short http://h/#c")]).await;
    assert_eq!(ada.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(ada.behind("id=\"path-problem\"").starts_with("A project's path looks like group/name"));
    assert!(ada.behind("id=\"recipients-problem\"").contains("a short name needs a default IRC URI"));

    ada.submit(
        "/projects/new",
        &[("path", "mike/diaspora"), ("recipients", "irc://irc.example.net/diaspora")],
    )
    .await;
    assert_eq!(ada.status, StatusCode::CREATED);
    let secret = ada.behind("id=\"new-secret\"");
    assert_eq!(secret.len(), 48);
    let curl = ada.behind("id=\"curl\"");
    let inbound = ada.behind("id=\"inbound\"");
    assert!(inbound.starts_with("http://bellhop.test/hooks/"), "{inbound}");
    assert!(
        curl.starts_with(&format!("curl {inbound} ")) && curl.contains(&format!("X-Gitlab-Token: {secret}"))
    );

    ada.get("/projects/1").await;
    assert!(!ada.page.contains(&secret) && ada.behind("id=\"curl\"").contains("X-Gitlab-Token: YOUR-SECRET"));
    assert!(ada.get("/projects?search=DIASP").await.contains("mike/diaspora"));
    assert!(!ada.get("/projects?search=other").await.contains("mike/diaspora"));
    ada.get("/projects/new").await;
    ada.submit("/projects/new", &[("path", "mike/diaspora")]).await;
    assert!(ada.behind("id=\"path-problem\"").contains("belongs to another project"));
}

#[tokio::test]
async fn what_is_to_be_copied_names_the_doors_and_not_the_page() {
    let door = |url: &str| Some(url.parse().unwrap());
    let (hooks, commands) = (door("https://hooks.test/"), door("https://commands.test"));
    let world = World::found_at(Addresses { console: None, hooks, commands }).await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    ada.get(&format!("/projects/{id}")).await;
    assert_eq!(ada.behind("id=\"inbound\""), "https://hooks.test/hooks/g-p");
    assert!(ada.behind("id=\"curl\"").starts_with("curl https://hooks.test/hooks/g-p "));
    let new = format!("/projects/{id}/commands/new/slack");
    ada.get(&new).await;
    ada.submit(&new, &[("secret", "s1gning")]).await;
    assert!(ada.behind("id=\"command-url\"").starts_with("https://commands.test/commands/"));
}

#[tokio::test]
async fn a_secret_is_changed_without_losing_anything() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let page = format!("/projects/{id}");
    ada.get(&page).await;
    ada.submit(&format!("{page}/secret"), &[]).await;
    let secret = ada.behind("id=\"new-secret\"");
    assert_eq!(world.stored(id).await.source.secrets.len(), 2, "both are taken for now");

    ada.submit(&format!("{page}/secret/remove"), &[("place", "1")]).await;
    assert!(ada.text().contains("The secret was removed."));
    let left = world.stored(id).await.source.secrets;
    assert_eq!(left.iter().map(payload::Secret::expose).collect::<Vec<_>>(), [secret]);
    ada.submit(&format!("{page}/secret/remove"), &[("place", "1")]).await;
    assert_eq!(ada.status, StatusCode::UNPROCESSABLE_ENTITY, "the last one stays, or anybody could post");

    ada.get(&page).await;
    ada.submit(&format!("{page}/secret"), &[("secret", "whsec_c2hvcnQ=")]).await;
    assert!(ada.page.contains("id=\"secret-problem\"") && !ada.page.contains("c2hvcnQ"));
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let (mut ada, mut bob) = (world.admin().await, world.admin().await);
    let page = format!("/projects/{id}");
    ada.get(&page).await;
    bob.get(&page).await;
    ada.submit(&format!("{page}/source"), &[("path", "g/of-ada"), ("rate_limit", "60")]).await;
    assert!(ada.text().contains("Saved."));
    bob.submit(&format!("{page}/source"), &[("path", "g/of-bob")]).await;
    assert_eq!(bob.status, StatusCode::CONFLICT);
    let stored = world.stored(id).await;
    assert_eq!((stored.path.as_str(), stored.rate_limit), ("g/of-ada", Some(60)));

    bob.get(&page).await;
    bob.submit(&format!("{page}/source"), &[("rate_limit", "0")]).await;
    assert_eq!(bob.behind("id=\"rate_limit-problem\""), "0 is not between 1 and 6000.");
}

#[tokio::test]
async fn a_project_is_deleted_by_whoever_types_its_path() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    ada.get(&format!("/projects/{id}")).await;
    ada.submit(&format!("/projects/{id}/delete"), &[("confirm", "g/q")]).await;
    assert_eq!(ada.behind("id=\"confirm-problem\""), "This is not 'g/p'.");
    ada.submit(&format!("/projects/{id}/delete"), &[("confirm", "g/p")]).await;
    assert!(ada.path.starts_with("/projects?") && !ada.page.contains("g/p<"));
    ada.get(&format!("/projects/{id}")).await;
    assert_eq!(ada.status, StatusCode::NOT_FOUND);
}
