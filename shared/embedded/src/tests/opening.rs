//! Which files are taken for a store, and who may serve it.

use std::error::Error as _;
use std::fs;
use std::time::Duration;

use app::clock::Clock;
use app::table::{Condition, Item, Key, Table as _};
use rusqlite::Connection;
use tempfile::TempDir;

use super::new_store;
use crate::{Store, StoreError};

fn refusal(directory: &TempDir) -> StoreError {
    Store::open(directory.path(), Clock::System).err().unwrap()
}

fn item(sort: &str) -> Item {
    Item { key: Key::new("it", sort), document: "{}".to_owned(), blob: None, expires_at: None }
}

#[tokio::test]
async fn a_store_keeps_what_it_had_when_it_is_opened_again() {
    let (store, clock, directory) = new_store();
    store.table().put(item("kept"), Condition::Always).await.unwrap();
    drop(store);
    let again = Store::open(directory.path(), clock).unwrap();
    assert!(again.table().get(&item("kept").key).await.unwrap().is_some());
}

/// What SQLite calls it in numbers.
const FULL: i64 = 2;

#[tokio::test]
async fn a_commit_is_on_the_disk() {
    let (store, _clock, _directory) = new_store();
    let work = |connection: &Connection| {
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok((synchronous, journal))
    };
    assert_eq!(store.writer.run(work).await.unwrap(), (FULL, "wal".to_owned()));
}

#[test]
fn a_store_of_a_later_bellhop_is_refused() {
    let directory = TempDir::new().unwrap();
    drop(Store::open(directory.path(), Clock::System).unwrap());
    let file = Connection::open(directory.path().join("bellhop.sqlite")).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    let refusal = refusal(&directory);
    assert!(
        refusal
            .to_string()
            .ends_with("has version 2, and this Bellhop knows versions up to 1: use a newer one")
    );
    assert!(matches!(refusal, StoreError::Newer { found: 2, .. }));
}

#[test]
fn a_file_of_another_program_is_refused() {
    let directory = TempDir::new().unwrap();
    let file = Connection::open(directory.path().join("bellhop.sqlite")).unwrap();
    file.execute_batch("CREATE TABLE recipes (title TEXT)").unwrap();
    assert!(matches!(refusal(&directory), StoreError::NotAStore { .. }));
}

#[test]
fn what_is_no_sqlite_file_is_refused() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("bellhop.sqlite"), "a text that is no store at all").unwrap();
    let refusal = refusal(&directory);
    assert!(matches!(refusal, StoreError::Sqlite { .. }));
    assert!(refusal.source().unwrap().to_string().contains("not a database"));
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Store::open(&file.join("store"), Clock::System), Err(StoreError::Files { .. })));
}

#[tokio::test]
async fn one_serves_and_the_next_is_told_so_until_it_ends() {
    let (store, clock, directory) = new_store();
    let serving = store.serve().await.unwrap();
    let other = Store::open(directory.path(), clock).unwrap();
    let Err(refusal) = other.serve().await else { panic!("two serve one store") };
    assert!(matches!(refusal, StoreError::AlreadyServed { .. }), "{refusal}");
    other.table().put(item("it"), Condition::Always).await.expect("it may still write");
    drop(serving);
    other.serve().await.unwrap();
}

#[tokio::test]
async fn what_has_expired_leaves_the_disk() {
    let (store, clock, _directory) = new_store();
    let a_second = Duration::from_secs(1);
    let mortal = Item { expires_at: Some(clock.now() + a_second), ..item("mortal") };
    store.table().put(mortal, Condition::Always).await.unwrap();
    clock.advance(a_second);
    store.table().put(item("next"), Condition::Always).await.unwrap();
    let count = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM items", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(store.reader.run(count).await.unwrap(), 1);
}
