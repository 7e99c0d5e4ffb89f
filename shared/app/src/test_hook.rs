//! The use case behind *Test* of a hook: a sample of any kind, posted at once, and a report of what came of it.
//!
//! A hook that was switched off is tried all the same, and an answer of 2xx switches it on again, as with GitLab. What was
//! parked stays so until it is asked for.
//!
//! Not here: the samples (`relay::samples`), a test of the way to IRC (`test_irker`).

use config::{HookId, Project, Switch, TargetId};
use payload::Forge;
use relay::breaker::Health;
use relay::{Outcome, Sending, http_request, samples};

use crate::attempts::{self, Entry, Said, millis, test_event};
use crate::http_target::Outbound;
use crate::relay::read_again;
use crate::relay_http::{IsEvent, exchange};
use crate::{App, StoreError, targets};

/// Why a hook was not tested.
#[derive(Debug, thiserror::Error)]
pub enum TestHookError {
    /// Not one of the project's.
    #[error("the project has no hook {0}")]
    NoHook(HookId),
    /// Whether the hook is switched off is not known, or could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// As it stands in the log.
    pub entry: Entry,
    /// Whether the hook had been switched off, or left in peace, and is not any more.
    pub is_enabled_again: bool,
}

/// Posts the sample that belongs to a switch, whether or not the hook wants to hear of such events.
pub async fn run(
    app: &App,
    outbound: &Outbound,
    project: &Project,
    (number, switch): (HookId, Switch),
) -> Result<Tested, TestHookError> {
    let hook = project.hooks.iter().find(|hook| hook.id == number).ok_or(TestHookError::NoHook(number))?;
    let target = TargetId::Hook(project.id, number);
    let (event, began_at) = (test_event(app, &project.source.id), app.clock.now());
    let original = samples::sample(switch);
    let sending = Sending {
        events: &read_again(Forge::GitLab, &original).unwrap_or_default(),
        original,
        event_id: &event.to_string(),
        delivery_id: &event.delivery_id(target),
        attempt: 1,
        now_s: began_at.seconds(),
    };
    let (outcome, said) = match http_request(hook, sending) {
        Ok(request) => exchange(outbound, request, IsEvent(false)).await,
        Err(error) => (Outcome::Unrenderable { reason: error.to_string() }, Said::default()),
    };
    tracing::info!(%target, kind = %switch, outcome = outcome.name(), detail = %outcome, "hook.tested");
    let is_enabled_again = matches!(outcome, Outcome::Delivered { .. })
        && Health { since: 0, ..targets::health(app, target).await? } != Health::default();
    if is_enabled_again {
        targets::enable(app, target).await?;
    }
    let entry = Entry {
        event,
        target,
        attempt: 1,
        is_test: true,
        began_at,
        duration_ms: said.duration.map_or(0, millis),
        outcome,
        sent: said.sent,
        answer: said.answer,
    };
    app.log.add(entry.clone());
    attempts::write(app).await;
    Ok(Tested { entry, is_enabled_again })
}
