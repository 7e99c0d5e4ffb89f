//! The use cases of Bellhop, over the ports to where it keeps things, [`table::Table`] and [`queue::Queue`], to whom it
//! talks, [`http_target::HttpPeers`] and [`irkerd::Irkerds`], and to who executes jobs, [`executor::Executor`].
//!
//! | use case | comes in by | goes on by |
//! |---|---|---|
//! | [`receive_hook`] | [`doors`]: `POST /hooks/{source}` | the queue |
//! | [`chat::receive`] | [`doors::commands`]: `POST /commands/{command}` | an answer, and the queue |
//! | [`relay_irker`] | a task of the irker queue | [`irkerd`]: a TCP connection |
//! | [`relay_http`] | a task of the HTTP queue | [`http_target`]: a POST |
//! | [`resend`], [`replay`] | a person's wish | the queue |
//! | [`test_hook`], [`test_irker`] | a person's wish | a sample, and a report |
//!
//! On the network, both ways out pass the [`egress::Guard`].
//!
//! Not here: SQLite, AWS, `main`s and command lines; parsing, rendering and schedules, which are pure and live in
//! `payload`, `config` and `relay`.

mod addresses;
pub mod attempts;
pub mod attention;
pub mod audit;
pub mod backlog;
mod causes;
pub mod channels;
pub mod chat;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod deliveries;
pub mod doors;
pub mod egress;
pub mod events;
pub mod executor;
pub mod faults;
pub mod flow;
mod gathering;
pub mod gitlab;
pub mod gitlab_runs;
mod gzip;
pub mod http_target;
pub mod ids;
pub mod irkerd;
pub mod links;
pub mod parking;
pub mod projects;
pub mod queue;
pub mod receive_hook;
mod reckoning;
mod relay;
pub mod relay_http;
pub mod relay_irker;
pub mod replay;
pub mod resend;
pub mod runner_log;
pub mod runs;
pub mod seal;
pub mod sessions;
pub mod set_aside;
mod store;
pub mod sweep;
pub mod table;
pub mod targets;
pub mod test_hook;
pub mod test_irker;
pub mod tokens;

use std::sync::Arc;

pub use addresses::{Addresses, ClientAddress};
pub use causes::Causes;
pub use store::StoreError;

use payload::Secret;

use crate::attempts::AttemptLog;
use crate::clock::{Chance, Clock};
use crate::flow::Flow;
use crate::gathering::Gathering;
use crate::links::StandingCache;
use crate::projects::ProjectCache;
use crate::seal::Sealer;
use crate::table::Table;
use crate::tokens::{Gate, TokenHash};

/// What every use case stands on. Cheap to share, built once.
pub struct App {
    /// Where everything is kept.
    pub table: Arc<dyn Table>,
    /// Opens and seals the table's secrets.
    pub sealer: Sealer,
    /// The time.
    pub clock: Clock,
    /// The dice.
    pub chance: Chance,
    /// What is to be written into the log of attempts, and how long it is kept.
    pub log: AttemptLog,
    /// Where people and forges reach this Bellhop, for links.
    pub addresses: Addresses,
    projects: ProjectCache,
    gate: Gate,
    /// The token that a stack comes with.
    first_admin: Option<TokenHash>,
    flow: Flow,
    gathering: Gathering,
    standings: StandingCache,
}

impl App {
    /// With the machine's clock and dice.
    pub fn new(table: Arc<dyn Table>, sealer: Sealer) -> Self {
        Self::with(table, sealer, Clock::System, Chance::System)
    }

    /// With a clock and dice of one's own.
    pub fn with(table: Arc<dyn Table>, sealer: Sealer, clock: Clock, chance: Chance) -> Self {
        let (log, addresses, projects, standings, gate) = Default::default();
        let flow = Flow::new(&chance);
        let (first_admin, gathering) = (None, Gathering::default());
        Self {
            table,
            sealer,
            clock,
            chance,
            log,
            addresses,
            projects,
            gate,
            first_admin,
            flow,
            gathering,
            standings,
        }
    }

    /// The same, found at these addresses.
    #[must_use]
    pub fn found_at(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// The same, with a log of attempts that is kept for another time.
    #[must_use]
    pub fn logging(self, log: AttemptLog) -> Self {
        Self { log, ..self }
    }

    /// The same, for a table that is paid for by the call: deliveries that are handled side by side are written together.
    #[must_use]
    pub fn gathering(self) -> Self {
        Self { gathering: Gathering::on(), ..self }
    }

    /// The same, with a token of scope admin that opens it from the first moment on, to make others with.
    #[must_use]
    pub fn admitting(self, first_admin: &Secret) -> Self {
        Self { first_admin: Some(TokenHash::of(first_admin.expose())), ..self }
    }
}
