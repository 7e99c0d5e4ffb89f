//! Every parser that eats foreign bytes, as a function of bytes, and what must hold whatever the bytes are. A function
//! panics where it does not.
//!
//! `cargo fuzz` (`libfuzzer`, beside this) looks for such bytes; a plain `cargo test` runs every function over the committed
//! `corpus`, so that none of them rots. What was found is kept there as well, under a name of its own, beside a test in
//! the crate that it was found in.
//!
//! Not here: what a parser makes of good bytes (each crate's own tests).

// The program's own module for its file is read from here as well (`configuration`); its tests are the program's.
#![cfg(not(test))]

mod chat;
mod ci;
mod configuration;
mod doors;
mod egress;
mod irc;
mod irker;
mod memory;
mod output;
mod payloads;
mod request;
mod signatures;
mod templates;

use payload::Forge;

pub use memory::MemoryTable;

/// What a target is called, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 20] = [
    ("gitlab", |bytes| payloads::payload(Forge::GitLab, bytes)),
    ("github", |bytes| payloads::payload(Forge::GitHub, bytes)),
    ("gitea", |bytes| payloads::payload(Forge::Gitea, bytes)),
    ("forgejo", |bytes| payloads::payload(Forge::Forgejo, bytes)),
    ("gogs", |bytes| payloads::payload(Forge::Gogs, bytes)),
    ("bitbucket_cloud", |bytes| payloads::payload(Forge::BitbucketCloud, bytes)),
    ("bitbucket_server", |bytes| payloads::payload(Forge::BitbucketServer, bytes)),
    ("signatures", signatures::signatures),
    ("recipients", irker::recipients),
    ("irc_lines", irc::irc_lines),
    ("irker_templates", irker::irker_templates),
    ("webhook_templates", templates::webhook_templates),
    ("ref_filters", templates::ref_filters),
    ("egress", egress::egress),
    ("ci", ci::ci),
    ("job_output", output::job_output),
    ("slash_commands", chat::slash_commands),
    ("configuration", configuration::configuration),
    ("api", doors::api),
    ("console", doors::console),
];

/// Runs the target of this name.
///
/// # Panics
///
/// If there is none, and wherever something does not hold that must.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of that name");
    target(bytes);
}
