use std::time::Duration;

use app::executor::Ending;
use app::queue::{Answer, Task};
use app::runs::{self, Consent, End, How, State};
use config::jobs::Executor;
use jobs::run_job::handle;

use crate::house::{House, told};

/// Case 16, from the queue to what is kept for the reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_found_begun_and_ended_by_its_task() {
    let mut house = House::new("hello-world: {script: [echo \"Hello $CHAT_INPUT.\"]}\n", |_| {}).await;
    let id = house.ask("hello-world", "World").await;
    assert_eq!(house.work().await, [Answer::Done]);
    let run = house.run(&id).await;
    let end = run.end().unwrap();
    assert_eq!((told(end).as_str(), end.output.as_str()), ("succeeded", "Hello World."));
    assert_eq!(run.found.unwrap().reference, "main");
    assert_eq!(run.timeout_s, Some(1800));
    let log = runs::read_log(&house.app, &id).await.unwrap().unwrap();
    assert!(log.contains("Job succeeded"), "{log}");
}

/// Cases 11 to 14.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_job_for_a_chat_is_not_scheduled_and_nothing_is_begun() {
    let ci = "x: {script: a, except: [chat]}\n.hidden: {script: a}\n\
              push: {script: a, rules: [{if: $CI_PIPELINE_SOURCE == 'push'}]}\n";
    let mut house = House::new(ci, |_| {}).await;
    for job in ["nosuch", "x", ".hidden", "push"] {
        let id = house.ask(job, "").await;
        assert_eq!(told(&house.end(&id).await), "not_scheduled", "{job}");
        assert_eq!(house.run(&id).await.found, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_run_from_its_beginning_is_told() {
    let ci = "a: {script: a, services: [x]}\nb: {script: a, image: ruby}\nc: {script: a}\n";
    let mut house = House::new(ci, |_| {}).await;
    let id = house.ask("a", "").await;
    assert_eq!(told(&house.end(&id).await), "not started: the job a cannot be run here: it needs services");
    let id = house.ask("b", "").await;
    assert!(told(&house.end(&id).await).contains("`image` cannot be honoured"));
    let broken = |project: &mut config::Project| {
        project.jobs.as_mut().unwrap().repository.url = "file:///nowhere".to_owned();
    };
    let mut house = House::new(ci, broken).await;
    let id = house.ask("c", "").await;
    assert!(told(&house.end(&id).await).starts_with("not started: there is no such repository"));
    let elsewhere = |project: &mut config::Project| {
        project.jobs.as_mut().unwrap().executor = Executor::Codebuild;
    };
    let mut house = House::new(ci, elsewhere).await;
    let id = house.ask("c", "").await;
    assert_eq!(
        told(&house.end(&id).await),
        "not started: the executor codebuild is not there in this Bellhop"
    );
    let never = |project: &mut config::Project| project.jobs = None;
    let mut house = House::new(ci, never).await;
    let id = house.ask("c", "").await;
    assert!(told(&house.end(&id).await).contains("nothing is run for it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_asked_again_for_a_while() {
    let down = |project: &mut config::Project| {
        project.jobs.as_mut().unwrap().repository.url = "https://repo.example.com/p.git".to_owned();
    };
    let mut house = House::new("job: {script: a}\n", down).await;
    let id = house.ask("job", "").await;
    assert_eq!(house.work().await, [Answer::Again { after: Duration::from_secs(1) }]);
    assert_eq!(house.run(&id).await.state, State::Queued);
    house.clock.advance(Duration::from_mins(16));
    assert!(told(&house.end(&id).await).contains("repo.example.com was not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_job_waits_for_consent_and_then_runs() {
    let mut house = House::new("job: {script: [echo done], when: manual}\n", |_| {}).await;
    let id = house.ask("job", "").await;
    assert_eq!(house.work().await, [Answer::Done]);
    assert!(matches!(house.run(&id).await.state, State::Waiting { consent: Consent::Manual, .. }));
    let by = chatops::Named { id: "U1".to_owned(), name: "ann".to_owned() };
    runs::change(&house.app, &id, |run| run.consent(&by)).await.unwrap();
    house.send(Task::RunJobV1 { run: id.clone(), project: house.world.project.id }).await;
    let end = house.end(&id).await;
    assert_eq!((told(&end).as_str(), end.output.as_str()), ("succeeded", "done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_could_be_told_of_is_not_begun() {
    let ci = "job: {script: [echo done], timeout: 40 minutes}\n";
    let long = |project: &mut config::Project| project.jobs.as_mut().unwrap().timeout_s = 3600;
    let mut house = House::new(ci, long).await;
    let id = house.ask("job", "").await;
    assert_eq!(told(&house.end(&id).await), "needs_bot");
    // The project's own limit is shorter.
    let mut house = House::new(ci, |_| {}).await;
    let id = house.ask("job", "").await;
    assert_eq!(told(&house.end(&id).await), "succeeded");
}

/// Whoever stopped it kept its end, heard an error, and is at it again.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_kept_without_its_keeper_hearing_of_it_is_told() {
    let mut house = House::new("job: {script: sleep 60}\n", |_| {}).await;
    let id = house.ask("job", "").await;
    let (how, at, output) = (How::Executed(Ending::Cancelled), house.clock.now(), String::new());
    let end = End { how, at, took_ms: 1_000, output, left_out_bytes: 0 };
    runs::change(&house.app, &id, |run| run.finish(end.clone())).await.unwrap();
    let task = Task::CancelRunV1 { run: id.clone(), project: house.world.project.id };
    let body = serde_json::to_string(&task).unwrap();

    assert_eq!(handle(&house.app, &house.hands, &[&body]).await, [Answer::Done]);

    assert!(house.tasks().await.iter().any(|task| task.contains("tell_run")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_while_it_runs() {
    let mut house = House::new("job: {script: [sleep 1000]}\n", |_| {}).await;
    house.hands.patience = Duration::ZERO;
    let id = house.ask("job", "").await;
    assert_eq!(house.work().await, [Answer::Again { after: Duration::ZERO }]);
    assert!(matches!(house.run(&id).await.state, State::Running { .. }));
    house.cancel(&id).await;
    assert_eq!(told(&house.end(&id).await), "cancelled");
}

/// A crash loses nothing, and nothing is begun twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_machine_died_is_said_to_be_lost() {
    let kept = tempfile::tempdir().unwrap();
    std::fs::set_permissions(kept.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let script = format!("echo x >> {}/begun; sleep 1000", kept.path().display());
    let mut house = House::new(&format!("job: {{script: ['{script}']}}\n"), |_| {}).await;
    house.hands.patience = Duration::ZERO;
    let id = house.ask("job", "").await;
    house.work().await;
    let begun = kept.path().join("begun");
    while std::fs::read_to_string(&begun).unwrap_or_default().is_empty() {
        tokio::task::yield_now().await;
    }
    house.restart();
    assert_eq!(told(&house.end(&id).await), "lost");
    assert_eq!(std::fs::read_to_string(&begun).unwrap(), "x\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_died_over_the_beginning_leaves_a_run_that_nobody_begins() {
    let mut house = House::new("job: {script: [echo done]}\n", |_| {}).await;
    let id = house.ask("job", "").await;
    let now = house.app.clock.now();
    runs::change(&house.app, &id, |run| run.begin("local", now)).await.unwrap();
    // It may be at it still.
    assert!(matches!(house.work().await[..], [Answer::Again { .. }]));
    assert!(matches!(house.run(&id).await.state, State::Starting { .. }));
    house.clock.advance(Duration::from_mins(6));
    assert_eq!(told(&house.end(&id).await), "lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_beyond_those_that_have_room_wait_for_it() {
    let mut house = House::new("job: {script: [sleep 1000]}\nquick: {script: [echo done]}\n", |_| {}).await;
    house.hands.patience = Duration::ZERO;
    let mut busy = Vec::new();
    for _ in 0..4 {
        busy.push(house.ask("job", "").await);
        house.work().await;
    }
    let waiting = house.ask("quick", "").await;
    house.work().await;
    assert_eq!(house.run(&waiting).await.state, State::Queued);
    house.cancel(&busy[0]).await;
    house.end(&busy[0]).await;
    assert_eq!(told(&house.end(&waiting).await), "succeeded");
}
