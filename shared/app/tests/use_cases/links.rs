//! How somebody in a chat becomes somebody at GitLab, and what that is worth.

use std::sync::Arc;
use std::time::Duration;

use app::clock::Chance;
use app::links::{ChatUser, behalf, invite, linked, standing};
use app::projects::{self, Expected};
use app::{Addresses, App, doors};
use chatops::access::{Caller, Decision, Denial, Subject, decide};
use chatops::limits::LINK_AGE_MAX;
use chatops::texts;
use config::commands::Platform;
use config::{CommandIntegration, Project, ProjectId};
use insta::assert_snapshot;
use serde_json::json;
use tokio::net::TcpListener;

use crate::gitlab_peer::GitLabPeer;
use crate::world::{World, project};

/// A Bellhop whose project asks a GitLab, with the page on a real socket.
struct House {
    gitlab: GitLabPeer,
    world: World,
    app: Arc<App>,
    project: Project,
}

impl House {
    async fn new() -> Self {
        let (gitlab, world) = (GitLabPeer::start().await, World::new().await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let console = format!("http://{}", listener.local_addr().unwrap());
        let addresses = Addresses { console: Some(console.parse().unwrap()), ..Addresses::default() };
        let (table, sealer) = (Arc::clone(&world.app.table), world.app.sealer.clone());
        let app = App::with(table, sealer, world.clock.clone(), Chance::seeded(2)).found_at(addresses);
        let app = Arc::new(app);
        let router = doors::link::router(Arc::clone(&app), world.outbound());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let project = Project { gitlab: Some(gitlab.settings()), ..project(None, &[]) };
        projects::save(&app, project.clone(), Expected::Any).await.unwrap();
        Self { gitlab, world, app, project }
    }

    async fn link(&self) -> String {
        invite(&self.app, &ann()).await.unwrap().unwrap()
    }

    /// Her standing, as the door for slash commands asks for it.
    async fn standing(&self) -> Result<Option<u32>, String> {
        let about = (&self.project, &ann());
        let found = standing(&self.app, &self.world.outbound(), about, &developers_deploy()).await;
        found.map(|found| found.map(|found| found.access_level)).map_err(|error| error.to_string())
    }

    async fn is_linked_to(&self) -> Option<String> {
        linked(&self.app, &self.project, &ann()).await.unwrap().map(|linked| linked.username)
    }
}

fn ann() -> ChatUser {
    ChatUser {
        project: ProjectId(7),
        platform: Platform::Slack,
        team_id: "T1DC2JH3J".to_owned(),
        user_id: "U2CERLKJA".to_owned(),
        user_name: "ann<b>".to_owned(),
    }
}

fn developers_deploy() -> CommandIntegration {
    serde_json::from_value(json!({
        "id": "p",
        "chat": {"slack_slash_commands": {"signing_secrets": []}},
        "rules": [{"role": "developer", "jobs": ["deploy"]}],
    }))
    .unwrap()
}

fn decided(access_level: Option<u32>) -> Decision {
    let caller = Caller { user_id: "U2CERLKJA", channel_id: "C1", access_level };
    decide(&developers_deploy(), &caller, &Subject::Run { job: "deploy", arguments: "" })
}

async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::Client::new().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn post(url: &str, form: &str) -> (u16, String) {
    let post = reqwest::Client::new().post(url).body(form.to_owned());
    let answer = post.send().await.unwrap();
    let (status, page) = (answer.status().as_u16(), answer.text().await.unwrap());
    let body = page.split_once("</h1>").unwrap().1.replace("</body></html>", "");
    (status, body)
}

/// Case 7 of the ChatOps cases: an unlinked user.
#[tokio::test]
async fn case_7_who_is_linked_to_nobody_gets_an_address_that_works_once_and_for_ten_minutes() {
    let house = House::new().await;
    assert_eq!(house.standing().await, Ok(None));
    assert_eq!(decided(None), Decision::Denied(Denial::Unlinked));
    let link = house.link().await;
    let told = texts::connect(&link).render(Platform::Slack);
    assert!(told.starts_with(":wave: Hi there! Before I do anything for you, please <http://"), "{told}");
    assert!(told.ends_with("|connect your GitLab account>."), "{told}");

    // The chat itself looks at what is posted in it. That uses nothing up.
    assert_eq!(get(&link).await.0, 200);
    house.gitlab.answers("GET /user", 200, json!({"id": 7, "username": "ann", "state": "active"}));
    let (status, page) = post(&link, "token=glpat-anns").await;
    assert_eq!(status, 200);
    assert_snapshot!(page, @"<p>You are connected with GitLab as <strong>@ann</strong>. Go back to your chat.</p>");
    let asked = house.gitlab.asked();
    assert_eq!(
        (asked[0].what.as_str(), asked[0].token.as_deref()),
        ("GET /git/api/v4/user", Some("glpat-anns"))
    );

    house.gitlab.answers("GET members/all/7", 200, json!({"id": 7, "state": "active", "access_level": 30}));
    assert_eq!(house.standing().await, Ok(Some(30)));
    assert!(decided(Some(30)).is_allowed());

    let (status, page) = post(&link, "token=glpat-mallorys").await;
    assert_eq!(status, 404);
    assert_snapshot!(page, @r#"<p class="wrong">This address does not work any more: type the command link again.</p>"#);
    assert_eq!(house.is_linked_to().await.as_deref(), Some("ann"));

    let late = house.link().await;
    house.world.clock.advance(LINK_AGE_MAX);
    assert_eq!(get(&late).await.0, 404);
    assert_eq!(post(&late, "token=glpat-anns").await.0, 404);
}

/// Case 8 of the ChatOps cases: a linked user without rights.
#[tokio::test]
async fn case_8_who_is_linked_and_no_developer_is_denied() {
    let house = House::new().await;
    house.gitlab.answers("GET /user", 200, json!({"id": 7, "username": "ann", "state": "active"}));
    post(&house.link().await, "token=glpat-anns").await;
    for (member, level) in [
        (json!({"access_level": 20, "state": "active"}), 20),
        (json!({"access_level": 40, "state": "blocked"}), 0),
    ] {
        house.gitlab.answers("GET members/all/7", 200, member);
        // Longer than a standing is remembered.
        house.world.clock.advance(Duration::from_mins(1));
        assert_eq!(house.standing().await, Ok(Some(level)));
        assert_eq!(decided(Some(level)), Decision::Denied(Denial::NoRule));
    }
    let told = texts::denied(&Denial::NoRule, Some("https://gitlab.example.net/mike/diaspora"));
    assert_snapshot!(told.render(Platform::Slack), @r"
    You are not allowed to perform the given chatops command. Most likely you do not have access to the GitLab project for this chatops integration.

    The GitLab project for this chatops integration can be found at <https://gitlab.example.net/mike/diaspora|https://gitlab.example.net/mike/diaspora>.
    ");
}

#[tokio::test]
async fn a_standing_is_remembered_for_a_minute_and_nobody_has_one_while_gitlab_is_away() {
    let house = House::new().await;
    house.gitlab.answers("GET /user", 200, json!({"id": 7, "username": "ann", "state": "active"}));
    post(&house.link().await, "token=glpat-anns").await;
    house.gitlab.answers("GET members/all/7", 200, json!({"access_level": 40}));
    house.gitlab.answers("GET members/all/7", 503, json!({}));
    assert_eq!(house.standing().await, Ok(Some(40)));
    house.world.clock.advance(Duration::from_secs(59));
    assert_eq!(house.standing().await, Ok(Some(40)));
    house.world.clock.advance(Duration::from_secs(1));
    assert_snapshot!(house.standing().await.unwrap_err(), @"what you may do here could not be asked of GitLab: GitLab has a fault of its own (status 503)");
    let behalf = behalf(&house.app, &house.world.outbound(), (&house.project, &ann())).await.unwrap();
    assert_eq!((behalf.login.as_str(), behalf.access_level), ("ann", 0));
}

/// Whoever leads somebody else to their own address must not get away with it unseen.
#[tokio::test]
async fn the_page_says_who_is_connected_and_is_whole_by_itself() {
    let house = House::new().await;
    let answer = reqwest::Client::new().get(house.link().await).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_snapshot!(header("content-security-policy"), @"default-src 'none'; style-src 'sha256-Rb5mHAwT+LWguClpAFyjpQCeX+nkDrXFK5gY2ty+B0Q='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    let page = answer.text().await.unwrap();
    let text = page.split_once("</h1>").unwrap().1.replace(&house.gitlab.url, "GITLAB");
    assert_snapshot!(text.replace("<p>", "\n<p>").replace("<form", "\n<form"), @r#"
    <p>This connects the Slack user <strong>ann&lt;b&gt;</strong> (U2CERLKJA, team T1DC2JH3J) with <em>your</em> account at <strong>GITLAB</strong>, for the project mike/diaspora. <strong>Go on only if that user is you</strong>: whoever it is may then do from chat what you may do.</p>
    <p>Make a <a rel="noreferrer" href="GITLAB/-/user_settings/personal_access_tokens?name=Bellhop&amp;scopes=read_user">personal access token</a> with the scope <code>read_user</code>, which may expire tomorrow, and paste it here. It is used once, to ask GitLab who you are, and never kept; revoke it afterwards.</p>
    <form method="post" autocomplete="off"><label for="token">Token</label><input id="token" name="token" type="password" autocomplete="off" required><button>Connect</button></form></body></html>
    "#);
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn a_token_that_proves_nothing_connects_nobody_and_five_are_enough() {
    let house = House::new().await;
    let link = house.link().await;
    assert_snapshot!(post(&link, "token=+").await.1.split("</p>").next().unwrap(), @r#"<p class="wrong">Paste a token first."#);
    assert_eq!(post(&link, &format!("token={}", "x".repeat(9000))).await.0, 422);
    house.gitlab.answers("GET /user", 401, json!({"message": "401 Unauthorized"}));
    house.gitlab.answers("GET /user", 200, json!({"id": 8, "username": "bob", "state": "blocked"}));
    house.gitlab.answers("GET /user", 502, json!({}));
    let mut told = Vec::new();
    for _ in 0..6 {
        let (status, page) = post(&link, "token=glpat-x").await;
        told.push(format!("{status} {}", page.split("</p>").next().unwrap()));
    }
    assert_snapshot!(told.join("\n"), @r#"
    422 <p class="wrong">GitLab does not accept this token: it needs the scope read_user, and must not have expired.
    422 <p class="wrong">This account is not active at GitLab.
    502 <p class="wrong">Nothing was connected, try again: GitLab has a fault of its own (status 502).
    502 <p class="wrong">Nothing was connected, try again: GitLab has a fault of its own (status 502).
    502 <p class="wrong">Nothing was connected, try again: GitLab has a fault of its own (status 502).
    404 <p class="wrong">This address does not work any more: type the command link again.
    "#);
    assert_eq!(house.is_linked_to().await, None);
    // What no header can carry is no token.
    assert_eq!(post(&house.link().await, "token=a%0Ab").await.0, 422);
}

#[tokio::test]
async fn who_is_connected_can_be_somebody_else_or_nobody() {
    let house = House::new().await;
    for name in ["ann", "ann2"] {
        house.gitlab.answers("GET /user", 200, json!({"id": 7, "username": name, "state": "active"}));
        post(&house.link().await, "token=glpat-x").await;
        house.gitlab.asked();
    }
    // The first answer was given once, the last one stays.
    assert_eq!(house.is_linked_to().await.as_deref(), Some("ann2"));
    let link = house.link().await;
    assert!(get(&link).await.1.contains("Now connected with <strong>@ann2</strong>"));
    assert_snapshot!(post(&link, "action=disconnect").await.1, @"<p>You are disconnected.</p>");
    assert_eq!(house.is_linked_to().await, None);
    assert_eq!(post(&link, "action=disconnect").await.0, 404);
}

/// A project's slash command may claim to come from any team.
#[tokio::test]
async fn a_link_holds_in_one_project_and_at_one_gitlab() {
    let house = House::new().await;
    house.gitlab.answers("GET /user", 200, json!({"id": 7, "username": "ann", "state": "active"}));
    post(&house.link().await, "token=glpat-x").await;
    let elsewhere = ChatUser { project: ProjectId(8), ..ann() };
    assert_eq!(linked(&house.app, &house.project, &elsewhere).await.unwrap(), None);
    let mut moved = house.project.clone();
    moved.gitlab.as_mut().unwrap().url = "https://other.example.net".parse().unwrap();
    assert_eq!(linked(&house.app, &moved, &ann()).await.unwrap(), None);
}

#[tokio::test]
async fn without_an_address_of_its_own_nobody_is_invited() {
    let world = World::new().await.unwrap();
    assert_eq!(invite(&world.app, &ann()).await.unwrap(), None);
}
