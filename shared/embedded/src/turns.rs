//! Whose turn it is: which tasks of a queue are handed over next.
//!
//! Among the groups of a queue, the one with the fewest tasks out goes first, so that a slow target with a thousand
//! deliveries leaves room for the others. Within a group of an ordered queue only the oldest task can be had, and only when
//! it is neither out nor put off; of any other group, the one that is due longest.
//!
//! Not here: handing over (`lease`).

use std::collections::{HashMap, HashSet};

use app::clock::Timestamp;
use app::queue::QueueName;
use rusqlite::Connection;

use crate::lease::Leased;
use crate::store::Store;
use crate::threads::Failure;

/// How many tasks of one group of an unordered queue are out at the same time: a target that is slow, or has just come
/// back and has thousands waiting, gets no more at once.
pub(crate) const OUT_MAX: u32 = 8;

/// How many of the tasks that are due longest are looked at before all groups are: some times as many as any consumer has
/// hands, so that a hand finds its turn among them, and few enough to cost less than what is then done.
pub(crate) const LOOKED_AT_MAX: usize = 256;

impl Store {
    /// When something of the queue can be had: in the past, if there is something now.
    pub(crate) async fn next_due(&self, queue: QueueName) -> Result<Option<Timestamp>, Failure> {
        let statement = if queue.is_ordered() {
            format!("{} SELECT min(visible_at) FROM heads", heads(queue))
        } else {
            "SELECT min(visible_at) FROM tasks WHERE queue = ?1".to_owned()
        };
        let work = move |connection: &Connection| {
            let mut select = connection.prepare_cached(&statement)?;
            select.query_row([queue.as_str()], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Timestamp)))
        };
        self.reader.run(work).await
    }
}

/// The start of a query of `heads`: the task of each group whose turn is next, and how many of it are out.
///
/// It hops from group to group along an index, so that its cost is in the groups and not in the tasks: an irkerd
/// may be down for a day and have very many.
pub(crate) fn heads(queue: QueueName) -> String {
    let order = if queue.is_ordered() { "sequence" } else { "visible_at, sequence" };
    format!(
        "WITH RECURSIVE groups (name) AS (
             SELECT min(of_group) FROM tasks WHERE queue = ?1
             UNION ALL
             SELECT (SELECT min(of_group) FROM tasks WHERE queue = ?1 AND of_group > name)
             FROM groups WHERE name IS NOT NULL
         ), firsts AS (
             SELECT (SELECT sequence FROM tasks WHERE queue = ?1 AND of_group = name ORDER BY {order} LIMIT 1)
                        AS sequence,
                    (SELECT count(*) FROM tasks WHERE queue = ?1 AND of_group = name AND leased = 1) AS out
             FROM groups WHERE name IS NOT NULL
         ), heads AS (SELECT sequence, out, visible_at FROM firsts JOIN tasks USING (sequence))"
    )
}

/// The tasks to hand over now, at most one of each group. A leased task is never among them: it is not visible.
pub(crate) fn turns(
    connection: &Connection,
    queue: QueueName,
    now: Timestamp,
    max: usize,
) -> rusqlite::Result<Vec<i64>> {
    if !queue.is_ordered()
        && let Some(turns) = turns_among_first(connection, queue, now, max)?
    {
        return Ok(turns);
    }
    let mut select = connection.prepare_cached(&format!(
        "{} SELECT sequence FROM heads WHERE visible_at <= ?2 AND out < ?4 ORDER BY out, sequence LIMIT ?3",
        heads(queue)
    ))?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let out_max = i64::from(OUT_MAX);
    select.query_map((queue.as_str(), now.0, max, out_max), |row| row.get(0))?.collect()
}

/// The same, found among those that are due longest, if that is enough to tell: one event may have gone to thousands of
/// groups, and to look at all of them for each that is done would take longer than to do it.
fn turns_among_first(
    connection: &Connection,
    queue: QueueName,
    now: Timestamp,
    max: usize,
) -> rusqlite::Result<Option<Vec<i64>>> {
    let mut select = connection.prepare_cached(
        "SELECT sequence, of_group FROM tasks WHERE queue = ?1 AND visible_at <= ?2
         ORDER BY visible_at, sequence LIMIT ?3",
    )?;
    let looked_at = i64::try_from(LOOKED_AT_MAX).unwrap_or(i64::MAX);
    let due = select.query_map((queue.as_str(), now.0, looked_at), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let due: Vec<(i64, String)> = due.collect::<Result<_, _>>()?;
    let mut count = connection.prepare_cached(
        "SELECT of_group, count(*) FROM tasks WHERE queue = ?1 AND leased = 1 GROUP BY of_group",
    )?;
    let out = count.query_map([queue.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let out: HashMap<String, u32> = out.collect::<Result<_, _>>()?;
    let is_all = due.len() < LOOKED_AT_MAX;
    let mut seen = HashSet::new();
    let heads = due.into_iter().filter(|(_, group)| seen.insert(group.clone()));
    let heads = heads.map(|(sequence, group)| (out.get(&group).copied().unwrap_or(0), sequence));
    let mut heads: Vec<(u32, i64)> = heads.filter(|(out, _)| *out < OUT_MAX).collect();
    heads.sort_unstable();
    heads.truncate(max);
    // None goes before a group that has nothing out, and of those there are enough.
    let is_enough = heads.len() == max && heads.iter().all(|(out, _)| *out == 0);
    Ok((is_all || is_enough).then(|| heads.into_iter().map(|(_, sequence)| sequence).collect()))
}

/// What stands right behind the head of an ordered group, as far as it can be had.
pub(crate) fn followers(
    connection: &Connection,
    head: &Leased,
    max: usize,
    now: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT behind.sequence, behind.visible_at FROM tasks AS head
         JOIN tasks AS behind ON behind.queue = head.queue AND behind.of_group = head.of_group
         WHERE head.sequence = ?1 AND behind.sequence > ?1 ORDER BY behind.sequence LIMIT ?2",
    )?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let behind = select.query_map((head.lease.sequence(), max), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let behind: Vec<(i64, i64)> = behind.collect::<Result<_, _>>()?;
    Ok(behind.into_iter().take_while(|(_, at)| *at <= now.0).map(|(sequence, _)| sequence).collect())
}
