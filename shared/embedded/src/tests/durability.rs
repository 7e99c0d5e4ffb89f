//! What was answered survives: a killed process, another process at the same store, a full disk.

use std::collections::{BTreeSet, HashSet};
use std::error::Error as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use app::clock::{Chance, Clock};
use app::queue::{Answer, Queue as _, QueueName};
use app::table::{Condition, ITEM_BYTES_MAX, Item, Key, Query, Table as _, TableError, Write};
use futures_util::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{http, new_store};
use crate::{Store, StoreError};

/// Set in a child process: the store to write to.
const STORE: &str = "BELLHOP_TEST_STORE";

/// Set in a child process: what to call its writes.
const LIFE: &str = "BELLHOP_TEST_LIFE";

/// How many children are killed.
const LIVES: u64 = 20;

/// How many write at once in a child, so that kills fall into commits of many.
const WRITERS: u64 = 16;

/// The longest a child lives, in answered writes.
const WRITES_MAX: f64 = 300.0;

fn item(sort: String, bytes: usize) -> Item {
    Item {
        key: Key::new("it", sort),
        document: "{}".to_owned(),
        blob: Some(vec![1; bytes]),
        expires_at: None,
    }
}

/// Another process of this program, that runs one of the two tests named `child_...`.
fn child(test: &str, directory: &Path, life: u64) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("tests::durability::{test}"), "--nocapture"])
        .env(STORE, directory)
        .env(LIFE, life.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Nothing in the process that runs all tests: there, a child's test has nothing to do.
fn store_of_child() -> Option<(Store, u64)> {
    let directory = std::env::var_os(STORE)?;
    let life = std::env::var_os(LIFE).unwrap().into_string().unwrap().parse().unwrap();
    Some((Store::open(Path::new(&directory), Clock::System).unwrap(), life))
}

#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Some((store, life)) = store_of_child() else { return };
    let (count, table, queue) = (AtomicU64::new(0), store.table(), store.queue());
    let writer = || async {
        loop {
            let n = count.fetch_add(1, Ordering::SeqCst);
            table.put(item(format!("{life}-{n}"), 100), Condition::Absent).await.unwrap();
            println!("\nput {life}-{n}");
            let task = http(life * 1_000_000 + n, 1);
            let id = task.id();
            queue.send(vec![task]).await.unwrap();
            println!("\nsent {id}");
        }
    };
    join_all((0..WRITERS).map(|_| writer())).await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let mut answered = Vec::new();
    for life in 0..LIVES {
        let (mut child, mut output) = child("child_that_writes_until_it_is_killed", directory.path(), life);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let mut lines_left = 4 + (Chance::System.fraction() * WRITES_MAX) as usize;
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            // A line without its end was cut by the kill.
            if line.ends_with('\n') && (line.starts_with("put ") || line.starts_with("sent ")) {
                answered.push(line.trim_end().to_owned());
                lines_left = lines_left.saturating_sub(1);
                if lines_left == 0 {
                    child.kill().unwrap();
                }
            }
            line.clear();
        }
        assert!(!child.wait().unwrap().success());
        assert_eq!(lines_left, 0, "life {life} ended before its kill");
    }
    let kept = all_that_is_in(directory.path()).await;
    for line in &answered {
        assert!(kept.contains(line), "lost: {line}");
    }
    assert!(answered.len() > 100, "{} answers", answered.len());
}

async fn all_that_is_in(directory: &Path) -> HashSet<String> {
    let store = Store::open(directory, Clock::System).unwrap();
    let serving = store.serve().await.unwrap();
    let mut query = Query::prefix("it", "");
    let mut kept = HashSet::new();
    loop {
        let page = store.table().query(&query).await.unwrap();
        kept.extend(page.items.into_iter().map(|stored| format!("put {}", stored.item.key.sort)));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    loop {
        let leased = serving.lease(QueueName::Http, 100, Duration::from_mins(1)).await.unwrap();
        if leased.is_empty() {
            return kept;
        }
        for task in leased {
            serving.answer(task.lease, Answer::Done).await.unwrap();
            kept.insert(format!("sent {}", task.received.id));
        }
    }
}

#[tokio::test]
async fn child_that_sends_and_may_not_serve() {
    let Some((store, life)) = store_of_child() else { return };
    assert!(matches!(store.serve().await, Err(StoreError::AlreadyServed { .. })));
    for n in 0..50 {
        let Write::Done(_) =
            store.table().put(item(format!("{life}-{n}"), 10), Condition::Absent).await.unwrap()
        else {
            panic!("a free place was refused");
        };
        store.queue().send(vec![http(life * 1_000 + n, life)]).await.unwrap();
    }
}

#[tokio::test]
async fn two_processes_share_a_store() {
    let directory = TempDir::new().unwrap();
    let store = Store::open(directory.path(), Clock::System).unwrap();
    let serving = store.serve().await.unwrap();
    let (mut child, _output) = child("child_that_sends_and_may_not_serve", directory.path(), 2);
    let (ids, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let consumer = crate::Consumer {
        queue: QueueName::Http,
        concurrency: 4,
        run_max: 1,
        handler_time: Duration::from_mins(1),
        drain_time: Duration::from_mins(1),
    };
    let all = async {
        for n in 0..50 {
            store.table().put(item(format!("1-{n}"), 10), Condition::Absent).await.unwrap();
            store.queue().send(vec![http(1_000 + n, 1)]).await.unwrap();
        }
        let mut all = BTreeSet::new();
        while all.len() < 100 {
            all.insert(seen.recv().await);
        }
    };
    let handler = move |run: Vec<crate::Received>| {
        for received in &run {
            ids.send(received.id.clone()).unwrap();
        }
        async move { vec![app::queue::Answer::Done; run.len()] }
    };
    let patience = Duration::from_mins(2);
    tokio::time::timeout(patience, serving.consume(consumer, handler, all)).await.expect("all 100 come");
    assert!(tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap().success());
    assert_eq!(store.table().query(&Query::prefix("it", "")).await.unwrap().items.len(), 100);
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_then_it_goes_on() {
    let (store, _clock, _directory) = new_store();
    let table = store.table();
    table.put(item("kept".to_owned(), 10), Condition::Always).await.unwrap();
    set_pages_max(&store, 200).await;
    let writes = (0..20).map(|n| table.put(item(format!("{n}"), ITEM_BYTES_MAX - 2), Condition::Always));
    let outcomes = join_all(writes).await;
    let mut refused = 0;
    for outcome in outcomes {
        let Err(error) = outcome else { continue };
        refused += 1;
        assert!(matches!(error, TableError::Unavailable(_)));
        let cause = error.source().unwrap().source().unwrap().to_string();
        assert!(cause.contains("full"), "{cause}");
    }
    assert!(refused > 0, "800 KB took 8 MB");

    set_pages_max(&store, 1_000_000).await;
    table.put(item("next".to_owned(), ITEM_BYTES_MAX - 2), Condition::Always).await.unwrap();
    assert!(table.get(&Key::new("it", "kept")).await.unwrap().is_some());
}

async fn set_pages_max(store: &Store, pages: u32) {
    let work = move |connection: &Connection| {
        connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, u32>(0))
    };
    store.writer.run(work).await.unwrap();
}

#[tokio::test]
async fn one_failing_write_does_not_take_the_others_of_its_commit_along() {
    let (store, _clock, _directory) = new_store();
    let table = store.table();
    let failing = |connection: &Connection| {
        connection.execute("INSERT INTO dead_letters (sequence) VALUES (1)", [])?;
        Ok(())
    };
    let puts = join_all((0..20).map(|n| table.put(item(format!("{n}"), 10), Condition::Absent)));
    let (puts, failed) = futures_util::future::join(puts, store.writer.run(failing)).await;
    assert!(failed.is_err());
    assert!(puts.into_iter().all(|put| matches!(put, Ok(Write::Done(_)))));
    assert_eq!(table.query(&Query::prefix("it", "")).await.unwrap().items.len(), 20);
}
