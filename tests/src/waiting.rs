//! Waiting for something to become true. Tests never sleep for a time that "should be enough".

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: long, since only failing tests wait so long, and the machine
/// may be busy building.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until there is something to return.
///
/// # Panics
/// If there is nothing after [`PATIENCE`].
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited {} s in vain for {what}", PATIENCE.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
}
