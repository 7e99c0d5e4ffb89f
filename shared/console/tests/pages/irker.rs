//! The irker form, as somebody who knows GitLab's fills it.

use std::time::Duration;

use config::ProjectId;
use http::StatusCode;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::world::World;

/// Only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_mins(1);

async fn form_of(world: &World) -> (ProjectId, String, crate::browser::Browser) {
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let path = format!("/projects/{id}/irker");
    ada.get(&path).await;
    (id, path, ada)
}

#[tokio::test]
async fn the_form_has_gitlabs_labels() {
    let world = World::new().await;
    let (_, _, ada) = form_of(&world).await;
    for label in
        ["Active", "Server host", "Server port", "Default IRC URI", "Recipients", "Colorize messages"]
    {
        assert!(ada.page.contains(&format!(">{label}</label>")), "{label}");
    }
    for button in ["Save changes", "Test settings"] {
        assert!(ada.page.contains(&format!(">{button}</button>")), "{button}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_recipient_is_said_beside_it() {
    let world = World::new().await;
    let (id, path, mut ada) = form_of(&world).await;
    let typed = "#good a,b http://h/#c #keyed?key=hunter2";
    ada.submit(&path, &[("default_irc_uri", "irc://irc.example.net/"), ("recipients", typed)]).await;

    assert_eq!(ada.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(world.stored(id).await.irker.is_none(), "nothing was saved");
    let text = ada.text();
    for said in [
        "#good irc://irc.example.net:6667/good",
        "a,b A channel or nick holds no commas, spaces, slashes or control characters (one entry, one channel).",
        "http://h/#c Only irc:// and ircs:// URLs are understood.",
        "#keyed?… irc://irc.example.net:6667/keyed?key=***",
        "2 entries cannot be used, as is said beside each of them below.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(ada.page.contains("aria-describedby=\"recipients-hint recipients-problem\""));

    ada.submit(&path, &[("recipients", "#good #keyed?key=hunter2")]).await;
    assert!(ada.text().contains("Saved."), "{}", ada.text());
    let irker = world.stored(id).await.irker.unwrap();
    assert_eq!(irker.recipients[1].wire_url(), "irc://irc.example.net:6667/keyed?key=hunter2");
    assert!(!ada.page.contains("hunter2"), "a key is shown to nobody");
    ada.submit(&path, &[]).await;
    let irker = world.stored(id).await.irker.unwrap();
    assert_eq!(irker.recipients[1].wire_url(), "irc://irc.example.net:6667/keyed?key=hunter2", "it stays");
}

#[tokio::test]
async fn each_field_says_what_is_wrong_with_it() {
    let world = World::new().await;
    let (_, path, mut ada) = form_of(&world).await;
    let typed = [
        ("server_host", "no host"),
        ("server_port", "70000"),
        ("default_irc_uri", "http://h/"),
        ("recipients", "irc://h/c"),
        ("branches", "/(/"),
        ("max_commits", "many"),
        ("lines_in_irkerd", "0"),
        ("template_issue", "{{ actr }}"),
    ];
    ada.submit(&path, &typed).await;
    for field in ["server_port", "default_irc_uri", "branches", "max_commits", "template_issue"] {
        assert!(ada.page.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", ada.text());
    }
    ada.submit(
        &path,
        &[
            ("server_port", "6659"),
            ("default_irc_uri", ""),
            ("branches", ""),
            ("max_commits", "3"),
            ("template_issue", ""),
        ],
    )
    .await;
    assert_eq!(ada.behind("id=\"server_host-problem\""), "Server_host names no host.");
    ada.submit(&path, &[("server_host", "")]).await;
    assert!(ada.behind("id=\"lines_in_irkerd-problem\"").contains("between 1 and 60"));
    ada.submit(&path, &[("lines_in_irkerd", "5"), ("recipients", " ")]).await;
    assert_eq!(ada.behind("id=\"recipients-problem\""), "Recipients is empty.");
}

#[tokio::test]
async fn the_preview_shows_what_is_typed_and_saves_nothing() {
    let world = World::new().await;
    let (id, path, mut ada) = form_of(&world).await;
    assert!(ada.page.contains("[<span class=\"c04\">Diaspora</span>] Ann Author pushed"), "{}", ada.page);
    let typed = [
        ("recipients", "irc://h/c"),
        ("-colorize_messages", ""),
        ("issues_events", "on"),
        ("template_issue", "{{ title }} by <{{ actor }}>"),
        ("do", "preview"),
    ];
    ada.submit(&path, &typed).await;
    assert_eq!(ada.status, StatusCode::OK);
    assert!(
        ada.page.contains("The menu does not close by &#60;Ann Author&#62;")
            && !ada.page.contains("class=\"c04\"")
    );
    assert!(world.stored(id).await.irker.is_none());
}

#[tokio::test]
async fn test_settings_says_what_irkerd_did_with_each_recipient() {
    let world = World::new().await;
    let (_, path, mut ada) = form_of(&world).await;
    let irkerd = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = irkerd.local_addr().unwrap().port().to_string();
    let heard = tokio::spawn(async move {
        let (mut connection, _) = irkerd.accept().await.unwrap();
        let mut heard = String::new();
        connection.read_to_string(&mut heard).await.unwrap();
        heard
    });
    let typed = [
        ("server_host", "127.0.0.1"),
        ("server_port", &port),
        ("recipients", "irc://h/c?key=k"),
        ("do", "test"),
    ];
    let at_work = async {
        // The page waits for the report, which the relay makes once the test is in the queue.
        while !heard.is_finished() {
            world.work().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(ada.submit(&path, &typed), at_work) }).await.unwrap();

    assert!(heard.await.unwrap().contains("test from Bellhop, project g/p"));
    let text = ada.text();
    assert!(text.contains("irc://h:6667/c?key=*** ok Handed over to irkerd in"), "{text}");
    assert!(text.contains("look there for “test from Bellhop”"), "{text}");
}

#[tokio::test]
async fn switched_off_without_recipients_it_is_gone() {
    let world = World::new().await;
    let (id, path, mut ada) = form_of(&world).await;
    ada.submit(&path, &[("recipients", "irc://h/c")]).await;
    assert!(world.stored(id).await.irker.is_some_and(|irker| irker.active));
    ada.submit(&path, &[("-active", "")]).await;
    assert!(world.stored(id).await.irker.is_some_and(|irker| !irker.active), "its settings stay");
    ada.submit(&path, &[("recipients", "")]).await;
    assert!(world.stored(id).await.irker.is_none());
}
