//! What the runs of a batch leave to be written, written in one call.
//!
//! A Lambda function is handed up to ten deliveries at once, and its table is paid for by the call. So the runs that are
//! under way at the same time write together: the last of them does it for all, or, when one has waited for
//! [`LONGEST`], without those that are slower. Nobody pays for that time, since the batch lasts as long as its slowest
//! run; and each hears whether its rows were written, before its task is said to be done.
//!
//! Not here: which rows may be written without a condition (`relay`). On one machine nothing is gathered: there, the store
//! itself commits in groups.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::Causes;
use crate::table::{Item, Table};

/// The longest that a delivery which has arrived is not written down: if the process died meanwhile, it would be made again.
const LONGEST: Duration = Duration::from_millis(250);

/// The runs under way, and what those that are over leave.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    is_on: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    rows: Vec<Item>,
    /// Those who want to hear that their rows are written. Whoever is let go without a word knows that they may not be.
    waiting: Vec<oneshot::Sender<()>>,
}

/// Some of a call's rows may not be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unwritten;

/// A run that will write.
#[derive(Debug)]
pub(crate) struct UnderWay<'a>(&'a Gathering);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}

impl Gathering {
    pub(crate) fn on() -> Self {
        Self { is_on: true, state: Mutex::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Says that there will be something to write.
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        self.lock().under_way += 1;
        UnderWay(self)
    }

    fn take(&self) -> (Vec<Item>, Vec<oneshot::Sender<()>>) {
        let mut state = self.lock();
        (std::mem::take(&mut state.rows), std::mem::take(&mut state.waiting))
    }

    /// A panic elsewhere cannot leave the counts half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    /// Writes rows without a condition, together with those of the runs beside this one.
    pub(crate) async fn write(self, table: &dyn Table, rows: Vec<Item>) -> Result<(), Unwritten> {
        let (written, mut hears) = oneshot::channel();
        let is_last = {
            let mut state = self.0.lock();
            state.rows.extend(rows);
            state.waiting.push(written);
            !self.0.is_on || state.waiting.len() >= state.under_way
        };
        if !is_last && let Ok(heard) = timeout(LONGEST, &mut hears).await {
            return heard.map_err(|_| Unwritten);
        }
        // If somebody else is writing what was left here, this is what came after it.
        let (rows, waiting) = self.0.take();
        let count = rows.len();
        let result = if rows.is_empty() { Ok(()) } else { table.batch_put(rows).await };
        match result {
            // One that does not listen any more was let go itself.
            Ok(()) => waiting.into_iter().for_each(|waiting| waiting.send(()).unwrap_or_default()),
            Err(error) => {
                tracing::error!(rows = count, error = %Causes(&error), "rows.unwritten");
                // Nobody is told, this one neither.
                drop(waiting);
            }
        }
        hears.await.map_err(|_| Unwritten)
    }
}
