//! A table in memory that can be set back: each input finds the same Bellhop, in no time.
//!
//! Not here: durability, which is what tables are for. It passes the conformance suite otherwise.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::clock::{Clock, Timestamp};
use app::table::{
    Condition, Item, Key, PAGE_ITEMS_MAX, Page, Query, Stored, Table, TableError, Version, Write, check_size,
};
use async_trait::async_trait;

#[derive(Clone, Default)]
struct Rows {
    rows: BTreeMap<Key, Stored>,
    last: u64,
}

/// The table.
pub struct MemoryTable {
    rows: Mutex<Rows>,
    clock: Clock,
}

/// What a table held.
pub(crate) struct Snapshot(Rows);

impl Rows {
    fn find(&self, key: &Key, now: Timestamp) -> Option<&Stored> {
        self.rows.get(key).filter(|stored| stored.item.expires_at.is_none_or(|end| now < end))
    }

    fn put(&mut self, item: Item) -> Version {
        self.last += 1;
        let version = Version(self.last);
        self.rows.insert(item.key.clone(), Stored { item, version });
        version
    }

    /// Whether a condition holds; if not, the answer that says what is there instead.
    fn admit(&self, key: &Key, condition: Condition, now: Timestamp) -> Result<(), Write> {
        let there = self.find(key, now);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Version(version) => there.is_some_and(|stored| stored.version == version),
        };
        if holds { Ok(()) } else { Err(Write::Conflict(there.cloned())) }
    }
}

impl MemoryTable {
    /// An empty one.
    pub fn new(clock: Clock) -> Self {
        Self { rows: Mutex::default(), clock }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.lock().clone())
    }

    pub(crate) fn set_back(&self, to: &Snapshot) {
        *self.lock() = to.0.clone();
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Table for MemoryTable {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        Ok(self.lock().find(key, self.clock.now()).cloned())
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        let (rows, now) = (self.lock(), self.clock.now());
        Ok(keys.iter().filter_map(|key| rows.find(key, now).cloned()).collect())
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        check_size(&item)?;
        let mut rows = self.lock();
        Ok(match rows.admit(&item.key, condition, self.clock.now()) {
            Err(conflict) => conflict,
            Ok(()) => Write::Done(rows.put(item)),
        })
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        let mut rows = self.lock();
        match rows.admit(key, condition, self.clock.now()) {
            Err(conflict @ Write::Conflict(Some(_))) => Ok(conflict),
            // Nothing is there, whatever was expected of it.
            _ => Ok(Write::Done(rows.rows.remove(key).map_or(Version(0), |stored| stored.version))),
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        let (rows, now) = (self.lock(), self.clock.now());
        let (low, high) = &query.between;
        let is_asked = |stored: &&Stored| {
            let (key, after) = (&stored.item.key, query.after.as_deref());
            let is_behind = |after: &str| {
                if query.descending { key.sort.as_str() < after } else { key.sort.as_str() > after }
            };
            key.partition == query.partition
                && (low..=high).contains(&&key.sort)
                && after.is_none_or(is_behind)
                && stored.item.expires_at.is_none_or(|end| now < end)
        };
        let mut items: Vec<_> = rows.rows.values().filter(is_asked).cloned().collect();
        if query.descending {
            items.reverse();
        }
        let limit = query.limit.min(PAGE_ITEMS_MAX);
        let is_all = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_all).map(|last| last.item.key.sort.clone());
        Ok(Page { items, next })
    }

    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError> {
        items.iter().try_for_each(check_size)?;
        let mut rows = self.lock();
        for item in items {
            rows.put(item);
        }
        Ok(())
    }
}
