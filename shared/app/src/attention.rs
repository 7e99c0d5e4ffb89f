//! The targets that somebody should look at: those that are left alone or switched off, and those with parked deliveries.
//!
//! A target is named here when it gets into trouble, in one partition, so that an overview need not look at all that are
//! well. Whoever reads takes those away that are well again.
//!
//! Not here: what is wrong with an attempt (`attempts`), when a target is left alone (`relay::breaker`).

use config::{ProjectId, TargetId};
use futures_util::future::try_join_all;
use relay::breaker::{Health, TargetState};

use crate::clock::Timestamp;
use crate::parking::{self, Parked};
use crate::store::{item, row};
use crate::table::{Condition, Key, Query, Stored};
use crate::{App, StoreError, targets};

/// The partition of all such names.
const ATTENTION: &str = "attention";

/// How many targets are looked at for one page: more trouble than that has one cause.
pub const LOOKED_AT_MAX: usize = 50;

/// Beyond this, parked and waiting deliveries are "and more": counting them takes a look at each.
pub const COUNTED_MAX: usize = 100;

/// A target in trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub target: TargetId,
    /// How it fares.
    pub health: Health,
    /// How many deliveries it has parked: at most [`COUNTED_MAX`] are counted.
    pub parked: usize,
    /// How many wait for it outside of a queue, counted likewise.
    pub waiting: usize,
}

/// Names a target.
pub(crate) async fn call(app: &App, target: TargetId) -> Result<(), StoreError> {
    let name = item(Key::new(ATTENTION, target.to_string()), &target, None);
    app.table.put(name, Condition::Always).await?;
    Ok(())
}

/// How a target fares, and what is kept for it.
pub async fn look(app: &App, target: TargetId) -> Result<Trouble, StoreError> {
    let parked = Parked { target, since: Timestamp(0), limit: COUNTED_MAX };
    Ok(Trouble {
        target,
        health: targets::health(app, target).await?,
        parked: parking::parked(app, parked).await?.len(),
        waiting: parking::waiting(app, target, COUNTED_MAX).await?,
    })
}

/// The targets in trouble, of all projects that `is_wanted`: those that are switched off first, then by how much they
/// miss.
pub async fn list(app: &App, is_wanted: impl Fn(ProjectId) -> bool) -> Result<Vec<Trouble>, StoreError> {
    let names = Query { limit: LOOKED_AT_MAX, ..Query::prefix(ATTENTION, "") };
    let page = app.table.query(&names).await?;
    let looks = page.items.iter().map(|name| look_at(app, name));
    let mut troubles: Vec<_> = try_join_all(looks).await?.into_iter().flatten().collect();
    troubles.retain(|trouble| match trouble.target {
        TargetId::Irker(project) | TargetId::Hook(project, _) => is_wanted(project),
    });
    troubles.sort_by_key(|trouble| {
        let is_off = matches!(trouble.health.state, TargetState::Disabled { .. });
        (!is_off, std::cmp::Reverse(trouble.parked), trouble.target)
    });
    Ok(troubles)
}

async fn look_at(app: &App, name: &Stored) -> Result<Option<Trouble>, StoreError> {
    let trouble = look(app, row(name)?).await?;
    if trouble.health.state == TargetState::Executable && trouble.parked == 0 {
        // Unless it was named again in this moment.
        app.table.delete(&name.item.key, Condition::Version(name.version)).await?;
        return Ok(None);
    }
    Ok(Some(trouble))
}
