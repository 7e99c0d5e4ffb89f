//! What the end-to-end tests stand on: the real programs (Bellhop, irkerd, ngircd, an emulator of SQS and DynamoDB),
//! run on ports of their own, and peers that record what they are sent.
//!
//! A peer is faked only where the real one cannot be made to misbehave on command: [`IrkerSink`] and
//! [`HttpReceiver`]. None of Bellhop's own types is ever replaced.
//!
//! Not here: assertions about Bellhop. Those are in `tests/it`.

mod authority;
mod aws_stub;
mod bellhop;
mod browser;
mod build;
mod client;
mod crash_point;
mod emulator;
mod http_receiver;
mod irc;
mod irc_client;
mod irker_sink;
mod keeper;
mod lambda_watch;
mod operator;
mod program;
mod projects;
mod push;
mod repository;
mod small_disk;
mod stack;
mod three_hooks;
mod tools;
mod verifier;
mod waiting;

pub use authority::Authority;
pub use aws_stub::{AwsStub, Called};
pub use bellhop::{Bellhop, apply_to_table, demonstration, on_table};
pub use browser::Browser;
pub use build::built;
pub use client::Client;
pub use crash_point::{CrashPoint, Tracer, calls_in};
pub use emulator::Emulator;
pub use http_receiver::{HttpReceiver, Received};
pub use irc::IrcNetwork;
pub use irc_client::Listener;
pub use irker_sink::{IrkerSink, Manners};
pub use keeper::Keeper;
pub use lambda_watch::LambdaWatch;
pub use operator::Operator;
pub use projects::Project;
pub use push::{Answered, Push};
pub use repository::BareRepository;
pub use small_disk::SmallDisk;
pub use stack::Stack;
pub use three_hooks::{SOURCE_SECRET, ThreeHooks};
pub use tools::{asked_for, free_port, machine_program, say, skip, workspace};
pub use verifier::Verifier;
pub use waiting::{PATIENCE, eventually, eventually_none};
