//! The [`Table`] on SQLite.

use app::clock::Timestamp;
use app::table::{
    Condition, Item, Key, PAGE_ITEMS_MAX, Page, Query, Stored, Table, TableError, Version, Write, check_size,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::Store;
use crate::threads::Failure;

/// After how many bytes of documents and blobs a page ends: DynamoDB's own limit, for the same reason, which is
/// that a page is in memory at once.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// What a delete answers where nothing was. No put ever has this version.
const NOTHING: Version = Version(0);

/// The table of a [`Store`].
#[derive(Clone)]
pub struct SqliteTable(pub(crate) Store);

impl From<Failure> for TableError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

#[async_trait]
impl Table for SqliteTable {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        let (key, now) = (key.clone(), self.0.clock.now());
        Ok(self.0.reader.run(move |connection| find(connection, &key, now)).await?)
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        let (keys, now) = (keys.to_vec(), self.0.clock.now());
        let work = move |connection: &Connection| {
            keys.iter().filter_map(|key| find(connection, key, now).transpose()).collect()
        };
        Ok(self.0.reader.run(work).await?)
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        check_size(&item)?;
        let clock = self.0.clock.clone();
        let work =
            move |connection: &Connection| match refusal(connection, &item.key, condition, clock.now())? {
                Some(conflict) => Ok(conflict),
                None => Ok(Write::Done(insert(connection, &item)?)),
            };
        Ok(self.0.writer.run(work).await?)
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        let (key, clock) = (key.clone(), self.0.clock.clone());
        let work = move |connection: &Connection| match refusal(connection, &key, condition, clock.now())? {
            Some(conflict @ Write::Conflict(Some(_))) => Ok(conflict),
            // Nothing is there, whatever was expected of it.
            Some(_) | None => Ok(Write::Done(remove(connection, &key)?)),
        };
        Ok(self.0.writer.run(work).await?)
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        let (query, now) = (query.clone(), self.0.clock.now());
        Ok(self.0.reader.run(move |connection| page(connection, query, now)).await?)
    }

    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError> {
        items.iter().try_for_each(check_size)?;
        let work = move |connection: &Connection| {
            items.iter().try_for_each(|item| insert(connection, item).map(|_| ()))
        };
        Ok(self.0.writer.run(work).await?)
    }
}

/// The conflict that `condition` meets, if it does.
fn refusal(
    connection: &Connection,
    key: &Key,
    condition: Condition,
    now: Timestamp,
) -> rusqlite::Result<Option<Write>> {
    if condition == Condition::Always {
        return Ok(None);
    }
    let there = find(connection, key, now)?;
    let holds = match condition {
        Condition::Always => true,
        Condition::Absent => there.is_none(),
        Condition::Version(version) => there.as_ref().is_some_and(|there| there.version == version),
    };
    Ok((!holds).then_some(Write::Conflict(there)))
}

fn find(connection: &Connection, key: &Key, now: Timestamp) -> rusqlite::Result<Option<Stored>> {
    let mut find = connection.prepare_cached(
        "SELECT version, partition, sort, document, blob, expires_at FROM items
         WHERE partition = ?1 AND sort = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
    )?;
    find.query_row((&key.partition, &key.sort, now.0), stored).optional()
}

fn insert(connection: &Connection, item: &Item) -> rusqlite::Result<Version> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO items (partition, sort, document, blob, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5) RETURNING version",
    )?;
    let Item { key, document, blob, expires_at } = item;
    let expires_at = expires_at.map(|moment| moment.0);
    insert.query_row((&key.partition, &key.sort, document, blob, expires_at), version)
}

fn remove(connection: &Connection, key: &Key) -> rusqlite::Result<Version> {
    let mut remove = connection
        .prepare_cached("DELETE FROM items WHERE partition = ?1 AND sort = ?2 RETURNING version")?;
    Ok(remove.query_row((&key.partition, &key.sort), version).optional()?.unwrap_or(NOTHING))
}

fn page(connection: &Connection, query: Query, now: Timestamp) -> rusqlite::Result<Page> {
    let Query { partition, between: (mut low, mut high), descending, limit, after } = query;
    // The place to go on from replaces one end of the range, so that SQLite seeks there.
    let (mut from, mut to, order) = (">=", "<=", if descending { "DESC" } else { "ASC" });
    match after {
        Some(after) if descending && after <= high => (to, high) = ("<", after),
        Some(after) if !descending && after >= low => (from, low) = (">", after),
        _ => {}
    }
    let mut select = connection.prepare_cached(&format!(
        "SELECT version, partition, sort, document, blob, expires_at FROM items
         WHERE partition = ?1 AND sort {from} ?2 AND sort {to} ?3 AND (expires_at IS NULL OR expires_at > ?4)
         ORDER BY sort {order}"
    ))?;
    let mut rows = select.query((&partition, &low, &high, now.0))?;
    let limit = limit.clamp(1, PAGE_ITEMS_MAX);
    let mut page = Page::default();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        if page.items.len() == limit || bytes >= PAGE_BYTES_MAX {
            page.next = page.items.last().map(|last: &Stored| last.item.key.sort.clone());
            break;
        }
        let stored = stored(row)?;
        bytes += stored.item.document.len() + stored.item.blob.as_ref().map_or(0, Vec::len);
        page.items.push(stored);
    }
    Ok(page)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let item = Item {
        key: Key { partition: row.get("partition")?, sort: row.get("sort")? },
        document: row.get("document")?,
        blob: row.get("blob")?,
        expires_at: row.get::<_, Option<i64>>("expires_at")?.map(Timestamp),
    };
    Ok(Stored { item, version: version(row)? })
}

/// SQLite counts up from 1.
fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    row.get::<_, i64>("version").map(|version| Version(version.cast_unsigned()))
}
