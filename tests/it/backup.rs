//! One machine is backed up while it works, lost, and restored. On AWS, a table is restored beside the one that lost
//! something.

use std::fs;

use end_to_end::{Bellhop, HttpReceiver, Operator, Project, eventually};
use serde_json::Value;

use crate::account::{Account, fresh};
use crate::lambda::SEALING_KEY;
use crate::words::farewell;

/// How many deliveries wait for a target that refuses them: few enough for it not to be left alone.
const WAITING: u64 = 3;

/// How many others have come before the backup.
const BUSY: usize = 20;

// The backup holds a thread, and the load goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_lost_comes_back_with_all_that_was_accepted_before_its_backup() {
    let (builder, other) = (HttpReceiver::start().await, HttpReceiver::start().await);
    // Those that were refused wait in the queue for longer than this test lasts.
    let project = Project::named("diaspora/diaspora").to_http(&builder).with_setting("retry_waits_s = [600]");
    let busy = Project::named("diaspora/busy").to_http(&other);
    let mut bellhop = Bellhop::start(&[&project, &busy]).await;
    let waiting: Vec<_> = (0..WAITING).map(|n| format!("waiting-{n}")).collect();
    for branch in &waiting {
        builder.answers_next(503);
        assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
        builder.receives().await;
    }
    let before: Vec<_> = (0..BUSY).map(|n| format!("before-{n}")).collect();
    for branch in &before {
        assert_eq!(bellhop.receives("busy", &farewell(branch).with_id(branch)).await.status, 202);
    }
    let elsewhere = tempfile::tempdir().expect("make a folder");
    let (copy, key) = (elsewhere.path().join("monday"), elsewhere.path().join("key"));
    let [copy_path, key_path] = [&copy, &key].map(|path| path.to_str().expect("a path in UTF-8"));

    let operator = bellhop.operator();
    let to = copy_path.to_owned();
    let backup = tokio::task::spawn_blocking(move || operator.hears(&["backup", &to]));
    for n in 0.. {
        let is_over = backup.is_finished();
        assert_eq!(bellhop.receives("busy", &farewell(&format!("meanwhile-{n}"))).await.status, 202);
        if is_over {
            break;
        }
    }
    let said = backup.await.expect("it was made");
    assert!(said.contains("sealing.key somewhere else"), "{said}");
    fs::copy(bellhop.folder().join("sealing.key"), &key).expect("keep the key");

    bellhop.kill();
    fs::remove_dir_all(bellhop.folder()).expect("lose the machine");
    let operator = bellhop.operator();
    let refused = operator.is_refused(&["restore", copy_path]);
    assert!(refused.contains("name the file with the key that the store had, with --key"), "{refused}");
    let wrong = operator.writes("wrong", &"0".repeat(64));
    let refused = operator.is_refused(&["restore", copy_path, "--key", &wrong]);
    assert!(refused.contains("nothing is restored: this key does not fit"), "{refused}");
    let said = operator.hears(&["restore", copy_path, "--key", key_path]);
    let tasks = said.strip_prefix("Restored: 2 projects, and ").and_then(|rest| rest.split(' ').next());
    let tasks: u64 = tasks.and_then(|tasks| tasks.parse().ok()).unwrap_or_else(|| panic!("{said}"));
    assert!(tasks >= WAITING, "{said}");
    let refused = operator.is_refused(&["restore", copy_path]);
    assert!(refused.contains("is there already, and nothing is written over"), "{refused}");

    bellhop.start_again().await;
    for branch in before {
        let again = bellhop.receives("busy", &farewell(&branch).with_id(&branch)).await;
        assert_eq!(again.body["status"], "repeated", "{branch} was accepted before the backup");
    }
    let said = operator.hears(&["replay", "diaspora/diaspora", "--since", "1h"]);
    assert!(said.contains("3 deliveries queued again"), "{said}");
    eventually("what waited for its target", || {
        let arrived = builder.received_so_far();
        let arrived: Vec<_> = arrived.iter().map(|received| branch_of(&received.body)).collect();
        waiting.iter().all(|branch| arrived.contains(branch)).then_some(())
    })
    .await;
}

#[test]
fn a_sealing_key_is_changed_while_the_old_one_is_known() {
    let operator = Operator::on_one_machine();
    let project = operator.writes("project.toml", Project::named("diaspora/diaspora").to_toml());
    operator.hears(&["apply", &project]);
    let key = operator.store().join("sealing.key");
    let old = fs::read_to_string(&key).expect("read the key");
    let new = "0123456789abcdef".repeat(4);

    fs::write(&key, format!("{new},{old}")).expect("write the keys");
    assert_eq!(operator.hears(&["reseal"]), "Sealed anew: the secrets of 1 projects.\n");
    fs::write(&key, &new).expect("write the key");
    let exported = operator.hears(&["export", "--with-secrets"]);
    assert!(exported.contains(Project::SECRET), "{exported}");
    fs::write(&key, &old).expect("write the key");
    let refused = operator.is_refused(&["export"]);
    assert!(refused.contains("does not open with this sealing key"), "{refused}");
}

/// The emulator restores what is there now, whatever moment is asked for: so it is asked before the loss.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projects_that_were_lost_on_aws_are_taken_over_from_a_restored_table() {
    let Some(account) = Account::open("point-in-time recovery").await else { return };
    let (table, restored) = (fresh("table"), fresh("restored"));
    account.create_table(&table).await;
    let mut environment = account.emulator.environment();
    environment.push(("BELLHOP_SEALING_KEY", SEALING_KEY.to_owned()));
    let live = Operator::on_table(&table, &environment);
    let project = live.writes("project.toml", Project::named("mike/diaspora").to_toml());
    live.hears(&["apply", &project]);
    let restoring = account.dynamo().restore_table_to_point_in_time().source_table_name(&table);
    let restoring = restoring.target_table_name(&restored).use_latest_restorable_time(true).send();
    restoring.await.expect("DynamoDB restores it beside");

    let wrong = live.writes("wrong.toml", Project::named("mike/other").to_toml());
    live.hears(&["apply", &wrong, "--prune"]);
    assert!(!live.hears(&["export"]).contains("mike/diaspora"));

    let lost = Operator::on_table(&restored, &environment);
    let lost = lost.hears(&["export", "--with-secrets", "mike/diaspora"]);
    let lost = live.writes("lost.toml", &lost);
    live.hears(&["apply", &lost]);
    let there = live.hears(&["export", "--with-secrets", "mike/diaspora"]);
    assert!(there.contains(Project::SECRET), "{there}");
}

fn branch_of(body: &[u8]) -> String {
    let push: Value = serde_json::from_slice(body).expect("a target is sent JSON");
    push["ref"].as_str().expect("a push has a ref").trim_start_matches("refs/heads/").to_owned()
}
