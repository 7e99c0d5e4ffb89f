//! A request's body, within bounds: of its own size and time, and of what the bodies of all requests at a door hold
//! together. A small body always finds room; a large one waits until others are done with.
//!
//! Not here: how many connections there are, which bounds what small bodies hold together (the platform's work, or on one
//! machine `bellhop serve`'s).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many times its limit is read of a too long body and thrown away, so that its sender hears why instead of a broken
/// connection.
const OVERLONG: usize = 2;

/// What bodies at a door may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The longest one, in bytes.
    pub(super) bytes_max: usize,
    /// How long a sender may take.
    pub(super) time_max: Duration,
    /// Up to so many bytes need no room among the large ones.
    pub(super) small_bytes: usize,
    /// What all larger ones hold together, in bytes: at least one of the longest.
    pub(super) large_bytes_in_flight: usize,
    /// How much is read, and thrown away, of what a stranger sends, and for how long: whoever has mistyped an address
    /// hears of it, since their client has sent all it had.
    pub(super) stranger_bytes: usize,
    pub(super) stranger_time: Duration,
}

/// Takes the bodies of one door.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    bounds: Bounds,
    /// As many permits as bytes.
    room: Arc<Semaphore>,
}

/// A body. Its room is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    BrokeOff,
    /// Other large ones took all the room, for all the time.
    NoRoom,
}

impl Intake {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, room: Arc::new(Semaphore::new(bounds.large_bytes_in_flight)) }
    }

    /// The whole body.
    pub(super) async fn take(&self, headers: &HeaderMap, body: Body) -> Result<Taken, BodyError> {
        let mut waits = false;
        let reading = self.read(announced(headers), body, &mut waits);
        match tokio::time::timeout(self.bounds.time_max, reading).await {
            Ok(taken) => taken,
            Err(_) if waits => Err(BodyError::NoRoom),
            Err(_) => Err(BodyError::TooSlow),
        }
    }

    async fn read(&self, announced: Option<usize>, body: Body, waits: &mut bool) -> Result<Taken, BodyError> {
        let Bounds { bytes_max, small_bytes, .. } = self.bounds;
        // What is only announced costs the sender nothing, and so it takes nothing here.
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(small_bytes));
        let (mut room, mut total) = (None, 0);
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| BodyError::BrokeOff)?;
            total += chunk.len();
            if total > bytes_max {
                // Whatever it is, it is not kept.
                (bytes, room) = (Vec::new(), None);
                if total > OVERLONG * bytes_max {
                    break;
                }
                continue;
            }
            if total > small_bytes && room.is_none() {
                *waits = true;
                let whole = announced.map_or(bytes_max, |announced| announced.clamp(total, bytes_max));
                room = Some(self.room(whole).await?);
                *waits = false;
                bytes.reserve_exact(whole - bytes.len());
            }
            bytes.extend_from_slice(&chunk);
        }
        if total > bytes_max { Err(BodyError::TooLarge) } else { Ok(Taken { bytes, _room: room }) }
    }

    /// All of it at once: two that each held a half of what they need would wait for each other.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::TooLarge)?;
        // Never closed.
        Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| BodyError::NoRoom)
    }

    /// Lets somebody say what nobody wants to hear, for a moment.
    pub(super) async fn turn_away(&self, body: Body) {
        let mut heard = 0;
        let mut chunks = body.into_data_stream();
        let listen = async {
            while let Some(Ok(chunk)) = chunks.next().await {
                heard += chunk.len();
                if heard > self.bounds.stranger_bytes {
                    break;
                }
            }
        };
        // Too late or not, nothing was kept.
        let _ = tokio::time::timeout(self.bounds.stranger_time, listen).await;
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;

    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes_max: 1_000,
        time_max: Duration::from_secs(30),
        small_bytes: 100,
        large_bytes_in_flight: 1_500,
        stranger_bytes: 200,
        stranger_time: Duration::from_secs(2),
    };

    /// So many chunks of ten bytes, the time between them, and how many were asked for.
    fn chunks(count: usize, every: Duration) -> (Body, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&asked);
        let next = move |sent: usize| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::time::sleep(every).await;
                seen.fetch_add(1, Ordering::SeqCst);
                (sent < count).then(|| (Ok::<_, Infallible>(vec![b'x'; 10]), sent + 1))
            }
        };
        (Body::from_stream(stream::unfold(0, next)), asked)
    }

    async fn take(intake: &Intake, body: Body) -> Result<usize, BodyError> {
        intake.take(&HeaderMap::new(), body).await.map(|taken| taken.bytes.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_taken_up_to_the_limit() {
        let intake = Intake::new(BOUNDS);
        for (count, taken) in
            [(0, Ok(0)), (10, Ok(100)), (11, Ok(110)), (100, Ok(1_000)), (101, Err(BodyError::TooLarge))]
        {
            assert_eq!(take(&intake, chunks(count, Duration::ZERO).0).await, taken, "{count}");
        }
        assert_eq!(intake.room.available_permits(), BOUNDS.large_bytes_in_flight, "all of it is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn of_an_endless_body_no_more_is_read_than_it_takes_to_answer() {
        let (endless, asked) = chunks(usize::MAX, Duration::ZERO);
        assert_eq!(take(&Intake::new(BOUNDS), endless).await, Err(BodyError::TooLarge));
        assert_eq!(asked.load(Ordering::SeqCst), OVERLONG * BOUNDS.bytes_max / 10 + 1);
        let (endless, asked) = chunks(usize::MAX, Duration::ZERO);
        Intake::new(BOUNDS).turn_away(endless).await;
        assert_eq!(asked.load(Ordering::SeqCst), BOUNDS.stranger_bytes / 10 + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_ten_bytes_a_second_is_not_waited_for() {
        let started = tokio::time::Instant::now();
        let slow = || chunks(usize::MAX, Duration::from_secs(1)).0;
        assert_eq!(take(&Intake::new(BOUNDS), slow()).await, Err(BodyError::TooSlow));
        assert_eq!(started.elapsed(), BOUNDS.time_max);
        Intake::new(BOUNDS).turn_away(slow()).await;
        assert_eq!(started.elapsed(), BOUNDS.time_max + BOUNDS.stranger_time);
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_room_and_small_ones_do_not() {
        let intake = Intake::new(BOUNDS);
        // One of a thousand bytes is held, and so is what it may take.
        let held = intake.take(&HeaderMap::new(), chunks(50, Duration::ZERO).0).await.unwrap();
        assert_eq!(take(&intake, chunks(10, Duration::ZERO).0).await, Ok(100), "a small one");
        let announcing = [(CONTENT_LENGTH, "500".parse().unwrap())].into_iter().collect();
        let other = intake.take(&announcing, chunks(50, Duration::ZERO).0).await.unwrap();
        assert_eq!(take(&intake, chunks(50, Duration::ZERO).0).await, Err(BodyError::NoRoom));
        let waiting = tokio::spawn({
            let (intake, body) = (intake.clone(), chunks(50, Duration::ZERO).0);
            async move { take(&intake, body).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(held);
        assert_eq!(waiting.await.unwrap(), Ok(500));
        drop(other);
        assert_eq!(intake.room.available_permits(), BOUNDS.large_bytes_in_flight);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_announced_and_not_sent_takes_no_room() {
        let intake = Intake::new(BOUNDS);
        let announcing = [(CONTENT_LENGTH, "1000".parse().unwrap())].into_iter().collect();
        let idle = chunks(usize::MAX, Duration::from_mins(1)).0;
        assert_eq!(intake.take(&announcing, idle).await.unwrap_err(), BodyError::TooSlow);
        assert_eq!(intake.room.available_permits(), BOUNDS.large_bytes_in_flight);
        // A length that is a lie, and no body is larger for it.
        let lying = [(CONTENT_LENGTH, "18446744073709551615".parse().unwrap())].into_iter().collect();
        assert_eq!(intake.take(&lying, chunks(50, Duration::ZERO).0).await.unwrap().bytes.len(), 500);
    }
}
