//! The house as a whole, against its real peers.

mod conformance;
mod crash;
mod demo;
mod doors;
mod irkerd;
mod lambda;
mod one_machine;
mod peers;
mod template;
mod tidy;
mod words;
