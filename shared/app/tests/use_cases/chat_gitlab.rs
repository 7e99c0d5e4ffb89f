//! Slash commands of a project that is on a GitLab: who is linked, what is asked there, and how often. The numbers are
//! those of `shared/chatops/CASES.md`.

use app::queue::{Answer, Task};

use super::chat_world::{ChatWorld, shown};
use super::gitlab_peer::{GitLabPeer, issue};

/// Developers may run anything, and Ann may see, search and open issues.
const RULES: &str = r#"[
    {"role": "developer", "jobs": ["*"]},
    {"users": ["UANN"], "commands": ["issue_show", "issue_new"]}
]"#;

#[tokio::test]
async fn case_7_who_is_linked_to_nobody_is_invited() {
    let Some(world) = ChatWorld::on(GitLabPeer::start().await.settings(), RULES).await else { return };
    for text in ["run ls", "link"] {
        let shown = world.mattermost("UANN", text).await.shown();
        let start = "[ephemeral] :wave: Hi there! Before I do anything for you, please \
                     [connect your GitLab account](https://bellhop.example.net/link/";
        assert!(shown.starts_with(start), "{text}: {shown}");
    }
    assert_eq!(world.work().await, []);
}

#[tokio::test]
async fn case_8_the_refusal_names_the_project() {
    let gitlab = GitLabPeer::start().await;
    let Some(world) = ChatWorld::on(gitlab.settings(), RULES).await else { return };
    let shown = world.mattermost("UEVE", "issue show 12").await.shown();
    assert!(shown.contains("Most likely you do not have access"), "{shown}");
    assert!(shown.contains(&format!("{}/mike/diaspora", gitlab.url)), "{shown}");
    assert_eq!((world.work().await, gitlab.asked().len()), (vec![], 0));
}

#[tokio::test]
async fn an_issue_is_shown_by_a_later_post() {
    let gitlab = GitLabPeer::start().await;
    gitlab.answers("GET issues/12", 200, issue(12));
    let Some(world) = ChatWorld::on(gitlab.settings(), RULES).await else { return };
    let acknowledged = world.mattermost("UANN", "issue show 12").await.shown();
    assert_eq!(acknowledged, "[ephemeral] One moment, please.");
    world.work().await;
    let [post] = &world.posts()[..] else { panic!() };
    assert_eq!(post.path, "/hooks/commands/x");
    assert!(post.body.to_string().contains("It broke"), "{}", post.body);
}

#[tokio::test]
async fn nobody_opens_an_issue_twice() {
    let gitlab = GitLabPeer::start().await;
    gitlab.answers("POST issues", 201, issue(13));
    let Some(world) = ChatWorld::on(gitlab.settings(), RULES).await else { return };
    world.mattermost("UANN", "issue new It broke").await;
    let task = world.next_task().await;
    let Task::CarryOutV1 { .. } = &task else { panic!("{task:?}") };
    // The queue hands it out three times.
    world.queue.send(vec![task.clone(), task.clone(), task]).await.unwrap();
    assert!(world.work().await.contains(&Answer::Done));
    assert_eq!(gitlab.asked().iter().filter(|asked| asked.what.starts_with("POST")).count(), 1);
    assert_eq!(world.posts().len(), 1);
}

#[tokio::test]
async fn what_somebody_died_over_is_not_done_again_unless_that_is_harmless() {
    let gitlab = GitLabPeer::start().await;
    gitlab.answers("POST issues", 201, issue(13));
    gitlab.answers("GET issues/12", 200, issue(12));
    let Some(world) = ChatWorld::on(gitlab.settings(), RULES).await else { return };
    for (text, told) in [
        ("issue new It broke", "Nobody knows whether that was done: look before you ask for it again."),
        ("issue show 12", "It broke"),
    ] {
        world.mattermost("UANN", text).await;
        let task = world.next_task().await;
        world.dies_over(&task).await;
        world.queue.send(vec![task]).await.unwrap();
        let [Answer::Again { after }] = world.work().await[..] else { panic!("somebody may be at it") };
        world.clock.advance(after * 15);
        world.work().await;
        let [post] = &world.posts()[..] else { panic!("{text}") };
        assert!(post.body.to_string().contains(told), "{}", shown(&post.body));
    }
    assert!(gitlab.asked().iter().all(|asked| asked.what.starts_with("GET")));
}
