//! What came of a project's events: its targets, their attempts, what is parked, and sending it again.

use app::clock::Timestamp;
use app::deliveries::{self, DeliveryState};
use app::ids::{EventId, Stamp};
use app::parking::{self, Parked};
use app::replay::{self, Order, Replay, ReplayError, Which};
use app::resend::{self, ResendError};
use app::{events, targets};
use config::{HookId, Project, TargetId};
use http::StatusCode;
use relay::breaker::TargetState;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Field, Kind, field};
use crate::hooks::AttemptShown;
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, PAGE_MAX, Route};
use crate::shown::{moment, url};

/// The most entries of one page, and the most parked deliveries of one look.
const ENTRIES_MAX: i64 = 100;

/// How many deliveries a second a replay sends unless somebody says otherwise.
const PER_SECOND: u32 = 5;

pub(crate) fn routes() -> Vec<Route> {
    let target = || field("target", Kind::Text, "A target of the project, such as 7-irker or 7-hook-2.");
    let entries = field("per_page", Kind::Number(1, ENTRIES_MAX), "How many entries a page has.");
    vec![
        Route::get("/projects/{id}/targets", Access::Read, |call| Box::pin(list_targets(call)))
            .says("Where the project's events go, and how those fare.")
            .gives::<Vec<TargetShown>>(StatusCode::OK),
        Route::post("/projects/{id}/targets/{target}/enable", Access::Write, |call| Box::pin(enable(call)))
            .says("Switches a target on again."),
        Route::get("/projects/{id}/deliveries", Access::Read, |call| Box::pin(list_attempts(call)))
            .says("The attempts to deliver to a target, newest first.")
            .takes([
                target().required(),
                field("status", Kind::Texts, "Statuses, or words such as failed and handed_over."),
                field("page", Kind::Number(1, PAGE_MAX), "Which page, from 1."),
                entries,
            ])
            .gives::<Vec<AttemptShown>>(StatusCode::OK),
        Route::get("/projects/{id}/events/{event}", Access::Read, |call| Box::pin(show_event(call)))
            .says("An event, and what became of it at each target.")
            .gives::<EventShown>(StatusCode::OK),
        Route::post("/projects/{id}/events/{event}/resend", Access::Write, |call| Box::pin(send_again(call)))
            .says("Queues an event once more, for one target or for all.")
            .takes([target()])
            .gives::<Resent>(StatusCode::CREATED),
        Route::get("/projects/{id}/parked", Access::Read, |call| Box::pin(list_parked(call)))
            .says("The deliveries that a target has parked, oldest first.")
            .takes([target().required(), entries])
            .gives::<Vec<ParkedShown>>(StatusCode::OK),
        Route::post("/projects/{id}/replay", Access::Write, |call| Box::pin(begin(call)))
            .says("Sends many deliveries again, at a rate, in the background.")
            .takes(order_fields())
            .gives::<ReplayShown>(StatusCode::CREATED),
        Route::get("/projects/{id}/replay/{replay}", Access::Read, |call| Box::pin(show_replay(call)))
            .says("How far a replay has come.")
            .gives::<ReplayShown>(StatusCode::OK),
    ]
}

fn order_fields() -> [Field; 5] {
    let most = i64::from(replay::PER_SECOND_MAX);
    [
        field("targets", Kind::Texts, "Targets of the project; without any, all of them."),
        field(
            "which",
            Kind::Choice(&["failed", "parked", "all"]),
            "What became of them: failed, unless said.",
        ),
        field("since", Kind::Text, "From this moment on, such as 2026-01-02T03:04:05Z.").required(),
        field("until", Kind::Text, "Until this moment; now, unless said."),
        field("per_second", Kind::Number(1, most), "How many a second: 5, unless said."),
    ]
}

/// Where events go.
#[derive(Serialize, ToSchema)]
struct TargetShown {
    id: String,
    active: bool,
    /// `executable`, `temporarily_disabled` or `disabled`.
    alert_status: &'static str,
    failures: u32,
}

/// An event that came in.
#[derive(Serialize, ToSchema)]
struct EventShown {
    id: String,
    forge: String,
    source: String,
    received_at: String,
    deliveries: Vec<DeliveryShown>,
}

/// What became of it at one target.
#[derive(Serialize, ToSchema)]
struct DeliveryShown {
    target: String,
    /// `waiting`, `done`, `parked`, or `queued` before the first attempt has ended.
    state: &'static str,
    due_at: Option<String>,
    attempts: u32,
    /// How the last attempt ended.
    outcome: Option<String>,
}

/// A resend under way.
#[derive(Serialize, ToSchema)]
struct Resent {
    targets: Vec<String>,
}

/// A delivery that is kept until somebody asks for it.
#[derive(Serialize, ToSchema)]
struct ParkedShown {
    event: String,
    target: String,
    queued_at: String,
}

/// A replay under way, or over.
#[derive(Serialize, ToSchema)]
struct ReplayShown {
    id: String,
    targets: Vec<String>,
    sent: u64,
    /// How many had an event that is not kept any more.
    forgotten: u64,
    is_over: bool,
}

/// All targets that a project has.
fn all(project: &Project) -> Vec<(TargetId, bool)> {
    let irker = project.irker.iter().map(|irker| (TargetId::Irker(project.id), irker.active));
    let hooks = project.hooks.iter().map(|hook| (TargetId::Hook(project.id, hook.id), hook.active));
    irker.chain(hooks).collect()
}

/// A target by its name, if it is one of the project's.
fn own(call: &Call, name: &str) -> Result<TargetId, Refusal> {
    let target: TargetId = name.parse().map_err(|_| Refusal::Invalid("target"))?;
    let is_own = all(&call.saved()?.project).iter().any(|(own, _)| *own == target);
    if is_own { Ok(target) } else { Err(Refusal::NotFound("Target")) }
}

fn asked(call: &Call) -> Result<TargetId, Refusal> {
    own(call, call.fields.text("target").unwrap_or_default())
}

async fn list_targets(call: Call) -> Answered {
    let mut shown = Vec::new();
    for (target, active) in all(&call.saved()?.project) {
        let health = targets::health(call.app(), target).await?;
        let alert_status = match health.state {
            TargetState::Executable => "executable",
            TargetState::TemporarilyDisabled { .. } => "temporarily_disabled",
            TargetState::Disabled { .. } => "disabled",
        };
        shown.push(TargetShown { id: target.to_string(), active, alert_status, failures: health.failures });
    }
    Ok(Reply::ok(&shown))
}

async fn enable(call: Call) -> Answered {
    targets::enable(call.app(), own(&call, call.part("target"))?).await?;
    Ok(Reply::empty())
}

async fn list_attempts(call: Call) -> Answered {
    let target = asked(&call)?;
    let hook = |id: HookId| call.saved().ok()?.project.hooks.iter().find(|hook| hook.id == id);
    let address = match target {
        TargetId::Irker(_) => String::new(),
        TargetId::Hook(_, id) => hook(id).map(|hook| url(hook, call.may_write())).unwrap_or_default(),
    };
    crate::hooks::page(&call, target, &address).await
}

/// The event in the path, if it is one of the project's.
async fn event(call: &Call) -> Result<(EventId, events::Accepted), Refusal> {
    let id: EventId = call.part("event").parse().map_err(|_| Refusal::NotFound("Event"))?;
    let accepted = events::accepted(call.app(), &id).await?;
    let own = call.id()?;
    let accepted = accepted.filter(|event| event.project == own).ok_or(Refusal::NotFound("Event"))?;
    Ok((id, accepted))
}

async fn show_event(call: Call) -> Answered {
    let (id, accepted) = event(&call).await?;
    let mut shown = Vec::new();
    for target in &accepted.targets {
        let record = deliveries::find(call.app(), &id, *target).await?;
        let due_at = record.as_ref().and_then(|record| match record.state {
            DeliveryState::Waiting { due_at } => Some(moment(due_at)),
            _ => None,
        });
        shown.push(DeliveryShown {
            target: target.to_string(),
            state: record.as_ref().map_or("queued", |record| record.state.name()),
            due_at,
            attempts: record.as_ref().map_or(0, |record| record.attempts_made),
            outcome: record.and_then(|record| Some(record.attempts.last()?.outcome.to_string())),
        });
    }
    Ok(Reply::ok(&EventShown {
        id: id.to_string(),
        forge: accepted.forge.to_string(),
        source: accepted.source.to_string(),
        received_at: moment(accepted.received_at),
        deliveries: shown,
    }))
}

async fn send_again(call: Call) -> Answered {
    let (id, _) = event(&call).await?;
    call.pace()?;
    let (app, queue) = (call.app(), &*call.api.queue);
    let sent = match call.fields.text("target") {
        Some(name) => {
            let target = own(&call, name)?;
            resend::resend(app, queue, &id, target).await.map(|()| vec![target])
        }
        None => resend::resend_to_all(app, queue, &id).await,
    };
    match sent {
        Ok(targets) => {
            let targets = targets.iter().map(ToString::to_string).collect();
            Ok(Reply::created(&Resent { targets }))
        }
        Err(error @ (ResendError::UnknownEvent | ResendError::OtherTarget)) => {
            Err(Refusal::Unprocessable(error.to_string()))
        }
        Err(ResendError::Parking(error)) => Err(Refusal::Unavailable(Box::new(error))),
    }
}

async fn list_parked(call: Call) -> Answered {
    let limit = call.page().per_page;
    let which = Parked { target: asked(&call)?, since: Timestamp(0), limit };
    let parked = parking::parked(call.app(), which).await?;
    let shown = parked.iter().map(|delivery| ParkedShown {
        event: delivery.event.to_string(),
        target: delivery.target.to_string(),
        queued_at: moment(delivery.queued_at),
    });
    Ok(Reply::ok(&shown.collect::<Vec<_>>()))
}

fn timestamp(call: &Call, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = call.fields.text(name) else { return Ok(None) };
    let read: jiff::Timestamp = text.parse().map_err(|_| Refusal::Invalid(name))?;
    Ok(Some(Timestamp(read.as_millisecond())))
}

async fn begin(call: Call) -> Answered {
    let named = call.fields.texts("targets").unwrap_or_default();
    let mut targets = named.iter().map(|name| own(&call, name)).collect::<Result<Vec<_>, _>>()?;
    if targets.is_empty() {
        targets = all(&call.saved()?.project).into_iter().map(|(target, _)| target).collect();
    }
    let order = Order {
        targets,
        which: call.fields.json("which")?.unwrap_or(Which::Failed),
        since: timestamp(&call, "since")?.ok_or(Refusal::Missing("since"))?,
        until: timestamp(&call, "until")?.unwrap_or_else(|| call.app().clock.now()),
        per_second: call.fields.number("per_second").unwrap_or(PER_SECOND),
    };
    let begun = replay::begin(call.app(), order).await.map_err(refused)?;
    Ok(Reply::created(&replay_shown(&begun)))
}

fn refused(error: ReplayError) -> Refusal {
    match error {
        ReplayError::Order => Refusal::Unprocessable(error.to_string()),
        ReplayError::Unknown => Refusal::NotFound("Replay"),
        ReplayError::Parking(error) => Refusal::Unavailable(Box::new(error)),
    }
}

fn replay_shown(replay: &Replay) -> ReplayShown {
    ReplayShown {
        id: replay.id.to_string(),
        targets: replay.order.targets.iter().map(ToString::to_string).collect(),
        sent: replay.sent,
        forgotten: replay.forgotten,
        is_over: replay.is_over(),
    }
}

async fn show_replay(call: Call) -> Answered {
    let id: Stamp = call.part("replay").parse().map_err(|_| Refusal::NotFound("Replay"))?;
    let found = replay::find(call.app(), &id).await.map_err(refused)?;
    // A replay is of one project, and is nobody else's to see.
    let own = call.id()?;
    let is_own = |target: &TargetId| match target {
        TargetId::Irker(project) | TargetId::Hook(project, _) => *project == own,
    };
    if !found.order.targets.iter().all(is_own) {
        return Err(Refusal::NotFound("Replay"));
    }
    Ok(Reply::ok(&replay_shown(&found)))
}
