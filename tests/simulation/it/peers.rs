//! Those that Bellhop talks to: HTTP targets and irkerds, each in the mood that the plan says, and a book of all that they
//! heard.
//!
//! Not here: what the moods are planned to be (`plan`), and what must be true of the book (`checker`).

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use app::clock::Timestamp;
use app::http_target::{Answered, HttpPeers};
use app::irkerd::Irkerds;
use async_trait::async_trait;
use http::HeaderMap;
use relay::irker::Request;
use relay::{HttpRequest, Outcome};
use reqwest::{Method, StatusCode};
use tokio::time::sleep;

use crate::defects::Defect;
use crate::faults::{Call, Fault};
use crate::plan::{Mood, Spell};
use crate::world::{Invocation, World};

/// How long an irkerd that does not read is waited for, as `app::irkerd` does.
const IRKERD_TIME_MAX: Duration = Duration::from_secs(5);

/// All that peers heard.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) requests: Vec<Asked>,
    pub(crate) lines: Vec<Heard>,
}

/// A request that reached its target.
pub(crate) struct Asked {
    pub(crate) at: Timestamp,
    pub(crate) host: String,
    /// `webhook-id`; empty if there is none.
    pub(crate) id: String,
    /// What the target answered, whether or not that was heard.
    pub(crate) status: u16,
    /// Whether the answer was heard.
    pub(crate) is_known: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) by: Arc<Invocation>,
}

/// A line that an irkerd read.
pub(crate) struct Heard {
    pub(crate) at: Timestamp,
    pub(crate) irkerd: String,
    pub(crate) text: String,
    /// Whether Bellhop heard that it was read.
    pub(crate) is_known: bool,
    pub(crate) by: Arc<Invocation>,
}

/// All peers.
#[derive(Clone)]
pub(crate) struct Peers {
    pub(crate) world: Arc<World>,
    pub(crate) spells: Arc<Vec<Spell>>,
}

impl Peers {
    fn mood(&self, host: &str) -> Mood {
        let now = self.world.now();
        let mut spells = self.spells.iter().rev();
        let spell = spells.find(|spell| spell.host == host && (spell.from..spell.until).contains(&now));
        spell.map_or(Mood::Well, |spell| spell.mood)
    }

    fn by() -> Arc<Invocation> {
        World::under_way().unwrap_or_else(|| panic!("only invocations ask peers"))
    }
}

fn unknown(reason: &(impl Display + ?Sized)) -> Outcome {
    Outcome::Unknown { reason: reason.to_string() }
}

/// What a peer answers: the headers and the token that it was sent come back, as some servers do.
fn echo(request: &HttpRequest) -> Answered {
    let mut headers = HeaderMap::new();
    let token =
        request.headers.get("x-gitlab-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
    if let Ok(token) = token.parse() {
        headers.insert("x-your-token", token);
    }
    Answered { headers, body: format!("you said {token}").into_bytes(), is_cut: false }
}

#[async_trait]
impl HttpPeers for Peers {
    async fn ask(
        &self,
        _: Method,
        request: HttpRequest,
        _: usize,
    ) -> Result<(StatusCode, Answered), Outcome> {
        let world = &self.world;
        let url: reqwest::Url = request.url.expose().parse().map_err(|error| unknown(&error))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let id = request.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let fault = world
            .arrive(Call::Http, || format!("POST to {host} {id}"))
            .await
            .map_err(|trouble| unknown(&trouble))?;
        if world.defect == Some(Defect::SaysDelivered) && host.starts_with('t') {
            return Ok((StatusCode::OK, echo(&request)));
        }
        let mood = self.mood(&host);
        let (status, is_known) = match mood {
            Mood::Well => (200, true),
            Mood::Status(status, _) => (status, true),
            Mood::Down => {
                return Err(Outcome::Unreachable { reason: "the connection was refused".to_owned() });
            }
            Mood::Hangs { takes: true } | Mood::Resets { takes: true } => (200, false),
            Mood::Hangs { takes: false } => {
                sleep(request.timeout).await;
                return Err(unknown("no answer within its time"));
            }
            Mood::Resets { takes: false } => return Err(unknown("the connection was reset")),
        };
        let heard = matches!(fault, None | Some(Fault::Slow(_)));
        world.tell(|| format!("{host} hears {id}: {status}{}", if is_known { "" } else { ", unheard" }));
        world.book().requests.push(Asked {
            at: world.now(),
            host,
            id: id.to_owned(),
            status,
            is_known: is_known && heard,
            body: request.body.clone(),
            by: Self::by(),
        });
        if !is_known {
            if let Mood::Hangs { .. } = mood {
                sleep(request.timeout).await;
            }
            return Err(unknown("nobody knows how it ended"));
        }
        world.leave(fault).await.map_err(|trouble| unknown(&trouble))?;
        let mut answer = echo(&request);
        if let Mood::Status(_, Some(retry_after_s)) = mood {
            answer.headers.insert("retry-after", retry_after_s.into());
        }
        Ok((StatusCode::from_u16(status).expect("the plan knows statuses"), answer))
    }
}

#[async_trait]
impl Irkerds for Peers {
    async fn hand_over(&self, (host, _): (&str, u16), requests: &[Request]) -> Outcome {
        let world = &self.world;
        let fault = match world.arrive(Call::Irker, || format!("{} lines to {host}", requests.len())).await {
            Ok(fault) => fault,
            Err(trouble) => return unknown(&trouble),
        };
        let mood = self.mood(host);
        let (takes, is_known) = match mood {
            Mood::Well | Mood::Status(..) => (true, true),
            Mood::Down => return Outcome::Unreachable { reason: "the connection was refused".to_owned() },
            Mood::Hangs { takes } | Mood::Resets { takes } => (takes, false),
        };
        if takes {
            let is_known = is_known && matches!(fault, None | Some(Fault::Slow(_)));
            let heard = requests.iter().map(|request| Heard {
                at: world.now(),
                irkerd: host.to_owned(),
                text: request.text.clone(),
                is_known,
                by: Self::by(),
            });
            let heard: Vec<_> = heard.collect();
            for line in &heard {
                world.tell(|| format!("{host} hears {}", line.text.trim_end()));
            }
            world.book().lines.extend(heard);
        }
        if let Mood::Hangs { .. } = mood {
            sleep(IRKERD_TIME_MAX).await;
        }
        if !is_known {
            return unknown("irkerd did not read the lines within 5 s");
        }
        match world.leave(fault).await {
            Ok(()) => Outcome::HandedOver,
            Err(trouble) => unknown(&trouble),
        }
    }
}
