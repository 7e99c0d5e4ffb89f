//! The use case behind `POST /hooks/{source}`: verify, read, route, queue, commit.
//!
//! Not here: HTTP (`doors`), and why the tasks are sent before the event is put (`events`).

use config::{Project, Source, SourceId, TargetId};
use payload::{Event, Forge, Identity, Parsed, Payload, Refusal, Verdict};
use relay::limits::HOPS_MAX;
use serde::Serialize;

use crate::events::{Acceptance, NewEvent, accept};
use crate::ids::{EventId, Stamp};
use crate::queue::{Delivery, Queue, QueueError, Task};
use crate::{App, StoreError, gitlab_runs, projects};

/// Answered with a 2xx, as all that is authentic: a Bellhop that sent it must not send it again.
const TOO_MANY_HOPS: &str = "it has passed ten Bellhops: a hook leads back to where its events come from";

/// What came of a request. Serialised, it is the answer to the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Received {
    /// Kept and queued.
    Accepted {
        /// Its name.
        event: EventId,
        /// For how many targets.
        deliveries: usize,
    },
    /// Kept and queued before; nothing was done.
    Repeated {
        /// Its name.
        event: EventId,
    },
    /// Authentic, and of no interest to any target.
    Ignored {
        /// Why.
        reason: String,
    },
}

/// Why a request was not received. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No such source.
    #[error("there is no such source")]
    UnknownSource,
    /// No proof of who sent it.
    #[error("the request carries neither a token nor a signature")]
    Unsigned,
    /// A wrong proof.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not readable.
    #[error(transparent)]
    Unreadable(#[from] payload::ParseError),
    /// It took too long; the sender should try again.
    #[error("the event could not be kept in time")]
    TooLate,
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Receives one request. `Ok` means that whatever is to be done is durable.
pub async fn receive(
    app: &App,
    queue: &dyn Queue,
    source: &SourceId,
    payload: Payload<'_>,
) -> Result<Received, ReceiveError> {
    let project = projects::by_source(app, source).await?.ok_or(ReceiveError::UnknownSource)?;
    let forge = project.source.forge.unwrap_or_else(|| Forge::recognise(payload.headers));
    authenticate(app, &project, (forge, payload))?;
    let headers = payload::kept(payload.headers);
    if relay::hops(&headers) >= HOPS_MAX {
        return Ok(Received::Ignored { reason: TOO_MANY_HOPS.to_owned() });
    }
    let events = match payload::parse(forge, payload)? {
        Parsed::Events(events) => events,
        Parsed::Ignored { reason } => return Ok(Received::Ignored { reason }),
    };
    gitlab_runs::wake(app, queue, &project, &events).await;
    let targets = relay::targets(&events, &project);
    if targets.is_empty() {
        return Ok(Received::Ignored { reason: nobody_listens(&events) });
    }
    let id = EventId::of(source, Identity::of(forge, payload), app.clock.now());
    let stamp = Stamp::new(&app.chance);
    let delivery = |target: &TargetId| Delivery {
        event: id.clone(),
        stamp: stamp.clone(),
        project: project.id,
        target: *target,
        queued_at: app.clock.now(),
    };
    queue.send(targets.iter().map(|target| Task::of(Some(&project), delivery(target))).collect()).await?;
    let new = NewEvent {
        id: id.clone(),
        stamp: stamp.clone(),
        project: project.id,
        source: source.clone(),
        forge,
        headers,
        body: payload.body,
        targets: targets.clone(),
    };
    match accept(app, new).await? {
        Acceptance::Accepted => {
            app.flow.came_in(project.id, app.clock.now());
            Ok(Received::Accepted { event: id, deliveries: targets.len() })
        }
        Acceptance::Repeated => Ok(Received::Repeated { event: id }),
        Acceptance::TooLate => Err(ReceiveError::TooLate),
    }
}

fn authenticate(
    app: &App,
    project: &Project,
    (forge, payload): (Forge, Payload<'_>),
) -> Result<(), ReceiveError> {
    let Source { secrets, allow_unsigned, .. } = &project.source;
    match payload::verify(forge, secrets, payload, app.clock.now().seconds()) {
        Verdict::Authentic(_) => Ok(()),
        Verdict::Unsigned if *allow_unsigned => Ok(()),
        Verdict::Unsigned => Err(ReceiveError::Unsigned),
        Verdict::Refused(refusal) => Err(refusal.into()),
    }
}

fn nobody_listens(events: &[Event]) -> String {
    let mut switches: Vec<_> = events.iter().map(|event| relay::switch_of(event).name()).collect();
    switches.dedup();
    format!("no target of the project wants it ({})", switches.join(", "))
}
