//! The guard on the way out: a lookup between the two judgements of a [`Policy`], and connections that go to what was
//! judged and to nothing else.
//!
//! Not here: the judgement (`relay::egress`); what is said on a connection (`irkerd`, `http_target`).

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay::Outcome;
use relay::egress::{EgressError, Lookup, Place, Policy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long a lookup may take: an irkerd's attempt has five seconds until it is connected, an HTTP target's ten in all,
/// and a resolver that is well answers within one.
const LOOKUP_MAX: Duration = Duration::from_secs(4);

/// Lets out what its policy allows. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    policy: Arc<Policy>,
    names: Names,
}

/// Knows the addresses of names.
#[derive(Clone, Debug, Default)]
pub enum Names {
    /// The operating system does: `/etc/hosts`, the DNS.
    #[default]
    System,
    /// A test does. Scripted here, and not by a name server of the tests: the operating system's resolver would not
    /// ask it, and a resolver that does would not be the one that people run.
    Scripted(Arc<Mutex<Script>>),
    /// A test's peers stand in for these hosts, each at a port of its own. The rest is as it is: what they listen at is
    /// judged, and over TLS they have to prove who they are.
    StandIns(Arc<HashMap<String, SocketAddr>>),
}

/// What a name's lookups find, one after the other; the last is found for ever. Other names are not known.
pub type Script = HashMap<String, VecDeque<Vec<IpAddr>>>;

/// Why there is nothing to connect to.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// It may not be connected to.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The lookup failed.
    #[error("the name {name} was not found: {error}")]
    NotFound {
        /// What was looked up.
        name: String,
        /// The resolver's words.
        error: io::Error,
    },
    /// The lookup did not end.
    #[error("the name {name} was not found within {} s", LOOKUP_MAX.as_secs())]
    Slow {
        /// What was looked up.
        name: String,
    },
}

/// A guard that refuses is told apart from a name that is not there.
impl From<ResolveError> for Outcome {
    fn from(error: ResolveError) -> Self {
        let reason = error.to_string();
        match error {
            ResolveError::Egress(EgressError::NoAddress(_))
            | ResolveError::NotFound { .. }
            | ResolveError::Slow { .. } => Self::Unreachable { reason },
            ResolveError::Egress(_) => Self::Forbidden { reason },
        }
    }
}

impl Guard {
    /// Asks the machine's resolver.
    pub fn new(policy: Policy) -> Self {
        Self::with(policy, Names::System)
    }

    /// Asks a resolver of one's own.
    pub fn with(policy: Policy, names: Names) -> Self {
        Self { policy: Arc::new(policy), names }
    }

    /// The addresses to connect to, all of them judged, never none. Looks up once; an address needs no lookup.
    pub async fn resolve(&self, place: &Place) -> Result<Vec<SocketAddr>, ResolveError> {
        match self.policy.before_lookup(place)? {
            Lookup::Needless(addresses) => Ok(addresses),
            Lookup::Needed(name) => {
                let judged = self.policy.after_lookup(place, &self.names.look_up(name).await?)?;
                Ok(self.names.stand_in(name).map_or(judged, |stand_in| vec![stand_in]))
            }
        }
    }
}

impl Names {
    /// Finds what is scripted, and nothing else.
    pub fn scripted(script: impl IntoIterator<Item = (String, Vec<Vec<IpAddr>>)>) -> Self {
        let script = script.into_iter().map(|(name, answers)| (name, answers.into()));
        Self::Scripted(Arc::new(Mutex::new(script.collect())))
    }

    /// The peer at which a host's connections end.
    fn stand_in(&self, name: &str) -> Option<SocketAddr> {
        let Self::StandIns(hosts) = self else { return None };
        hosts.get(name).copied()
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        match self {
            // The port is of no concern to a lookup.
            Self::System => match timeout(LOOKUP_MAX, lookup_host((name, 0))).await {
                Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
                Ok(Err(error)) => Err(ResolveError::NotFound { name: name.to_owned(), error }),
                Err(_) => Err(ResolveError::Slow { name: name.to_owned() }),
            },
            Self::Scripted(script) => {
                let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
                let answers = script.get_mut(name).filter(|answers| !answers.is_empty());
                let found = answers.and_then(|answers| match answers.len() {
                    1 => answers.front().cloned(),
                    _ => answers.pop_front(),
                });
                found.ok_or_else(|| unknown(name))
            }
            Self::StandIns(_) => {
                let stand_in = self.stand_in(name).ok_or_else(|| unknown(name))?;
                Ok(vec![stand_in.ip()])
            }
        }
    }
}

fn unknown(name: &str) -> ResolveError {
    ResolveError::NotFound { name: name.to_owned(), error: io::ErrorKind::NotFound.into() }
}

tokio::task_local! {
    /// What the request that this task is sending may connect to.
    static JUDGED: Judged;
}

struct Judged {
    /// As the client knows the host.
    host: String,
    addresses: Vec<SocketAddr>,
}

/// Has a request sent by a client whose resolver is [`Pinned`]: what it connects to, if it connects, is one of these
/// addresses. `host` is the host as it stands in the request's URL.
pub(crate) async fn pinned<F: Future>(host: &str, addresses: Vec<SocketAddr>, sending: F) -> F::Output {
    JUDGED.scope(Judged { host: host.to_owned(), addresses }, sending).await
}

/// A resolver for an HTTP client that knows what was judged for the request under way, and nothing else. The judging
/// itself cannot be done here: a resolver is told a name and no port, and is not asked about addresses at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinned;

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let judged = JUDGED.try_with(|judged| {
            (judged.host == name.as_str())
                .then(|| -> Addrs { Box::new(judged.addresses.clone().into_iter()) })
        });
        // Whatever another version of the client may ask for, and in whichever task: what was not judged is not there.
        let addresses = judged.ok().flatten().ok_or_else(|| "the name was not judged before".into());
        Box::pin(std::future::ready(addresses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_machines_own_resolver_knows_some_names_and_not_others() {
        let found = Names::System.look_up("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        // RFC 6761 keeps this one from ever being there.
        assert!(Names::System.look_up("nobody.invalid").await.is_err());
    }

    #[tokio::test]
    async fn a_client_gets_no_address_that_was_not_judged_for_its_request() {
        let judged = || vec![SocketAddr::from(([8, 8, 8, 8], 443))];
        let ask = |name: &str| Pinned.resolve(name.parse().unwrap());
        let found = pinned("a.example.com", judged(), async { ask("a.example.com").await }).await;
        assert_eq!(found.unwrap().collect::<Vec<_>>(), judged());
        assert!(pinned("a.example.com", judged(), async { ask("b.example.com").await }).await.is_err());
        assert!(ask("a.example.com").await.is_err());
    }
}
