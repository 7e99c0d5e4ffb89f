//! The crate from the outside: all payloads and all signatures of `tests/fixtures`, and whatever else can come in.
//!
//! Not here: what exactly a forge's payload says (the tests beside each forge's module).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod collection;
mod expected;
mod forgeries;
mod survival;
mod vectors;
