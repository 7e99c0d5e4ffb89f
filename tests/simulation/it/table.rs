//! A table in memory that keeps the port's contract, and everything bad that the contract allows.
//!
//! What has expired stays until somebody puts something in its place, as in DynamoDB: no reader sees it.
//!
//! Not here: limits of size, which the adapters' own suite tries.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::clock::Timestamp;
use app::table::{
    BATCH_GET_MAX, Condition, Item, Key, PAGE_ITEMS_MAX, Page, Query, Stored, Table, TableError, Version,
    Write,
};
use async_trait::async_trait;

use crate::faults::{Call, Fault};
use crate::world::{Trouble, World};

/// What is kept.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: BTreeMap<Key, Stored>,
    versions: u64,
}

impl Rows {
    pub(crate) fn get(&self, key: &Key, now: Timestamp) -> Option<&Stored> {
        self.rows.get(key).filter(|stored| stored.item.expires_at.is_none_or(|end| end > now))
    }

    /// Those of a partition that are there.
    pub(crate) fn of<'a>(&'a self, partition: &'a str, now: Timestamp) -> impl Iterator<Item = &'a Stored> {
        let from = Key::new(partition, "");
        let rows = self.rows.range(from..).take_while(move |(key, _)| key.partition == partition);
        rows.map(|(_, stored)| stored)
            .filter(move |stored| stored.item.expires_at.is_none_or(|end| end > now))
    }

    fn holds(&self, key: &Key, condition: Condition, now: Timestamp) -> Result<(), Write> {
        let found = self.get(key, now);
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => found.is_none(),
            Condition::Version(version) => found.is_some_and(|stored| stored.version == version),
        };
        if holds { Ok(()) } else { Err(Write::Conflict(found.cloned())) }
    }

    fn put(&mut self, item: Item, condition: Condition, now: Timestamp) -> Write {
        if let Err(conflict) = self.holds(&item.key, condition, now) {
            return conflict;
        }
        self.versions += 1;
        let version = Version(self.versions);
        self.rows.insert(item.key.clone(), Stored { item, version });
        Write::Done(version)
    }

    fn delete(&mut self, key: &Key, condition: Condition, now: Timestamp) -> Write {
        if self.get(key, now).is_none() && condition == Condition::Always {
            return Write::Done(Version(0));
        }
        if let Err(conflict) = self.holds(key, condition, now) {
            return conflict;
        }
        self.rows.remove(key);
        Write::Done(Version(0))
    }

    fn page(&self, query: &Query, (now, is_short): (Timestamp, bool)) -> Page {
        let Query { partition, between: (low, high), descending, limit, after } = query;
        let found = self.of(partition, now).filter(|stored| {
            let sort = &stored.item.key.sort;
            let is_behind =
                after.as_ref().is_none_or(|after| if *descending { sort < after } else { sort > after });
            sort >= low && sort <= high && is_behind
        });
        let mut found: Vec<_> = found.collect();
        if *descending {
            found.reverse();
        }
        let limit = (*limit).min(PAGE_ITEMS_MAX);
        let most = if is_short { limit.min(found.len() / 2).max(1) } else { limit };
        let is_more = found.len() > most;
        found.truncate(most);
        let next = is_more.then(|| found.last().map(|stored| stored.item.key.sort.clone())).flatten();
        Page { items: found.into_iter().cloned().collect(), next }
    }
}

/// The table of a world.
pub(crate) struct SimTable(pub(crate) Arc<World>);

fn unavailable(trouble: Trouble) -> TableError {
    TableError::Unavailable(Box::new(trouble))
}

/// The name of the delivery that a row brings back when it is due.
fn due_name(key: &Key) -> Option<String> {
    let (target, (_, event)) = (key.partition.strip_prefix("due#")?, key.sort.split_once('#')?);
    Some(format!("{event}.{target}"))
}

#[async_trait]
impl Table for SimTable {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        let world = &self.0;
        let fault = world.arrive(Call::Read, || format!("get {} {}", key.partition, key.sort)).await;
        let fault = fault.map_err(unavailable)?;
        let found = world.rows().get(key, world.now()).cloned();
        world.leave(fault).await.map_err(unavailable)?;
        Ok(found)
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        assert!(keys.len() <= BATCH_GET_MAX, "DynamoDB refuses more");
        let world = &self.0;
        let about = || format!("batch_get {} ...", keys.first().map_or("", |key| key.partition.as_str()));
        let fault = world.arrive(Call::Read, about).await;
        let fault = fault.map_err(unavailable)?;
        let found = {
            let (rows, now) = (world.rows(), world.now());
            keys.iter().filter_map(|key| rows.get(key, now).cloned()).collect()
        };
        world.leave(fault).await.map_err(unavailable)?;
        Ok(found)
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        let world = &self.0;
        let about = || format!("put {} {} {}", item.key.partition, item.key.sort, item.document);
        let fault = world.arrive(Call::Write, about).await.map_err(unavailable)?;
        let key = item.key.clone();
        let mut write = match world.defect {
            Some(crate::defects::Defect::PutForgets) if crate::defects::is_record(&key) => {
                Write::Done(Version(u64::MAX))
            }
            _ => world.rows().put(item.clone(), condition, world.now()),
        };
        if fault == Some(Fault::Twice) {
            write = world.rows().put(item, condition, world.now());
        }
        world.note_row(&key);
        world.leave(fault).await.map_err(unavailable)?;
        Ok(write)
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        let world = &self.0;
        let about = || format!("delete {} {}", key.partition, key.sort);
        let fault = world.arrive(Call::Write, about).await.map_err(unavailable)?;
        let mut write = world.rows().delete(key, condition, world.now());
        if fault == Some(Fault::Twice) {
            write = world.rows().delete(key, condition, world.now());
        }
        world.note_row(key);
        if let (Some(sweep), Some(name)) = (World::under_way(), due_name(key)) {
            world.tasks().swept.remove(&(sweep.number, name));
        }
        world.leave(fault).await.map_err(unavailable)?;
        Ok(write)
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        let world = &self.0;
        let fault = world.arrive(Call::Read, || format!("query {}", query.partition)).await;
        let fault = fault.map_err(unavailable)?;
        let page = world.rows().page(query, (world.now(), fault == Some(Fault::Short)));
        world.leave(fault).await.map_err(unavailable)?;
        Ok(page)
    }

    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError> {
        let world = &self.0;
        let first = items.first().map(|item| item.key.clone());
        let about = || format!("batch_put {first:?} ...");
        let fault = world.arrive(Call::Write, about).await.map_err(unavailable)?;
        // In no order: DynamoDB writes a batch as it likes.
        let whole = items.len();
        let written = if fault == Some(Fault::Part) { whole.div_ceil(2) } else { whole };
        for item in items.into_iter().rev().take(written) {
            let key = item.key.clone();
            world.rows().put(item, Condition::Always, world.now());
            world.note_row(&key);
        }
        world.leave(fault).await.map_err(unavailable)
    }
}
