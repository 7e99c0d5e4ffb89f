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

/// Looks again and again at how many things are missing, until none is.
///
/// # Panics
/// If none of them comes for [`PATIENCE`].
pub async fn eventually_none(what: &str, mut missing: impl FnMut() -> usize) {
    let (mut least, mut since) = (usize::MAX, Instant::now());
    loop {
        let count = missing();
        if count == 0 {
            return;
        }
        if count < least {
            (least, since) = (count, Instant::now());
        }
        let silence = since.elapsed();
        assert!(silence < PATIENCE, "{count} {what}, and nothing has come for {} s", PATIENCE.as_secs());
        // To count may take long.
        tokio::time::sleep(PAUSE * 20).await;
    }
}
