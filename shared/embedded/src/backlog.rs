//! What an operator asks of the queues. A dead letter comes back in one commit: never lost, never twice.

use app::backlog::{Backlog, DeadLetter, Depth, PORTION_MAX, Redriven};
use app::clock::Timestamp;
use app::queue::{QueueError, QueueName};
use async_trait::async_trait;
use rusqlite::Connection;

use crate::queue::SqliteQueue;

#[async_trait]
impl Backlog for SqliteQueue {
    fn queues(&self) -> Vec<QueueName> {
        QueueName::ALL.to_vec()
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        let waiting = self.waiting(queue).await?;
        let now = self.0.clock.now();
        let work = move |connection: &Connection| {
            let mut dead = connection.prepare_cached("SELECT count(*) FROM dead_letters WHERE queue = ?1")?;
            let dead: u32 = dead.query_row([queue.as_str()], |row| row.get(0))?;
            let mut oldest = connection.prepare_cached(
                "SELECT min(visible_at) FROM tasks WHERE queue = ?1 AND NOT leased AND visible_at <= ?2",
            )?;
            let oldest: Option<i64> = oldest.query_row((queue.as_str(), now.0), |row| row.get(0))?;
            Ok((dead, oldest.map(Timestamp)))
        };
        let (dead, oldest) = self.0.reader.run(work).await?;
        let depth = Depth {
            ready: waiting.ready.into(),
            later: waiting.later.into(),
            under_way: waiting.leased.into(),
            dead: dead.into(),
            waits_s: None,
        };
        Ok(depth.waiting_for(oldest.map(|oldest| now.since(oldest))))
    }

    async fn dead_letters(&self, queue: QueueName, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let letters = SqliteQueue::dead_letters(self, queue, limit).await?;
        let shown = letters.into_iter().map(|letter| DeadLetter {
            queue: queue.as_str(),
            id: letter.id,
            body: letter.body,
            tries: letter.faults,
            reason: Some(letter.reason),
            at: letter.died_at,
        });
        Ok(shown.collect())
    }

    async fn redrive(
        &self,
        queue: QueueName,
        (limit, before): (usize, Timestamp),
    ) -> Result<Redriven, QueueError> {
        let limit = limit.min(PORTION_MAX);
        let rows = u32::try_from(limit).unwrap_or_default();
        let now = self.0.clock.now();
        let work = move |connection: &Connection| {
            // In the order of their sending, so that a group's order stays.
            let mut select = connection.prepare_cached(
                "SELECT sequence FROM dead_letters WHERE queue = ?1 AND died_at < ?2 ORDER BY sequence LIMIT ?3",
            )?;
            let found = select.query_map((queue.as_str(), before.0, rows), |row| row.get(0))?;
            let found: Vec<i64> = found.collect::<Result<_, _>>()?;
            let mut copy = connection.prepare_cached(
                "INSERT INTO tasks (queue, of_group, id, body, visible_at)
                 SELECT queue, of_group, id, body, ?2 FROM dead_letters WHERE sequence = ?1",
            )?;
            let mut remove = connection.prepare_cached("DELETE FROM dead_letters WHERE sequence = ?1")?;
            for sequence in &found {
                copy.execute((sequence, now.0))?;
                remove.execute([sequence])?;
            }
            Ok(found.len())
        };
        let sent = self.0.writer.run(work).await?;
        self.0.sent.send_replace(());
        Ok(Redriven { sent, is_over: sent < limit })
    }
}
