//! The repository of what irkerds are reckoned to hold, one row each, from one handover to the next.
//!
//! Not here: the reckoning itself (`relay::irker::Pace`).

use std::time::Duration;

use relay::irker::Pace;

use crate::store::{item, row};
use crate::table::{Key, Version, Write};
use crate::{App, StoreError, events};

/// How long it is remembered: longer than any irkerd takes for what it is given.
const KEPT: Duration = Duration::from_hours(1);

/// What an irkerd holds, as it was read, and as it is to be written.
pub(crate) struct Reckoning {
    pub(crate) pace: Pace,
    key: Key,
    version: Option<Version>,
}

impl Reckoning {
    /// For an irkerd by its `host:port`.
    pub(crate) async fn load(app: &App, irkerd: &str) -> Result<Self, StoreError> {
        let key = Key::new(format!("irkerd#{irkerd}"), "pace");
        let stored = app.table.get(&key).await?;
        let version = stored.as_ref().map(|stored| stored.version);
        Ok(Self { pace: stored.map(|stored| row(&stored)).transpose()?.unwrap_or_default(), key, version })
    }

    /// Writes it down. `false` if somebody else hands over to the same irkerd at this moment: projects that have just
    /// moved to it still have deliveries in another irkerd's group.
    pub(crate) async fn save(&mut self, app: &App) -> Result<bool, StoreError> {
        let expires_at = Some(app.clock.now() + KEPT);
        let item = item(self.key.clone(), &self.pace, expires_at);
        match app.table.put(item, events::condition(self.version)).await? {
            Write::Done(version) => {
                self.version = Some(version);
                Ok(true)
            }
            Write::Conflict(_) => Ok(false),
        }
    }
}
