//! The use cases under every trouble that the ports may show, in simulated time: what the README promises, tried on
//! thousands of histories. A history follows from a seed, its **plan**; a **checker** says what is not true in the end that
//! should be; what is found is made shorter until it can be read.
//!
//! ```text
//! forges, operators, chats ─> receive, save, ... ─> table, queues ─> relays, sweep, runs ─> targets, irkerds, executor
//!        (people)                 (product)       (simulated, faulty)     (product)            (simulated, moody)
//! ```
//!
//! Not here: the adapters of the ports (their own suite), real sockets and real processes (`tests/it`).

mod chats;
mod checker;
mod commands;
mod defects;
mod dice;
mod ears;
mod executor;
mod faults;
mod history;
mod house;
mod mutants;
mod peers;
mod people;
mod plan;
mod pump;
mod queue;
mod reliability;
mod report;
mod seeds;
mod settings;
mod shrink;
mod table;
mod waiting;
mod world;
