//! Who is served, when more want to be than can: each connection has a seat, and when all are taken, whoever keeps us
//! waiting longest gives theirs up. So a thousand connections that say nothing, or a byte a minute, cost those nothing
//! that have something to say, and nobody is sent away in the middle of their work.
//!
//! Not here: connections (`listen`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The mark of a seat whose connection we work for.
const AT_WORK: u64 = 0;

/// All seats.
pub(crate) struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<HashMap<u64, Arc<Seat>>>,
    /// Counts what happens, so that what happened first is known without a clock.
    moments: AtomicU64,
    /// Whether somebody stands.
    is_wanted: AtomicBool,
}

struct Seat {
    /// Since which moment it keeps us waiting; [`AT_WORK`] if it does not.
    waiting_since: AtomicU64,
    stand_up: Notify,
}

/// A connection with a seat, which is free again when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Guest(Arc<Seated>);

struct Seated {
    seat: Arc<Seat>,
    seats: Arc<Seats>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (free, moments) = (Arc::new(Semaphore::new(count)), AtomicU64::new(AT_WORK + 1));
        Arc::new(Self { free, taken: Mutex::default(), moments, is_wanted: AtomicBool::new(false) })
    }

    /// A seat; if need be, that of somebody who keeps us waiting. Waits while all are worked for. `None` never comes: nobody closes
    /// the seats.
    pub(crate) async fn seat(self: &Arc<Self>) -> Option<Guest> {
        let permit = if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            permit
        } else {
            // In this order: whoever begins to wait while we look sees it, or is seen.
            self.is_wanted.store(true, Ordering::SeqCst);
            self.send_somebody_away();
            Arc::clone(&self.free).acquire_owned().await.ok()?
        };
        self.is_wanted.store(false, Ordering::SeqCst);
        let number = self.moment();
        let seat = Arc::new(Seat { waiting_since: AtomicU64::new(number), stand_up: Notify::new() });
        self.lock().insert(number, Arc::clone(&seat));
        Some(Guest(Arc::new(Seated { seat, seats: Arc::clone(self), number, _permit: permit })))
    }

    /// Whoever has kept us waiting longest, if anybody does.
    fn send_somebody_away(&self) {
        let taken = self.lock();
        let since = |seat: &&Arc<Seat>| seat.waiting_since.load(Ordering::SeqCst);
        let idle = taken.values().filter(|seat| since(seat) != AT_WORK).min_by_key(since);
        if let Some(seat) = idle {
            seat.stand_up.notify_one();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// A panic elsewhere cannot leave the map half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// We work for it from now on.
    pub(crate) fn is_worked_for(&self) {
        self.0.seat.waiting_since.store(AT_WORK, Ordering::SeqCst);
    }

    /// It keeps us waiting from now on: for the next request, or for taking an answer.
    pub(crate) fn keeps_waiting(&self) {
        let Seated { seat, seats, .. } = &*self.0;
        seat.waiting_since.store(seats.moment(), Ordering::SeqCst);
        if seats.is_wanted.swap(false, Ordering::SeqCst) {
            seat.stand_up.notify_one();
        }
    }

    /// Comes when somebody else needs the seat.
    pub(crate) async fn is_sent_away(&self) {
        self.0.seat.stand_up.notified().await;
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seats.lock().remove(&self.number);
    }
}
