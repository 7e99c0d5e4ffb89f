//! The table port on DynamoDB. All reads are strongly consistent.
//!
//! Not here: the shape of a row (`row`), and DynamoDB's time-to-live: its sweeper may be days late, so that
//! every read and every condition looks at the expiry itself.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::time::Duration;

use app::clock::{Chance, Clock};
use app::table::{
    BATCH_GET_MAX, Condition, Item, Key, PAGE_ITEMS_MAX, Page, Query, Stored, Table, TableError, Version,
    Write, check_size,
};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, PutRequest, ReturnValuesOnConditionCheckFailure, WriteRequest,
};

use crate::backoff::Backoff;
use crate::reads::Reads;
use crate::row::{self, PARTITION, Row, SORT};

/// How many items one write request may carry: DynamoDB's own limit.
const BATCH_WRITE_MAX: usize = 25;

/// A start waits no longer for its first connection: a table out of reach is the first event's trouble.
const WARM_UP_MAX: Duration = Duration::from_secs(2);

/// Reads and conditions see a row only if this holds.
const IS_ALIVE: &str = "(attribute_not_exists(expires_at_ms) OR expires_at_ms > :now)";

/// A put "if absent" finds the place empty.
const IS_ABSENT: &str = "attribute_not_exists(pk) OR expires_at_ms <= :now";

/// DynamoDB answered, but part of the batch was left undone in every round.
#[derive(Debug, thiserror::Error)]
#[error("DynamoDB left {0} items of a batch undone, again and again")]
struct Unprocessed(usize);

/// The task that read for several ended without a word.
#[derive(Debug, thiserror::Error)]
#[error("the read was broken off")]
struct BrokenOff;

/// One DynamoDB table with the string keys `pk` and `sk`.
#[derive(Clone, Debug)]
pub struct DynamoTable {
    client: Client,
    name: String,
    clock: Clock,
    chance: Chance,
    reads: Reads,
}

impl DynamoTable {
    /// The table of this name; by `clock`, items expire.
    pub fn new(client: Client, name: impl Into<String>, clock: Clock) -> Self {
        Self { client, name: name.into(), clock, chance: Chance::System, reads: Reads::default() }
    }

    /// Opens a connection, so that the first event does not wait for TLS: while a Lambda function starts it has a
    /// whole processor, afterwards only its memory's share of one.
    pub async fn warm_up(&self) {
        let nothing = Key::new("warm-up", "warm-up");
        if !matches!(tokio::time::timeout(WARM_UP_MAX, self.get(&nothing)).await, Ok(Ok(_))) {
            tracing::warn!(table = self.name, "the table did not answer at start");
        }
    }

    fn new_version(&self) -> Version {
        Version(u64::from_le_bytes(self.chance.bytes()))
    }

    fn now(&self) -> AttributeValue {
        row::number(self.clock.now())
    }

    fn is_alive(&self, stored: &Stored) -> bool {
        stored.item.expires_at.is_none_or(|expires_at| expires_at > self.clock.now())
    }

    /// What a reader sees of a row.
    fn seen(&self, row: Row) -> Result<Option<Stored>, TableError> {
        let stored = row::into_stored(row).map_err(unavailable)?;
        Ok(self.is_alive(&stored).then_some(stored))
    }

    /// What stopped a conditional write.
    fn conflict(&self, row: Option<Row>) -> Result<Write, TableError> {
        Ok(Write::Conflict(row.map(|row| self.seen(row)).transpose()?.flatten()))
    }

    /// Reads for all who have asked by now.
    async fn read_together(self) {
        let together = self.reads.take();
        let mut found = Ok(Vec::new());
        for keys in together.keys().chunks(BATCH_GET_MAX) {
            match (self.read(keys).await, &mut found) {
                (Ok(more), Ok(found)) => found.extend(more),
                (Err(error), _) => found = Err(error),
                (Ok(_), Err(_)) => {}
            }
        }
        together.answer(found);
    }

    /// Reads at most [`BATCH_GET_MAX`] items.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        let mut found = Vec::with_capacity(keys.len());
        let mut rows: Vec<Row> = keys.iter().map(row::from_key).collect();
        let mut backoff = Backoff::new();
        while !rows.is_empty() {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(rows))
                .consistent_read(true)
                .build()
                .map_err(unavailable)?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, wanted)
                .send()
                .await
                .map_err(unavailable)?;
            for row in answer.responses.unwrap_or_default().remove(&self.name).unwrap_or_default() {
                found.extend(self.seen(row)?);
            }
            rows = answer
                .unprocessed_keys
                .unwrap_or_default()
                .remove(&self.name)
                .map(|left| left.keys)
                .unwrap_or_default();
            if !rows.is_empty() && !backoff.wait().await {
                return Err(unavailable(Unprocessed(rows.len())));
            }
        }
        Ok(found)
    }

    /// Writes at most [`BATCH_WRITE_MAX`] rows of different keys.
    async fn write_all(&self, mut requests: Vec<WriteRequest>) -> Result<(), TableError> {
        let mut backoff = Backoff::new();
        loop {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&self.name, requests)
                .send()
                .await
                .map_err(unavailable)?;
            requests = answer.unprocessed_items.unwrap_or_default().remove(&self.name).unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
            if !backoff.wait().await {
                return Err(unavailable(Unprocessed(requests.len())));
            }
        }
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(row::from_key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        answer.item.map_or(Ok(None), |row| self.seen(row))
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        debug_assert!(keys.len() <= BATCH_GET_MAX, "the port allows no more");
        let (is_first, hears) = self.reads.ask(keys);
        if is_first {
            tokio::spawn(self.clone().read_together());
        }
        hears.await.unwrap_or_else(|_| Err(unavailable(BrokenOff)))
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        check_size(&item)?;
        let version = self.new_version();
        let (expression, values) = match condition {
            Condition::Always => (None, None),
            Condition::Absent => (Some(IS_ABSENT.to_owned()), Some(values([(":now", self.now())]))),
            Condition::Version(Version(expected)) => (
                Some(format!("version = :version AND {IS_ALIVE}")),
                Some(values([(":version", row::number(expected)), (":now", self.now())])),
            ),
        };
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row::from_item(item, version)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else { return Ok(Write::Done(version)) };
        let row = match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
            _ => return Err(unavailable(error)),
        };
        match self.conflict(row)? {
            // DynamoDB wrote, the answer was lost, and the SDK's second try met the first one's row.
            Write::Conflict(Some(there)) if there.version == version => Ok(Write::Done(version)),
            conflict => Ok(conflict),
        }
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        let (expression, values) = match condition {
            Condition::Always => (None, None),
            Condition::Absent => (Some(IS_ABSENT.to_owned()), Some(values([(":now", self.now())]))),
            Condition::Version(Version(expected)) => (
                Some(format!("{IS_ABSENT} OR version = :version")),
                Some(values([(":version", row::number(expected)), (":now", self.now())])),
            ),
        };
        let answer = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(row::from_key(key)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else { return Ok(Write::Done(self.new_version())) };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                self.conflict(failed.item.clone())
            }
            _ => Err(unavailable(error)),
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        let (low, high) = &query.between;
        // DynamoDB calls both an error: a range that holds nothing, and an empty text as one end of it.
        if low > high || high.is_empty() {
            return Ok(Page::default());
        }
        let mut bounds = values([
            (":partition", AttributeValue::S(query.partition.clone())),
            (":high", AttributeValue::S(high.clone())),
            (":now", self.now()),
        ]);
        let range = if low.is_empty() {
            "sk <= :high"
        } else {
            bounds.insert(":low".to_owned(), AttributeValue::S(low.clone()));
            "sk BETWEEN :low AND :high"
        };
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression(format!("{PARTITION} = :partition AND {range}"))
            .filter_expression(IS_ALIVE)
            .set_expression_attribute_values(Some(bounds))
            .scan_index_forward(!query.descending)
            .limit(i32::try_from(query.limit.clamp(1, PAGE_ITEMS_MAX)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(
                query.after.as_ref().map(|sort| row::from_key(&Key::new(&query.partition, sort))),
            )
            .send()
            .await
            .map_err(unavailable)?;
        let next = answer.last_evaluated_key.and_then(|mut key| match key.remove(SORT) {
            Some(AttributeValue::S(sort)) => Some(sort),
            _ => None,
        });
        let items = answer.items.unwrap_or_default().into_iter().map(row::into_stored);
        Ok(Page { items: items.collect::<Result<_, _>>().map_err(unavailable)?, next })
    }

    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError> {
        // A request that names a key twice is refused; the last put of a key is the one that counts.
        let mut rows = BTreeMap::new();
        for item in items {
            check_size(&item)?;
            rows.insert(item.key.clone(), row::from_item(item, self.new_version()));
        }
        let mut requests = Vec::with_capacity(rows.len());
        for row in rows.into_values() {
            let put = PutRequest::builder().set_item(Some(row)).build().map_err(unavailable)?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        for batch in requests.chunks(BATCH_WRITE_MAX) {
            self.write_all(batch.to_vec()).await?;
        }
        Ok(())
    }
}

fn unavailable(source: impl Error + Send + Sync + 'static) -> TableError {
    TableError::Unavailable(Box::new(source))
}

fn values<const N: usize>(pairs: [(&str, AttributeValue); N]) -> HashMap<String, AttributeValue> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
