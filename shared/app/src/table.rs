//! The port to where things are kept: one key-value table with a partition key and a sort key, the part of
//! DynamoDB that SQLite can do as well.
//!
//! Not here: what is stored (the repositories know), secrets in clear (they are sealed before they come this
//! way), scans, secondary indexes and transactions (nothing in Bellhop needs them).
//!
//! Adapters: `aws::DynamoTable` and `embedded::SqliteTable`. Both pass the suite in `app::conformance`.

use async_trait::async_trait;

use crate::clock::Timestamp;

/// The most bytes of document and blob together that one item may hold.
///
/// DynamoDB refuses items over 400 KB, attribute names included
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
pub const ITEM_BYTES_MAX: usize = 390 * 1024;

/// The most items one page of a query holds, so that a page of small items stays one round trip.
pub const PAGE_ITEMS_MAX: usize = 1_000;

/// The most keys of one `batch_get`: DynamoDB's own limit.
pub const BATCH_GET_MAX: usize = 100;

/// Where an item lives. Keys compare as UTF-8 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// All items of one partition can be queried together.
    pub partition: String,
    /// Unique within the partition, and its order.
    pub sort: String,
}

impl Key {
    /// A key from its two halves.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: sort.into() }
    }
}

/// What is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place.
    pub key: Key,
    /// JSON text: kept as text, so that an operator can read a row.
    pub document: String,
    /// Bytes that are no JSON, such as a compressed payload.
    pub blob: Option<Vec<u8>>,
    /// From this moment on, no reader sees the item, and a put finds the place empty.
    pub expires_at: Option<Timestamp>,
}

/// Changes with every put of an item; says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub u64);

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The item as it was put.
    pub item: Item,
    /// Which put that was.
    pub version: Version,
}

/// What must hold for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Write whatever is there.
    Always,
    /// Only if nothing is there, or what is there has expired.
    Absent,
    /// Only if this very put is still there.
    Version(Version),
}

/// How a write ended. A condition that does not hold is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Durable.
    Done(Version),
    /// The condition did not hold. Holds what is there; `None` if nothing is.
    Conflict(Option<Stored>),
}

/// Which items of a partition to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The partition.
    pub partition: String,
    /// Lowest and highest sort key, both included.
    pub between: (String, String),
    /// Highest sort key first.
    pub descending: bool,
    /// At most this many items; [`PAGE_ITEMS_MAX`] bounds it.
    pub limit: usize,
    /// Continue behind this sort key, from [`Page::next`].
    pub after: Option<String>,
}

impl Query {
    /// All items whose sort key starts with `prefix`, lowest first.
    pub fn prefix(partition: impl Into<String>, prefix: &str) -> Self {
        Self {
            partition: partition.into(),
            // The highest scalar value sorts behind every other character in UTF-8.
            between: (prefix.to_owned(), format!("{prefix}\u{10FFFF}")),
            descending: false,
            limit: PAGE_ITEMS_MAX,
            after: None,
        }
    }
}

/// One page of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order asked for.
    pub items: Vec<Stored>,
    /// Where to go on. A page may be short, even empty, and still have a next one.
    pub next: Option<String>,
}

/// Why the table could not answer.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Nothing is known of the effect: a write may have happened.
    #[error("the table is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The item is over [`ITEM_BYTES_MAX`]; nothing was written.
    #[error("the item {} {} is too large for the table: {bytes} bytes", key.partition, key.sort)]
    TooLarge {
        /// Which item.
        key: Key,
        /// Its document and blob together.
        bytes: usize,
    },
}

/// The table. Every read sees every write that was answered before it began.
#[async_trait]
pub trait Table: Send + Sync + 'static {
    /// One item, if it is there and has not expired.
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError>;

    /// The items that are there, in no order. At most [`BATCH_GET_MAX`] keys, each once.
    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError>;

    /// Writes one item, replacing what is there, if the condition holds.
    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError>;

    /// Removes one item, if the condition holds. Removing what is not there is done at once.
    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError>;

    /// One page of a partition.
    async fn query(&self, query: &Query) -> Result<Page, TableError>;

    /// Writes items of any number, unconditionally. On an error any part of them may be written.
    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError>;
}

/// The check that both adapters make before they write.
pub fn check_size(item: &Item) -> Result<(), TableError> {
    let bytes = item.document.len() + item.blob.as_ref().map_or(0, Vec::len);
    if bytes > ITEM_BYTES_MAX {
        return Err(TableError::TooLarge { key: item.key.clone(), bytes });
    }
    Ok(())
}
