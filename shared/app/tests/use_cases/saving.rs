//! How projects are kept: secrets sealed, ways to a project each once, nothing left over.

use std::time::Duration;

use app::projects::{self, Expected, Listed, Revision, SaveError};
use app::table::{Condition, Item, Key, Query};
use config::{CommandIntegration, GitLab, Irker, Jobs, Project, ProjectId};

use super::world::{World, project};

/// Everything in the rows of project 7, as text.
async fn rows(world: &World) -> String {
    let page = world.app.table.query(&Query::prefix("project#7", "")).await.unwrap();
    let rows = page.items.into_iter().map(|stored| [stored.item.key.sort, stored.item.document].join(" "));
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_project_is_read_back_as_it_was_saved() {
    let world = World::new().await.unwrap();
    let saved = project(Some(6659), &["http://a/".to_owned(), "http://b/".to_owned()]);
    projects::save(&world.app, saved.clone(), Expected::Any).await.unwrap();
    assert_eq!(projects::load(&world.app, ProjectId(7)).await.unwrap(), Some(saved.clone()));
    assert_eq!(projects::number_of(&world.app, &saved.path).await.unwrap(), Some(ProjectId(7)));
}

#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let world = World::new().await.unwrap();
    projects::save(&world.app, project(Some(6659), &["http://a/".to_owned()]), Expected::Any).await.unwrap();
    let rows = rows(&world).await;
    assert!(rows.contains("irc.example.net"), "{rows}");
    for secret in ["s3cret", "channel-key", "target-token", "http://a/"] {
        assert!(!rows.contains(secret), "{secret} is in {rows}");
    }
}

#[tokio::test]
async fn what_a_project_no_longer_has_is_removed() {
    let world = World::new().await.unwrap();
    projects::save(&world.app, project(Some(6659), &["http://a/".to_owned()]), Expected::Any).await.unwrap();
    let mut smaller = project(None, &[]);
    smaller.source.id = "q".parse().unwrap();
    projects::save(&world.app, smaller.clone(), Expected::Any).await.unwrap();
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
    let world = World::new().await.unwrap();
    projects::save(&world.app, with_chat(), Expected::Any).await.unwrap();
    assert_eq!(projects::load(&world.app, ProjectId(7)).await.unwrap(), Some(with_chat()));
    let rows = rows(&world).await;
    for secret in ["s1gning", "xoxb-b0t", "r3posit0ry", "ch4t", "d3pl0y", "glpat-ap1"] {
        assert!(!rows.contains(secret), "{secret} is in {rows}");
    }
    let ops = "ops".to_owned().try_into().unwrap();
    assert!(projects::by_command(&world.app, &ops).await.unwrap().is_some());
    projects::save(&world.app, project(None, &[]), Expected::Any).await.unwrap();
    assert!(projects::by_command(&world.app, &ops).await.unwrap().is_none());
}

#[tokio::test]
async fn a_source_and_a_path_belong_to_one_project() {
    let world = World::new().await.unwrap();
    projects::save(&world.app, project(None, &[]), Expected::Any).await.unwrap();
    let mut other = project(None, &[]);
    other.id = ProjectId(8);
    assert!(matches!(
        projects::save(&world.app, other.clone(), Expected::Any).await,
        Err(SaveError::PathTaken(_))
    ));
    other.path = "g/other".to_owned().try_into().unwrap();
    assert!(matches!(
        projects::save(&world.app, other.clone(), Expected::Any).await,
        Err(SaveError::SourceTaken(_))
    ));
    other.source.id = "other".parse().unwrap();
    projects::save(&world.app, with_chat(), Expected::Any).await.unwrap();
    other.commands = with_chat().commands;
    assert!(matches!(
        projects::save(&world.app, other.clone(), Expected::Any).await,
        Err(SaveError::CommandTaken(_))
    ));
    other.commands.clear();
    projects::save(&world.app, other, Expected::Any).await.unwrap();
}

#[tokio::test]
async fn projects_are_numbered_each_once() {
    let world = World::new().await.unwrap();
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
    projects::save(&world.app, other, Expected::Any).await.map(drop)
}

fn channels(names: impl IntoIterator<Item = usize>) -> String {
    names.into_iter().map(|n| format!("irc://h/c{n}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn projects_that_share_an_irkerd_share_its_eighteen_channels() {
    let world = World::new().await.unwrap();
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
    let world = World::new().await.unwrap();
    save_for(&world, 1, "irc://h/secret?key=hunter2").await.unwrap();
    let refused = save_for(&world, 2, "irc://h/secret").await.unwrap_err();
    insta::assert_snapshot!(refused, @"irker: another project of this irkerd names #secret on h:6667 with a key");
    save_for(&world, 2, "irc://h/secret?key=hunter2").await.unwrap();
    let refused = save_for(&world, 1, "irc://h/secret").await.unwrap_err();
    insta::assert_snapshot!(refused, @"irker: another project of this irkerd names #secret on h:6667 with a key");
}

#[tokio::test]
async fn of_two_who_change_the_same_project_the_second_is_told() {
    let world = World::new().await.unwrap();
    let new = projects::save(&world.app, project(Some(6659), &[]), Expected::New).await.unwrap();
    let mut one = projects::find(&world.app, ProjectId(7)).await.unwrap().unwrap();
    let mut other = one.clone();
    assert_eq!((new, one.revision), (Revision(1), Revision(1)));
    one.project.rate_limit = Some(10);
    other.project.rate_limit = Some(20);
    let save = |saved: projects::Saved| {
        projects::save(&world.app, saved.project, Expected::Revision(saved.revision))
    };
    assert_eq!(save(one).await.unwrap(), Revision(2));
    assert!(matches!(save(other.clone()).await, Err(SaveError::Changed)));
    let again = projects::save(&world.app, other.project, Expected::New).await;
    assert!(matches!(again, Err(SaveError::Changed)));
    let kept = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    assert_eq!(kept.rate_limit, Some(10));
}

#[tokio::test]
async fn of_many_who_save_in_the_same_moment_one_wins() {
    let world = World::new().await.unwrap();
    let first = projects::save(&world.app, project(None, &[]), Expected::New).await.unwrap();
    let save = |rate| {
        let changed = Project { rate_limit: Some(rate), ..project(None, &[]) };
        projects::save(&world.app, changed, Expected::Revision(first))
    };
    let saved = futures_util::future::join_all((1..=10).map(save)).await;
    let winners: Vec<_> = saved.iter().filter(|saved| saved.is_ok()).collect();
    assert_eq!(winners.len(), 1, "{saved:?}");
    assert!(saved.iter().all(|saved| matches!(saved, Ok(_) | Err(SaveError::Changed | SaveError::Busy))));
}

#[tokio::test]
async fn whoever_stops_in_the_middle_of_saving_locks_nobody_out() {
    let world = World::new().await.unwrap();
    let stuck = Item {
        key: Key::new("saving#7", "project"),
        document: "{}".to_owned(),
        blob: None,
        expires_at: Some(world.app.clock.now() + Duration::from_mins(1)),
    };
    world.app.table.put(stuck, Condition::Always).await.unwrap();
    let refused = projects::save(&world.app, project(None, &[]), Expected::New).await;
    assert!(matches!(refused, Err(SaveError::Busy)));
    world.clock.advance(Duration::from_mins(1));
    projects::save(&world.app, project(None, &[]), Expected::New).await.unwrap();
}

#[tokio::test]
async fn a_refused_project_holds_on_to_nothing() {
    let world = World::new().await.unwrap();
    projects::save(&world.app, project(None, &[]), Expected::New).await.unwrap();
    let mut other = project(None, &[]);
    other.path = "g/other".to_owned().try_into().unwrap();
    let refused = projects::create(&world.app, other.clone()).await;
    assert!(matches!(refused, Err(SaveError::SourceTaken(_))));
    assert_eq!(projects::number_of(&world.app, &other.path).await.unwrap(), None);
}

#[tokio::test]
async fn a_project_tells_when_it_and_its_parts_came() {
    let world = World::new().await.unwrap();
    let began = world.app.clock.now();
    let hook = |number| config::HookId(number);
    projects::save(&world.app, project(Some(6659), &["http://a/".to_owned()]), Expected::New).await.unwrap();
    world.clock.advance(Duration::from_hours(1));
    let later = world.app.clock.now();
    let both = project(Some(6659), &["http://a/".to_owned(), "http://b/".to_owned()]);
    projects::save(&world.app, both, Expected::Any).await.unwrap();
    let saved = projects::find(&world.app, ProjectId(7)).await.unwrap().unwrap();
    assert_eq!((saved.created_at, saved.updated_at), (Some(began), Some(later)));
    assert_eq!((saved.hook_since(hook(1)), saved.hook_since(hook(2))), (Some(began), Some(later)));
    assert_eq!(saved.irker_since(), Some(began));
}

#[tokio::test]
async fn projects_are_listed_by_number_a_page_at_a_time() {
    let world = World::new().await.unwrap();
    for number in [12, 3, 7] {
        save_for(&world, number, "irc://h/c").await.unwrap();
    }
    let listed =
        |number: u64| Listed { id: ProjectId(number), path: format!("g/{number}").try_into().unwrap() };
    let page = projects::list(&world.app, None, 2).await.unwrap();
    assert_eq!(page.projects, [listed(3), listed(7)]);
    let page = projects::list(&world.app, page.next, 2).await.unwrap();
    assert_eq!((page.projects, page.next), (vec![listed(12)], None));
}

#[tokio::test]
async fn the_projects_of_an_older_bellhop_are_loaded_and_listed() {
    let world = World::new().await.unwrap();
    let counter = [("counter", "project", r#"{"project":9}"#)];
    let project = [
        ("project#7", "project", r#"{"path":"g/p","last_hook":0}"#),
        ("project#7", "source", r#"{"id":"p","forge":"auto","secrets":[],"allow_unsigned":true}"#),
    ];
    for (partition, sort, document) in counter.into_iter().chain(project) {
        let key = Key::new(partition, sort);
        let old = Item { key, document: document.to_owned(), blob: None, expires_at: None };
        world.app.table.put(old, Condition::Absent).await.unwrap();
    }
    for _ in 0..2 {
        let page = projects::list(&world.app, None, 10).await.unwrap();
        assert_eq!(page.projects.iter().map(|listed| listed.id.0).collect::<Vec<_>>(), [7]);
    }
    let saved = projects::find(&world.app, ProjectId(7)).await.unwrap().unwrap();
    assert_eq!((saved.revision, saved.created_at), (Revision(0), None));
    projects::save(&world.app, saved.project, Expected::Revision(Revision(0))).await.unwrap();
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_project_and_its_names_are_free() {
    let world = World::new().await.unwrap();
    projects::save(&world.app, with_chat(), Expected::New).await.unwrap();
    let refused = projects::delete(&world.app, ProjectId(7), Expected::Revision(Revision(9))).await;
    assert!(matches!(refused, Err(SaveError::Changed)));
    assert!(projects::delete(&world.app, ProjectId(7), Expected::Revision(Revision(1))).await.unwrap());
    assert!(!projects::delete(&world.app, ProjectId(7), Expected::Any).await.unwrap());
    assert_eq!(rows(&world).await, "");
    assert_eq!(projects::list(&world.app, None, 10).await.unwrap(), projects::Listing::default());
    assert!(projects::by_source(&world.app, &"p".parse().unwrap()).await.unwrap().is_none());
    let again = Project { id: ProjectId(8), ..with_chat() };
    projects::save(&world.app, again, Expected::New).await.unwrap();
}
