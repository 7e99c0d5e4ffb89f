//! What the machine beneath Bellhop does to it: a disk that is full or read-only, a folder that is somebody else's already.
//!
//! Not here: a store that was damaged (`embedded`), a clock that jumps (`app`), being killed (`crash`).

use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use end_to_end::{Bellhop, HttpReceiver, Project, SmallDisk, eventually};

use crate::words::farewell;

/// A new store takes a tenth of it.
const DISK_MEGABYTES: usize = 4;

/// How many pushes a full disk may still have room for: what was given to the store's files before.
const PUSHES_MAX: usize = 2_000;

#[tokio::test]
async fn while_the_disk_is_full_nothing_is_accepted_and_then_it_goes_on_by_itself() {
    let Some(disk) = SmallDisk::of_megabytes(DISK_MEGABYTES, "a full disk") else { return };
    let builder = HttpReceiver::start().await;
    let mut bellhop = Bellhop::unborn_on(&disk);
    bellhop.apply(&Project::named("diaspora/diaspora").to_http(&builder));
    bellhop.start_again().await;
    assert_eq!(bellhop.receives("diaspora", &farewell("before")).await.status, 202);

    disk.fill();
    let mut accepted = vec!["before".to_owned()];
    let refused = loop {
        let branch = format!("branch-{}", accepted.len());
        let answered = bellhop.receives("diaspora", &farewell(&branch)).await;
        if answered.status != 202 {
            break answered;
        }
        accepted.push(branch);
        assert!(accepted.len() < PUSHES_MAX, "a full disk takes everything");
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(refused.body["error"], "The event could not be kept: send it again.");
    assert!(
        refused.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)),
        "{:?}",
        refused.retry_after
    );
    assert!(!bellhop.has_died());

    disk.make_room();
    assert_eq!(bellhop.receives("diaspora", &farewell("after")).await.status, 202);
    accepted.push("after".to_owned());
    eventually("everything that was accepted to arrive", || {
        let posted = builder
            .received_so_far()
            .into_iter()
            .map(|received| String::from_utf8_lossy(&received.body).into_owned());
        let posted: Vec<String> = posted.collect();
        let has_arrived =
            |branch: &String| posted.iter().any(|body| body.contains(&format!("refs/heads/{branch}\"")));
        accepted.iter().all(has_arrived).then_some(())
    })
    .await;
    assert!(bellhop.terminate().await.success());
}

#[tokio::test]
async fn started_on_a_full_disk_it_says_so_and_later_loses_nothing() {
    let Some(disk) = SmallDisk::of_megabytes(DISK_MEGABYTES, "a start on a full disk") else { return };
    let builder = HttpReceiver::start().await;
    let mut bellhop = Bellhop::unborn_on(&disk);
    bellhop.apply(&Project::named("diaspora/diaspora").to_http(&builder));
    bellhop.start_again().await;
    builder.answers_next(503);
    assert_eq!(bellhop.receives("diaspora", &farewell("kept")).await.status, 202);
    builder.receives().await;
    bellhop.kill();

    disk.fill();
    // Its first words may fit where it has written before. Then it serves, and nothing is lost either.
    if let Some(output) = ends(bellhop.serve()) {
        assert_is_refused(&output, "full");
    }
    disk.make_room();
    bellhop.start_again().await;
    let again = builder.receives().await;

    assert!(String::from_utf8_lossy(&again.body).contains("refs/heads/kept"));
}

#[tokio::test]
async fn a_store_that_can_only_be_read_is_not_served_and_stays_as_it_is() {
    let Some(disk) = SmallDisk::of_megabytes(DISK_MEGABYTES, "a read-only store") else { return };
    let builder = HttpReceiver::start().await;
    let mut bellhop = Bellhop::unborn_on(&disk);
    bellhop.apply(&Project::named("diaspora/diaspora").to_http(&builder));

    disk.becomes_read_only();
    let output = bellhop.serve().output().expect("run bellhop serve");
    assert_is_refused(&output, "Read-only file system");
    disk.becomes_writable();
    bellhop.start_again().await;

    assert_eq!(bellhop.receives("diaspora", &farewell("gone")).await.status, 202);
    builder.receives().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let builder = HttpReceiver::start().await;
    let bellhop = Bellhop::start(&[&Project::named("diaspora/diaspora").to_http(&builder)]).await;

    let output = bellhop.serve().output().expect("run bellhop serve");
    assert_is_refused(&output, "is being served by another process already");

    assert_eq!(bellhop.receives("diaspora", &farewell("gone")).await.status, 202);
    builder.receives().await;
}

/// How long a program is waited for that does not end at once: it works.
const WORKS_AFTER: Duration = Duration::from_secs(10);

/// What a program said that has ended by itself. One that works is killed.
fn ends(mut program: Command) -> Option<Output> {
    let began = Instant::now();
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = program.spawn().expect("run bellhop serve");
    while running.try_wait().expect("it is ours").is_none() {
        if began.elapsed() > WORKS_AFTER {
            running.kill().expect("it runs");
            running.wait().expect("it ends");
            return None;
        }
        sleep(Duration::from_millis(20));
    }
    Some(running.wait_with_output().expect("it has ended"))
}

/// In one line, that names the folder.
fn assert_is_refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it is served");
    let complaint = said.lines().last().unwrap_or_default();
    assert!(complaint.starts_with("bellhop: ") && complaint.contains(why), "{said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}
