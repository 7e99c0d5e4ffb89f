//! What is done each minute: deliveries that are due come back, replays go on, what nobody consented to is over, and what
//! was counted is written.
//!
//! Not here: what each of them is (`parking`, `replay`, `chat`, `flow`), and the clock that calls ([`SWEEP_EVERY`]).

use crate::App;
use crate::chat::{self, ChatError};
use crate::flow;
use crate::parking::{self, ParkingError};
use crate::queue::Queue;
use crate::replay::{self, ReplayError};

pub use crate::parking::SWEEP_EVERY;

/// Why something was not done. The next sweep does it.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Deliveries did not come back.
    #[error(transparent)]
    Parking(#[from] ParkingError),
    /// Replays did not go on.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Runs go on waiting.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

/// Does all, each whatever becomes of the others. Gives how many deliveries are in their queues again.
pub async fn sweep(app: &App, queue: &dyn Queue) -> Result<u64, SweepError> {
    let due: Result<usize, ParkingError> = parking::sweep(app, queue).await;
    let replayed = replay::sweep(app, queue).await;
    let expired = chat::expire(app, queue).await;
    flow::write(app).await;
    let swept = due? as u64 + replayed?;
    expired?;
    Ok(swept)
}
