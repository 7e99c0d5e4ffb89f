//! What the repositories share: rows as typed JSON, and the two ways in which keeping things goes wrong.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::App;
use crate::clock::Timestamp;
use crate::seal::SealError;
use crate::table::{Item, Key, Query, Stored, TableError};

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table did not answer.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A row that this Bellhop did not write, or cannot read any more.
    #[error("the row {} {} is not what it should be", key.partition, key.sort)]
    Row {
        /// Which row.
        key: Key,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A secret that does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Makes an item of a typed row.
#[expect(clippy::expect_used, reason = "our rows are structs of texts and numbers, which always serialise")]
pub(crate) fn item(key: Key, row: &impl Serialize, expires_at: Option<Timestamp>) -> Item {
    let document = serde_json::to_string(row).expect("a row serialises");
    Item { key, document, blob: None, expires_at }
}

/// Reads a typed row.
pub(crate) fn row<T: DeserializeOwned>(stored: &Stored) -> Result<T, StoreError> {
    serde_json::from_str(&stored.item.document).map_err(|error| broken(&stored.item.key, error))
}

/// Says which row is broken.
pub(crate) fn broken(key: &Key, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Row { key: key.clone(), source: error.into() }
}

/// All that a query finds, over as many pages as it takes.
pub(crate) async fn all(app: &App, mut query: Query) -> Result<Vec<Stored>, TableError> {
    let mut found = Vec::new();
    loop {
        let page = app.table.query(&query).await?;
        found.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return Ok(found);
        }
    }
}
