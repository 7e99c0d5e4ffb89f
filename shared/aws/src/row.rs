//! One item as DynamoDB's attributes, and back.

use std::collections::HashMap;

use app::clock::Timestamp;
use app::table::{Item, Key, Stored, Version};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

/// What DynamoDB calls an item.
pub(crate) type Row = HashMap<String, AttributeValue>;

/// The partition key.
pub(crate) const PARTITION: &str = "pk";
/// The sort key.
pub(crate) const SORT: &str = "sk";
/// JSON text.
const DOCUMENT: &str = "document";
/// Bytes.
const BLOB: &str = "blob";
/// Drawn anew at every put.
const VERSION: &str = "version";
/// Whole seconds, rounded up: what DynamoDB's own sweeper goes by, days late. No reader looks at it.
const TIME_TO_LIVE: &str = "expires_at";
/// Milliseconds: what readers and conditions go by. They spell the name out in their expressions.
const EXPIRES_AT: &str = "expires_at_ms";

/// Something else than Bellhop wrote this row.
#[derive(Debug, thiserror::Error)]
#[error("a row of the table has no usable attribute '{0}'")]
pub(crate) struct UnreadableRow(&'static str);

/// The attributes of a new put.
pub(crate) fn from_item(item: Item, version: Version) -> Row {
    let mut row = from_key(&item.key);
    row.insert(DOCUMENT.to_owned(), AttributeValue::S(item.document));
    row.insert(VERSION.to_owned(), number(version.0));
    if let Some(blob) = item.blob {
        row.insert(BLOB.to_owned(), AttributeValue::B(Blob::new(blob)));
    }
    if let Some(expires_at) = item.expires_at {
        row.insert(TIME_TO_LIVE.to_owned(), number(expires_at.0.saturating_add(999).div_euclid(1_000)));
        row.insert(EXPIRES_AT.to_owned(), number(expires_at.0));
    }
    row
}

/// The attributes that name a row.
pub(crate) fn from_key(key: &Key) -> Row {
    HashMap::from([
        (PARTITION.to_owned(), AttributeValue::S(key.partition.clone())),
        (SORT.to_owned(), AttributeValue::S(key.sort.clone())),
    ])
}

/// The item in a row, expired or not.
pub(crate) fn into_stored(mut row: Row) -> Result<Stored, UnreadableRow> {
    let key = Key::new(text(&mut row, PARTITION)?, text(&mut row, SORT)?);
    let document = text(&mut row, DOCUMENT)?;
    let version = parse(&row, VERSION)?.ok_or(UnreadableRow(VERSION))?;
    let blob = match row.remove(BLOB) {
        None => None,
        Some(AttributeValue::B(blob)) => Some(blob.into_inner()),
        Some(_) => return Err(UnreadableRow(BLOB)),
    };
    let expires_at = parse(&row, EXPIRES_AT)?.map(Timestamp);
    Ok(Stored { item: Item { key, document, blob, expires_at }, version: Version(version) })
}

/// DynamoDB's numbers travel as text.
pub(crate) fn number(value: impl Copy + ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn text(row: &mut Row, name: &'static str) -> Result<String, UnreadableRow> {
    match row.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(UnreadableRow(name)),
    }
}

fn parse<N: std::str::FromStr>(row: &Row, name: &'static str) -> Result<Option<N>, UnreadableRow> {
    match row.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| UnreadableRow(name)),
        Some(_) => Err(UnreadableRow(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(expires_at: Option<Timestamp>) -> Item {
        Item {
            key: Key::new("event#1", "part#2"),
            document: "{}".to_owned(),
            blob: Some(vec![0, 255]),
            expires_at,
        }
    }

    #[test]
    fn a_row_gives_back_the_item_it_was_made_of() {
        for expires_at in [None, Some(Timestamp(1_700_000_000_001))] {
            let stored = Stored { item: item(expires_at), version: Version(u64::MAX) };
            let row = from_item(stored.item.clone(), stored.version);
            assert_eq!(into_stored(row).unwrap(), stored);
        }
    }

    #[test]
    fn the_sweeper_never_comes_early() {
        for (milliseconds, seconds) in [(1_000, "1"), (1_001, "2"), (1_999, "2")] {
            let row = from_item(item(Some(Timestamp(milliseconds))), Version(1));
            assert_eq!(row[TIME_TO_LIVE], AttributeValue::N(seconds.to_owned()));
        }
    }

    #[test]
    fn a_row_that_somebody_else_wrote_is_named_by_what_it_lacks() {
        for name in [PARTITION, SORT, DOCUMENT, VERSION] {
            let mut row = from_item(item(None), Version(1));
            row.remove(name);
            let error = into_stored(row).unwrap_err();
            assert_eq!(error.to_string(), format!("a row of the table has no usable attribute '{name}'"));
        }
        let mut row = from_item(item(None), Version(1));
        row.insert(BLOB.to_owned(), number(1));
        assert!(into_stored(row).is_err());
    }
}
