//! From an event and a project's configuration to what a target is told, when it is told again, and whether it
//! may be connected to at all.
//!
//! Not here: sockets, HTTP clients, clocks, dice and tables (`app`): every function computes. What happened to an
//! attempt comes in as an [`Outcome`], the jitter as a number.

pub mod breaker;
pub mod egress;
mod gitlab_payload;
mod hook_body;
mod http_request;
pub mod irker;
pub mod limits;
mod normalised;
mod original;
mod outcome;
pub mod rate;
pub mod redact;
mod route;
pub mod samples;
pub mod schedule;

pub use hook_body::RenderError;
pub use http_request::{HttpRequest, Sending, hops, http_request};
pub use normalised::{Account, CommitLine, Normalised, Place};
pub use original::Original;
pub use outcome::{Outcome, Patience, Verdict};
pub use route::{is_for_channel, is_wanted, switch_of, targets};
