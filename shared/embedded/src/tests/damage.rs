//! What becomes of a store whose files were damaged: it is refused in one sentence and left as it is, or what can still be
//! told to be whole is there.

use std::error::Error as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use app::clock::{Clock, Timestamp};
use app::queue::{Queue as _, QueueName};
use app::table::{Condition, Item, Key, Table as _};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{http, new_store};
use crate::{Store, StoreError};

const ITEMS: u64 = 20;

/// The files of a store of twenty items and tasks as a power cut leaves them: the last of them in the log only.
async fn cut_off() -> TempDir {
    let (store, _clock, directory) = new_store();
    for n in 0..ITEMS {
        store.table().put(item(n), Condition::Absent).await.unwrap();
        store.queue().send(vec![http(n, 1)]).await.unwrap();
        if n == ITEMS / 2 {
            checkpoint(&Connection::open(path(&directory, "bellhop.sqlite")).unwrap()).unwrap();
        }
    }
    let image = TempDir::new().unwrap();
    for file in ["bellhop.sqlite", "bellhop.sqlite-wal"] {
        fs::copy(directory.path().join(file), image.path().join(file)).unwrap();
    }
    image
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn item(n: u64) -> Item {
    let document = "x".repeat(2_000);
    Item {
        key: Key::new("it", format!("{n:03}")),
        document: format!("{document:?}"),
        blob: None,
        expires_at: None,
    }
}

/// How many items and tasks are there, in a store that is sound.
async fn opened(directory: &Path) -> (u64, u64) {
    let store = Store::open(directory, Clock::manual(Timestamp(2_000_000))).unwrap();
    let check = |connection: &Connection| {
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
    };
    assert_eq!(store.reader.run(check).await.unwrap(), "ok".to_owned());
    let mut items = 0;
    for n in 0..ITEMS {
        let is_there = store.table().get(&item(n).key).await.unwrap().is_some();
        assert!(!is_there || items == n, "{n} is there, and not all before it");
        items += u64::from(is_there);
    }
    let tasks = store.queue().waiting(QueueName::Http).await.unwrap().ready;
    store.table().put(item(ITEMS), Condition::Absent).await.expect("and it goes on");
    (items, tasks.into())
}

fn path(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}

/// Says why, and that the files are what they were.
fn refused(directory: &TempDir) -> StoreError {
    let files = || {
        let named = |name| fs::read(path(directory, name)).ok();
        ["bellhop.sqlite", "bellhop.sqlite-wal"].map(named)
    };
    let before = files();
    let refusal = Store::open(directory.path(), Clock::System).err().expect("it is opened");
    assert!(before == files(), "it has written into what it did not understand");
    assert_eq!(refusal.to_string().lines().count(), 1);
    refusal
}

#[tokio::test]
async fn after_a_power_cut_all_is_there() {
    assert_eq!(opened(cut_off().await.path()).await, (ITEMS, ITEMS));
}

#[tokio::test]
async fn half_a_commit_at_the_end_of_the_log_is_none() {
    let image = cut_off().await;
    let mut log = OpenOptions::new().append(true).open(path(&image, "bellhop.sqlite-wal")).unwrap();
    log.write_all(&[0x5a; 10_000]).unwrap();
    drop(log);
    assert_eq!(opened(image.path()).await, (ITEMS, ITEMS));
}

#[tokio::test]
async fn of_a_log_that_was_cut_short_all_is_there_up_to_the_cut() {
    for cut in [1, 3_000, 20_000] {
        let image = cut_off().await;
        let log = OpenOptions::new().write(true).open(path(&image, "bellhop.sqlite-wal")).unwrap();
        log.set_len(log.metadata().unwrap().len() - cut).unwrap();
        drop(log);
        let (items, tasks) = opened(image.path()).await;
        assert!((ITEMS / 2 + 1..=ITEMS).contains(&items), "{items} items");
        assert!(tasks == items || tasks + 1 == items, "{items} items, {tasks} tasks");
    }
}

#[tokio::test]
async fn without_its_log_all_is_there_that_was_checkpointed() {
    let image = cut_off().await;
    fs::remove_file(path(&image, "bellhop.sqlite-wal")).unwrap();
    assert_eq!(opened(image.path()).await, (ITEMS / 2 + 1, ITEMS / 2 + 1));
}

#[tokio::test]
async fn a_log_whose_store_is_gone_is_not_thrown_away() {
    for is_empty in [false, true] {
        let image = cut_off().await;
        let store = path(&image, "bellhop.sqlite");
        let bytes = fs::read(&store).unwrap();
        fs::remove_file(&store).unwrap();
        if is_empty {
            fs::write(&store, "").unwrap();
        }
        let refusal = refused(&image);
        assert!(matches!(refusal, StoreError::Gone { .. }));
        assert!(refusal.to_string().contains("is gone, and its log"), "{refusal}");

        fs::write(&store, bytes).unwrap();
        assert_eq!(opened(image.path()).await, (ITEMS, ITEMS));
    }
}

#[tokio::test]
async fn a_store_with_a_damaged_head_is_refused() {
    let image = cut_off().await;
    opened(image.path()).await;
    fs::remove_file(path(&image, "bellhop.sqlite-wal")).ok();
    let mut bytes = fs::read(path(&image, "bellhop.sqlite")).unwrap();
    bytes[..100].fill(0xff);
    fs::write(path(&image, "bellhop.sqlite"), bytes).unwrap();
    let refusal = refused(&image);
    assert!(refusal.source().unwrap().to_string().contains("not a database"), "{refusal}");
}
