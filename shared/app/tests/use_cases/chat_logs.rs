//! What is kept of runs: their logs, the links to them, their list.

use std::time::Duration;

use app::runs;
use config::ProjectId;
use payload::Secret;

use super::chat_runs::{ANYBODY, running};
use super::chat_world::ChatWorld;

#[tokio::test]
async fn a_link_to_a_log_opens_that_log_for_a_week() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run ls").await.id;
    let link = runs::log_link(&world.app, &run).unwrap();
    let (path, query) = link.split_once("?expires=").unwrap();
    assert_eq!(path, format!("https://bellhop.example.net/runs/{run}/log"));
    let (expires, signature) = query.split_once("&signature=").unwrap();
    let expires: i64 = expires.parse().unwrap();
    let opens = |run: &app::ids::RunId, expires, signature: &str| {
        runs::is_log_link(&world.app, run, (expires, signature))
    };
    assert!(opens(&run, expires, signature));
    assert!(!opens(&run, expires + 1, signature));
    assert!(!opens(&"0123456789ab".parse().unwrap(), expires, signature));
    assert!(!opens(&run, expires, &signature.replace(['0', '1', '2', '3'], "4")));
    world.clock.advance(runs::LINK_AGE_MAX);
    assert!(!opens(&run, expires, signature));
}

#[tokio::test]
async fn a_large_log_comes_back_whole_and_a_project_lists_its_runs() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let mut ids = Vec::new();
    for job in ["a", "b", "c"] {
        let run = running(&world, &format!("run {job}")).await.id;
        world.clock.advance(Duration::from_secs(1));
        ids.push(run);
    }
    let noise: String =
        (0..2_000_000u64).map(|n| char::from(b'a' + (n.wrapping_mul(n ^ 0x9E37) % 26) as u8)).collect();
    runs::keep_log(&world.app, &ids[0], &noise).await.unwrap();
    assert_eq!(runs::read_log(&world.app, &ids[0]).await.unwrap().unwrap(), noise);

    let mut listing = runs::Listing { project: ProjectId(7), limit: 2, after: None };
    let first = runs::list(&world.app, &listing).await.unwrap();
    listing.after = first.next;
    let second = runs::list(&world.app, &listing).await.unwrap();
    let listed: Vec<_> = first.runs.iter().chain(&second.runs).map(|run| run.job.as_str()).collect();
    assert_eq!(listed, ["c", "b", "a"]);
}

#[tokio::test]
async fn nothing_secret_of_a_run_stands_in_its_row() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run ls").await;
    let kept = serde_json::to_string(&run).unwrap();
    assert!(!kept.contains("/hooks/commands"), "whoever knows the response_url can post: {kept}");
    let opened = run.asked.response_url(&world.app).unwrap();
    assert!(opened.expose().ends_with("/hooks/commands/x"));
    assert_ne!(opened, Secret::new(""));
}
