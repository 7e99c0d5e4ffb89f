//! What is done each minute: deliveries that are due come back, replays go on, and what was counted is written.
//!
//! Not here: what each of them is (`parking`, `replay`, `flow`), and the clock that calls ([`SWEEP_EVERY`]).

use crate::App;
use crate::flow;
use crate::parking::{self, ParkingError};
use crate::queue::Queue;
use crate::replay::{self, ReplayError};

pub use crate::parking::SWEEP_EVERY;

/// Does all, the second whatever becomes of the first. Gives how many deliveries are in their queues again.
pub async fn sweep(app: &App, queue: &dyn Queue) -> Result<u64, ReplayError> {
    let due: Result<usize, ParkingError> = parking::sweep(app, queue).await;
    let replayed = replay::sweep(app, queue).await;
    flow::write(app).await;
    Ok(due? as u64 + replayed?)
}
