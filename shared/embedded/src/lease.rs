//! Taking tasks from a queue for a time, and giving them back.
//!
//! An ordered task may bring those behind it along, so that its handler sees what has piled up.
//!
//! Not here: whose turn it is (`turns`), handlers and the loop that calls them (`consume`).

use std::time::Duration;

use app::clock::Timestamp;
use app::faults::Fault;
use app::queue::{AGAIN_MAX, Answer, FAULTS_MAX, QueueError, QueueName};
use rusqlite::{Connection, OptionalExtension};

use crate::store::Serving;
use crate::threads::Failure;
use crate::turns::{followers, turns};

/// How long a task rests after its first fault, and twice as long after each further one: over a minute in all, so
/// that a fault that passes, like a full disk, does not use up all of [`FAULTS_MAX`] in one moment.
const FAULT_REST: Duration = Duration::from_secs(5);

/// With how many processes in a row a task may die before it is set aside. A process dies for many reasons, of which
/// the tasks in its hands are the rarest, and the head of an irkerd's group that is slow is in its hands nearly always:
/// a week of power cuts must not cost it. A task that kills every process is still got rid of.
pub(crate) const DEATHS_MAX: u32 = 20;

/// One handover of one task. An answer with any but the latest lease of a task does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    sequence: i64,
    handover: i64,
}

impl Lease {
    /// The task's place in the order of sending.
    pub(crate) fn sequence(self) -> i64 {
        self.sequence
    }
}

/// A task as its handler gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// [`app::queue::Task::id`].
    pub id: String,
    /// The task as JSON.
    pub body: String,
    /// How often a consumer of it has had a fault before.
    pub faults: u32,
}

/// A task that is out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// To answer with.
    pub lease: Lease,
    /// To handle.
    pub received: Received,
}

/// An [`Answer`], with what is known of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Again { after: Duration },
    Fault(Fault),
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Done => Self::Done,
            Answer::Again { after } => Self::Again { after },
            Answer::Fault => Self::Fault(Fault::Answered),
        }
    }
}

impl Serving {
    /// Takes at most `count` runs of an ordered queue whose turn it is, or single tasks of any other. A run is the
    /// head of a group and those behind it that can be had, at most `length` in all; never empty.
    ///
    /// A head that has had a fault comes alone: should the fault be one of its followers', it is not blamed again.
    pub async fn lease_runs(
        &self,
        queue: QueueName,
        (count, length): (usize, usize),
        lease_for: Duration,
    ) -> Result<Vec<Vec<Leased>>, QueueError> {
        let heads = self.lease(queue, count, lease_for).await?;
        if !queue.is_ordered() || length <= 1 {
            return Ok(heads.into_iter().map(|head| vec![head]).collect());
        }
        let clock = self.store.clock.clone();
        let work = move |connection: &Connection| {
            let (now, mut runs) = (clock.now(), Vec::new());
            for head in heads {
                let is_alone = head.received.faults > 0;
                let behind =
                    if is_alone { Vec::new() } else { followers(connection, &head, length - 1, now)? };
                let mut run = vec![head];
                for sequence in behind {
                    run.push(hand_over(connection, sequence, now + lease_for)?);
                }
                runs.push(run);
            }
            Ok(runs)
        };
        Ok(self.store.writer.run(work).await?)
    }

    /// Takes at most `max` tasks whose turn it is. If one is not answered within `lease_for`, that is a fault,
    /// and it is handed over again.
    pub async fn lease(
        &self,
        queue: QueueName,
        max: usize,
        lease_for: Duration,
    ) -> Result<Vec<Leased>, QueueError> {
        let clock = self.store.clock.clone();
        let work = move |connection: &Connection| {
            let now = clock.now();
            expire(connection, queue, now)?;
            // Never over at once, or one call would hand a task over for ever.
            let until = now + lease_for.max(Duration::from_millis(1));
            let mut leased = Vec::new();
            loop {
                // One of each group, so that the next round knows what is out.
                let turns = turns(connection, queue, now, max - leased.len())?;
                if turns.is_empty() {
                    return Ok(leased);
                }
                for sequence in turns {
                    leased.push(hand_over(connection, sequence, until)?);
                }
            }
        };
        Ok(self.store.writer.run(work).await?)
    }

    /// Nothing of a queue waits for a time that the clock, which was ahead by so much, has reached before.
    pub(crate) async fn bring_forward(&self, queue: QueueName, ahead: Duration) -> Result<(), Failure> {
        let clock = self.store.clock.clone();
        let work = move |connection: &Connection| {
            let ahead = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
            let mut update = connection.prepare_cached(
                "UPDATE tasks SET visible_at = max(visible_at - ?3, ?2)
                 WHERE queue = ?1 AND leased = 0 AND visible_at > ?2",
            )?;
            update.execute((queue.as_str(), clock.now().0, ahead)).map(|_| ())
        };
        self.store.writer.run(work).await
    }

    /// Does what the answer says, if the lease still holds; otherwise nothing.
    pub async fn answer(&self, lease: Lease, answer: Answer) -> Result<(), QueueError> {
        self.settle(vec![(lease, answer.into())]).await
    }

    /// All at once: nobody gets what stands behind a head before the head's own verdict is known.
    pub(crate) async fn settle(&self, run: Vec<(Lease, Verdict)>) -> Result<(), QueueError> {
        let clock = self.store.clock.clone();
        let work = move |connection: &Connection| {
            run.iter().try_for_each(|(lease, verdict)| match *verdict {
                Verdict::Done => finish(connection, *lease),
                Verdict::Again { after } => release(connection, *lease, clock.now() + after.min(AGAIN_MAX)),
                Verdict::Fault(fault) => count_fault(connection, *lease, fault, clock.now()),
            })
        };
        Ok(self.store.writer.run(work).await?)
    }
}

fn hand_over(connection: &Connection, sequence: i64, until: Timestamp) -> rusqlite::Result<Leased> {
    let mut update = connection.prepare_cached(
        "UPDATE tasks SET leased = 1, handovers = handovers + 1, visible_at = ?2 WHERE sequence = ?1
         RETURNING handovers, id, body, faults",
    )?;
    update.query_row((sequence, until.0), |row| {
        Ok(Leased {
            lease: Lease { sequence, handover: row.get("handovers")? },
            received: Received { id: row.get("id")?, body: row.get("body")?, faults: row.get("faults")? },
        })
    })
}

fn finish(connection: &Connection, lease: Lease) -> rusqlite::Result<()> {
    let mut delete = connection
        .prepare_cached("DELETE FROM tasks WHERE sequence = ?1 AND handovers = ?2 AND leased = 1")?;
    delete.execute((lease.sequence, lease.handover))?;
    Ok(())
}

fn release(connection: &Connection, lease: Lease, visible_at: Timestamp) -> rusqlite::Result<()> {
    // Whoever gives a task back has survived it.
    let mut update = connection.prepare_cached(
        "UPDATE tasks SET leased = 0, deaths = 0, visible_at = ?3
         WHERE sequence = ?1 AND handovers = ?2 AND leased = 1",
    )?;
    update.execute((lease.sequence, lease.handover, visible_at.0))?;
    Ok(())
}

/// Leases of a queue that have run out by a time. Left to itself, SQLite would look for them among all tasks that are due, of
/// which there may be very many, and not among the few that are out.
pub(crate) const RUN_OUT: &str = "SELECT sequence, handovers FROM tasks INDEXED BY tasks_leased
     WHERE queue = ?1 AND leased = 1 AND visible_at <= ?2";

/// Leases that have run out become faults.
fn expire(connection: &Connection, queue: QueueName, now: Timestamp) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(RUN_OUT)?;
    let over: Vec<Lease> = select.query_map((queue.as_str(), now.0), lease_of)?.collect::<Result<_, _>>()?;
    over.into_iter().try_for_each(|lease| count_fault(connection, lease, Fault::LeaseRanOut, now))
}

/// All that is leased is free again, and has one death more; see [`Store::serve`]. Says how much that was.
pub(crate) fn reclaim(connection: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let mut count = connection.prepare_cached("UPDATE tasks SET deaths = deaths + 1 WHERE leased = 1")?;
    let left = count.execute([])?;
    let mut select = connection
        .prepare_cached("SELECT sequence, handovers FROM tasks WHERE leased = 1 AND deaths >= ?1")?;
    let deadly: Vec<Lease> = select.query_map([DEATHS_MAX], lease_of)?.collect::<Result<_, _>>()?;
    for lease in deadly {
        set_aside(connection, lease, Fault::ProcessDied, now)?;
    }
    let mut free =
        connection.prepare_cached("UPDATE tasks SET leased = 0, visible_at = ?1 WHERE leased = 1")?;
    free.execute([now.0])?;
    // Nobody puts a task off for so long: the clock was ahead when that was done.
    let mut late = connection.prepare_cached("UPDATE tasks SET visible_at = ?1 WHERE visible_at > ?2")?;
    late.execute((now.0, (now + AGAIN_MAX).0))?;
    Ok(left)
}

fn lease_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Lease> {
    Ok(Lease { sequence: row.get("sequence")?, handover: row.get("handovers")? })
}

/// One fault more, and with [`FAULTS_MAX`] the end of it. Nothing if the lease no longer holds.
fn count_fault(connection: &Connection, lease: Lease, fault: Fault, now: Timestamp) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE tasks SET faults = faults + 1 WHERE sequence = ?1 AND handovers = ?2 AND leased = 1
         RETURNING faults",
    )?;
    let faults = update.query_row((lease.sequence, lease.handover), |row| row.get(0)).optional()?;
    match faults {
        None => Ok(()),
        Some(faults) if faults < FAULTS_MAX => release(connection, lease, now + rest(fault, faults)),
        Some(_) => set_aside(connection, lease, fault, now),
    }
}

/// Whose lease ran out has rested already.
fn rest(fault: Fault, faults: u32) -> Duration {
    match fault {
        // A death is not counted here, but by `reclaim`.
        Fault::LeaseRanOut | Fault::ProcessDied => Duration::ZERO,
        Fault::Answered | Fault::Panicked | Fault::TookTooLong => {
            FAULT_REST.saturating_mul(2_u32.saturating_pow(faults.saturating_sub(1)))
        }
    }
}

fn set_aside(connection: &Connection, lease: Lease, fault: Fault, now: Timestamp) -> rusqlite::Result<()> {
    let mut copy = connection.prepare_cached(
        "INSERT INTO dead_letters (sequence, queue, of_group, id, body, faults, reason, died_at)
         SELECT sequence, queue, of_group, id, body, faults, ?2, ?3 FROM tasks WHERE sequence = ?1
         RETURNING queue, id",
    )?;
    let (queue, id): (String, String) =
        copy.query_row((lease.sequence, fault.as_str(), now.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
    tracing::error!(queue, id, reason = fault.as_str(), "task.set_aside");
    finish(connection, lease)
}
