//! How projects are kept: secrets sealed, ways to a project each once, nothing left over.

use app::projects::{self, SaveError};
use app::table::{Query, Table};
use config::{CommandIntegration, GitLab, Irker, Jobs, Project, ProjectId};

use crate::world::{World, project};

/// Everything in the rows of project 7, as text.
async fn rows(world: &World) -> String {
    let page = world.store.table().query(&Query::prefix("project#7", "")).await.unwrap();
    let rows = page.items.into_iter().map(|stored| [stored.item.key.sort, stored.item.document].join(" "));
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_project_is_read_back_as_it_was_saved() {
    let world = World::new().await;
    let saved = project(Some(6659), &["http://a/".to_owned(), "http://b/".to_owned()]);
    projects::save(&world.app, saved.clone()).await.unwrap();
    assert_eq!(projects::load(&world.app, ProjectId(7)).await.unwrap(), Some(saved.clone()));
    assert_eq!(projects::number_of(&world.app, &saved.path).await.unwrap(), Some(ProjectId(7)));
}

#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let world = World::new().await;
    projects::save(&world.app, project(Some(6659), &["http://a/".to_owned()])).await.unwrap();
    let rows = rows(&world).await;
    assert!(rows.contains("irc.example.net"), "{rows}");
    for secret in ["s3cret", "channel-key", "target-token", "http://a/"] {
        assert!(!rows.contains(secret), "{secret} is in {rows}");
    }
}

#[tokio::test]
async fn what_a_project_no_longer_has_is_removed() {
    let world = World::new().await;
    projects::save(&world.app, project(Some(6659), &["http://a/".to_owned()])).await.unwrap();
    let mut smaller = project(None, &[]);
    smaller.source.id = "q".parse().unwrap();
    projects::save(&world.app, smaller.clone()).await.unwrap();
    assert_eq!(projects::load(&world.app, ProjectId(7)).await.unwrap(), Some(smaller));
    let sorts: Vec<_> =
        rows(&world).await.lines().map(|row| row.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(sorts, ["project", "source"]);
    assert!(projects::by_source(&world.app, &"p".parse().unwrap()).await.unwrap().is_none());
    assert!(projects::by_source(&world.app, &"q".parse().unwrap()).await.unwrap().is_some());
}

/// A project with all that slash commands take.
fn with_chat() -> Project {
    let command: CommandIntegration = serde_json::from_str(
        r#"{"id": "ops", "chat": {"slack_slash_commands": {"signing_secrets": ["s1gning"], "bot_token": "xoxb-b0t"}},
            "rules": [{"anyone": true, "jobs": ["ls"]}]}"#,
    )
    .unwrap();
    let jobs: Jobs = serde_json::from_str(
        r#"{"repository": {"url": "https://gitlab.example.net/g/p.git",
            "credentials": {"password": {"username": "bot", "password": "r3posit0ry"}}},
            "executor": {"gitlab_chat": {"token": "ch4t"}}, "variables": [{"key": "KEY", "value": "d3pl0y"}]}"#,
    )
    .unwrap();
    let gitlab: GitLab = serde_json::from_str(
        r#"{"url": "https://gitlab.example.net", "project": "g/p", "token": "glpat-ap1"}"#,
    )
    .unwrap();
    Project { commands: vec![command], jobs: Some(jobs), gitlab: Some(gitlab), ..project(None, &[]) }
}

#[tokio::test]
async fn slash_commands_are_read_back_as_they_were_saved_and_nothing_of_them_is_stored_in_clear() {
    let world = World::new().await;
    projects::save(&world.app, with_chat()).await.unwrap();
    assert_eq!(projects::load(&world.app, ProjectId(7)).await.unwrap(), Some(with_chat()));
    let rows = rows(&world).await;
    for secret in ["s1gning", "xoxb-b0t", "r3posit0ry", "ch4t", "d3pl0y", "glpat-ap1"] {
        assert!(!rows.contains(secret), "{secret} is in {rows}");
    }
    let ops = "ops".to_owned().try_into().unwrap();
    assert!(projects::by_command(&world.app, &ops).await.unwrap().is_some());
    projects::save(&world.app, project(None, &[])).await.unwrap();
    assert!(projects::by_command(&world.app, &ops).await.unwrap().is_none());
}

#[tokio::test]
async fn a_source_and_a_path_belong_to_one_project() {
    let world = World::new().await;
    projects::save(&world.app, project(None, &[])).await.unwrap();
    let mut other = project(None, &[]);
    other.id = ProjectId(8);
    assert!(matches!(projects::save(&world.app, other.clone()).await, Err(SaveError::PathTaken(_))));
    other.path = "g/other".to_owned().try_into().unwrap();
    assert!(matches!(projects::save(&world.app, other.clone()).await, Err(SaveError::SourceTaken(_))));
    other.source.id = "other".parse().unwrap();
    projects::save(&world.app, with_chat()).await.unwrap();
    other.commands = with_chat().commands;
    assert!(matches!(projects::save(&world.app, other.clone()).await, Err(SaveError::CommandTaken(_))));
    other.commands.clear();
    projects::save(&world.app, other).await.unwrap();
}

#[tokio::test]
async fn projects_are_numbered_each_once() {
    let world = World::new().await;
    let numbers = (0..10).map(|_| projects::next_number(&world.app));
    let mut numbers: Vec<_> =
        futures_util::future::join_all(numbers).await.into_iter().map(|number| number.unwrap().0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

/// The project of this number, on the same irkerd, for these recipients.
async fn save_for(world: &World, number: u64, recipients: &str) -> Result<(), SaveError> {
    let mut other = project(Some(6659), &[]);
    other.id = ProjectId(number);
    other.path = format!("g/{number}").try_into().unwrap();
    other.source.id = format!("p{number}").parse().unwrap();
    other.irker.as_mut().unwrap().recipients = Irker::parse_recipients(recipients, None).unwrap();
    projects::save(&world.app, other).await
}

fn channels(names: impl IntoIterator<Item = usize>) -> String {
    names.into_iter().map(|n| format!("irc://h/c{n}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn projects_that_share_an_irkerd_share_its_eighteen_channels() {
    let world = World::new().await;
    save_for(&world, 1, &channels(0..10)).await.unwrap();
    save_for(&world, 2, &channels(5..18)).await.unwrap();
    let refused = save_for(&world, 3, &channels(18..19)).await.unwrap_err();
    insta::assert_snapshot!(refused, @"irker: irkerd joins at most 18 channels of one IRC server, and with those of other projects these are 19 on h:6667");
    save_for(&world, 3, "irc://other/c18").await.unwrap();
    // One makes room, and says the same twice without harm.
    save_for(&world, 1, &channels(0..9)).await.unwrap();
    save_for(&world, 1, &channels(0..4)).await.unwrap();
    save_for(&world, 3, &channels(18..19)).await.unwrap();
}

#[tokio::test]
async fn a_channel_has_its_key_in_all_projects_or_in_none() {
    let world = World::new().await;
    save_for(&world, 1, "irc://h/secret?key=hunter2").await.unwrap();
    let refused = save_for(&world, 2, "irc://h/secret").await.unwrap_err();
    insta::assert_snapshot!(refused, @"irker: another project of this irkerd names #secret on h:6667 with a key");
    save_for(&world, 2, "irc://h/secret?key=hunter2").await.unwrap();
    let refused = save_for(&world, 1, "irc://h/secret").await.unwrap_err();
    insta::assert_snapshot!(refused, @"irker: another project of this irkerd names #secret on h:6667 with a key");
}
