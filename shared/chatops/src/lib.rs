//! From a chat's request to a checked command, from a rule to a decision, and from a job's log to what chat is told.
//!
//! The order is fixed: [`verify`] looks at the raw bytes, [`Command::read`] reads only
//! what was found authentic, [`grammar::parse`] says what is meant, [`access::decide`] whether it may be, and
//! [`ci::resolve`] which job of a repository that is.
//!
//! Not here: any IO, clock or randomness (time comes in as a number), finding and running jobs, and keeping what was
//! seen, so that nothing is done twice (`app`).

pub mod access;
pub mod ci;
mod command;
mod form;
pub mod grammar;
pub mod limits;
mod mattermost;
pub mod output;
pub mod reply;
mod response_url;
pub mod script;
mod slack;
mod text;
pub mod texts;
mod verdict;

pub use command::{Command, IntakeError, Named, Team};
pub use response_url::{ResponseUrl, ResponseUrlError};
pub use text::Text;
pub use verdict::{Refusal, verify};
