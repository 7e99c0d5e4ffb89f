//! The house as a whole, against its real peers.

mod account;
mod api;
mod backup;
mod calls;
mod codebuild;
mod configuration;
mod conformance;
mod console;
mod crash;
mod demo;
mod deployed;
mod doors;
mod irc;
mod irker_sink;
mod irkerd;
mod keeper;
mod lambda;
mod on_aws;
mod one_machine;
mod operating;
mod peers;
mod signatures;
mod slash_commands;
mod template;
mod tidy;
mod words;
