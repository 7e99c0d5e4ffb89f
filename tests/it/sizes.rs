//! Payloads of every size arrive byte for byte, or are refused at the door.
//!
//! Not here: bodies that announce one size and have another (`doors`).

use end_to_end::{Bellhop, HttpReceiver, Project, Push};

use crate::words::farewell;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The largest body that is taken.
const BODY_BYTES_MAX: usize = 25 * MIB;

/// Around what chats, Lambda, SQS and GitHub take: 200 KiB, 1 MiB, 4.5 MB, 6 MB, 25 MiB.
const SIZES: [usize; 10] = [
    200 * KIB - 1,
    200 * KIB,
    200 * KIB + 1,
    MIB - 1,
    MIB,
    MIB + 1,
    4_500_000,
    6_000_000,
    BODY_BYTES_MAX - 1,
    BODY_BYTES_MAX,
];

/// A push of exactly so many bytes. What fills it can hardly be compressed, and is another text in every place.
fn of_size(bytes: usize, branch: &str) -> Push {
    let short = farewell(branch).with_value("/repository/description", "");
    let mut state = bytes as u64;
    let mut letter = || {
        // A linear congruence by Knuth: any sequence would do that does not repeat.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from((state >> 33) % 75).expect("below 75"))
    };
    let mut text = String::with_capacity(bytes);
    while short.body().len() + text.len() < bytes {
        // What JSON writes with two characters would be of another length.
        text.extend(Some(letter()).filter(|letter| *letter != '\\'));
    }
    short.with_value("/repository/description", text)
}

#[tokio::test]
async fn a_push_of_any_size_arrives_byte_for_byte_and_one_that_is_too_large_is_refused() {
    let builder = HttpReceiver::start().await;
    let bellhop = Bellhop::start(&[&Project::named("diaspora/diaspora").to_http(&builder)]).await;

    for size in SIZES {
        let push = of_size(size, &format!("of-{size}"));
        assert_eq!(push.body().len(), size);
        let answered = bellhop.receives("diaspora", &push).await;
        assert_eq!(answered.status, 202, "{size} bytes: {}", answered.body);
        assert!(builder.receives().await.body == push.body(), "{size} bytes came as others");
    }

    let nothing = farewell("nothing").with_body("");
    assert_eq!(bellhop.receives("diaspora", &nothing).await.status, 400);
    let too_large = of_size(BODY_BYTES_MAX + 1, "too-large");
    assert_eq!(bellhop.receives("diaspora", &too_large).await.status, 413);
}
