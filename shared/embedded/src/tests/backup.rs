//! A copy of a store is made while it is in use, and a store of the copy.

use std::fs;
use std::path::Path;

use app::clock::Clock;
use app::queue::{Queue as _, Task};
use app::table::{Condition, Item, Key, Table as _};
use config::ProjectId;
use rusqlite::Connection;
use tempfile::TempDir;

use super::new_store;
use crate::{BackupError, Store, back_up, restore};

fn item(sort: &str) -> Item {
    Item { key: Key::new("it", sort), document: "{}".to_owned(), blob: None, expires_at: None }
}

#[tokio::test]
async fn a_copy_has_what_was_there_when_it_was_made_and_the_tasks_in_the_queues() {
    let (store, clock, directory) = new_store();
    let version = store.table().put(item("before"), Condition::Always).await.unwrap();
    let task = Task::RunJobV1 { run: "0123456789ab".parse().unwrap(), project: ProjectId(7) };
    store.queue().send(vec![task]).await.unwrap();
    let elsewhere = TempDir::new().unwrap();
    let copy = elsewhere.path().join("copy");
    back_up(directory.path(), &copy).unwrap();
    store.table().put(item("after"), Condition::Always).await.unwrap();

    let place = elsewhere.path().join("restored");
    restore(&copy, &place).unwrap();
    let restored = Store::open(&place, clock).unwrap();
    let before = restored.table().get(&item("before").key).await.unwrap().unwrap();
    assert_eq!(app::table::Write::Done(before.version), version, "the very same put");
    assert!(restored.table().get(&item("after").key).await.unwrap().is_none());
    let waiting = restored.queue().waiting(app::queue::QueueName::Runs).await.unwrap();
    assert_eq!(waiting.ready, 1);
    let next = restored.table().put(item("next"), Condition::Always).await.unwrap();
    assert_ne!(next, version, "no version is given twice");
}

#[test]
fn a_copy_is_its_owners_alone() {
    let (_store, _clock, directory) = new_store();
    let copy = directory.path().join("copy");
    back_up(directory.path(), &copy).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy).unwrap().permissions());
    assert_eq!(mode & 0o077, 0);
    assert!(!copy.with_added_extension("unfinished").exists());
}

#[test]
fn nothing_is_written_over() {
    let (_store, _clock, directory) = new_store();
    let copy = directory.path().join("copy");
    back_up(directory.path(), &copy).unwrap();
    assert!(matches!(back_up(directory.path(), &copy), Err(BackupError::Occupied { .. })));
    let refusal = restore(&copy, directory.path()).unwrap_err();
    assert!(matches!(refusal, BackupError::Occupied { .. }));
    assert!(refusal.to_string().ends_with("bellhop.sqlite is there already, and nothing is written over"));
}

#[test]
fn what_is_no_copy_is_no_store() {
    let folder = TempDir::new().unwrap();
    let refused = |name: &str, make: &dyn Fn(&Path)| {
        let file = folder.path().join(name);
        make(&file);
        let place = folder.path().join(format!("{name}-restored"));
        let refusal = restore(&file, &place).unwrap_err();
        assert!(!place.join("bellhop.sqlite").exists(), "{name}");
        refusal
    };
    assert!(matches!(refused("none", &|_| ()), BackupError::Files { .. }));
    assert!(matches!(refused("empty", &|file| fs::write(file, "").unwrap()), BackupError::Store(_)));
    let recipes =
        |file: &Path| Connection::open(file).unwrap().execute_batch("CREATE TABLE recipes (x)").unwrap();
    assert!(matches!(refused("recipes", &recipes), BackupError::Store(_)));
    let copied = |file: &Path| {
        let (_store, _clock, directory) = new_store();
        back_up(directory.path(), file).unwrap();
    };
    let newer = |file: &Path| {
        copied(file);
        Connection::open(file).unwrap().pragma_update(None, "user_version", 2).unwrap();
    };
    assert!(refused("newer", &newer).to_string().contains("knows versions up to 1: use a newer one"));
    let cut = |file: &Path| {
        copied(file);
        let half = fs::metadata(file).unwrap().len() / 2;
        fs::OpenOptions::new().write(true).open(file).unwrap().set_len(half).unwrap();
    };
    assert!(matches!(
        refused("cut", &cut),
        BackupError::Damaged { .. } | BackupError::Sqlite { .. } | BackupError::Store(_)
    ));
}

#[test]
fn where_there_is_no_store_there_is_nothing_to_copy_and_none_is_made() {
    let folder = TempDir::new().unwrap();
    let refusal = back_up(folder.path(), &folder.path().join("copy")).unwrap_err();
    assert!(matches!(refusal, BackupError::NoStore { .. }));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(Store::open(folder.path(), Clock::System).unwrap());
}
