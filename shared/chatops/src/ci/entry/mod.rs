//! What GitLab takes at which key: its `Config::Entry` classes, each a function here.
//!
//! An entry adds its errors to a [`Check`], in GitLab's words and with GitLab's place in front (`jobs:build:script
//! config ...`). Only whether there is one decides, and the first is told; so an entry may stop at its first error.
//!
//! Not here: what the values are worth (`job`), and what jobs must be to each other (`pipeline`).

pub(crate) mod artifacts;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod default;
pub(crate) mod environment;
pub(crate) mod header;
pub(crate) mod image;
pub(crate) mod include;
pub(crate) mod job;
pub(crate) mod needs;
pub(crate) mod parallel;
pub(crate) mod policy;
pub(crate) mod release;
pub(crate) mod root;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod small;
pub(crate) mod trigger;
pub(crate) mod variables;

pub(crate) use check::Check;
