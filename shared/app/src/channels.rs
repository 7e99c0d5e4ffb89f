//! The repository of the channels that each irkerd is to join, over all projects: one irkerd serves many, and its limits
//! are for all of them together.
//!
//! Looked at when a project is saved, and at no other time. Two projects saved in the same moment may both pass.
//!
//! Not here: what is wrong with one project's recipients (`config::Irker::check`).

use std::collections::BTreeSet;

use config::limits::CHANNELS_PER_SERVER_MAX;
use config::{Irker, Project, ProjectId, Recipient};
use serde::{Deserialize, Serialize};

use crate::store::{item, row};
use crate::table::{Condition, Key, Query};
use crate::{App, StoreError};

/// Why recipients are refused that are fine by themselves. The texts name no other project: who may see one need not be
/// who may see the other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelsError {
    /// irkerd would drop the rest, and all lines behind them.
    #[error(
        "irkerd joins at most {CHANNELS_PER_SERVER_MAX} channels of one IRC server, and with those of other projects these are {count} on {server}"
    )]
    TooMany {
        /// `host:port`.
        server: String,
        /// How many channels there would be.
        count: usize,
    },
    /// irkerd would join without the key first, fail, and never try again.
    #[error("another project of this irkerd names {name} on {server} {}", if *.keyed { "without its key" } else { "with a key" })]
    KeyDiffers {
        /// The channel.
        name: String,
        /// `host:port`.
        server: String,
        /// Whether this project names it with a key.
        keyed: bool,
    },
}

/// One channel of one project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ChannelRow {
    project: ProjectId,
    server: String,
    name: String,
    /// Whether it is named with a key. Which one is nobody's business here.
    keyed: bool,
}

/// What a project has an irkerd join.
pub(crate) struct Channels {
    irkerd: String,
    rows: BTreeSet<ChannelRow>,
}

impl Channels {
    /// None without an irkerd.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let irker: &Irker = project.irker.as_ref()?;
        let row = |recipient: &Recipient| ChannelRow {
            project: project.id,
            server: format!("{}:{}", recipient.server.host, recipient.server.port),
            name: recipient.name.clone(),
            keyed: recipient.key.is_some(),
        };
        Some(Self { irkerd: irker.irkerd(), rows: irker.recipients.iter().map(row).collect() })
    }

    fn partition(&self) -> String {
        format!("channels#{}", self.irkerd)
    }

    fn key(&self, ChannelRow { project, server, name, .. }: &ChannelRow) -> Key {
        Key::new(self.partition(), format!("{server}#{name}#{project}"))
    }

    /// Judges them together with those of all other projects.
    fn check(&self, others: &[ChannelRow]) -> Result<(), ChannelsError> {
        for own in &self.rows {
            let on_server = |other: &&ChannelRow| other.server == own.server;
            let same = others.iter().filter(on_server).find(|other| other.name == own.name);
            if same.is_some_and(|other| other.keyed != own.keyed) {
                let ChannelRow { name, server, keyed, .. } = own.clone();
                return Err(ChannelsError::KeyDiffers { name, server, keyed });
            }
            let joined = others.iter().chain(&self.rows).filter(on_server).map(|row| &row.name);
            let count = joined.collect::<BTreeSet<_>>().len();
            if count > CHANNELS_PER_SERVER_MAX {
                return Err(ChannelsError::TooMany { server: own.server.clone(), count });
            }
        }
        Ok(())
    }
}

/// Whether a project's channels go together with those of the others.
pub(crate) async fn check(app: &App, project: &Project) -> Result<Result<(), ChannelsError>, StoreError> {
    let Some(channels) = Channels::of(project) else { return Ok(Ok(())) };
    let mut query = Query::prefix(channels.partition(), "");
    let mut others = Vec::new();
    loop {
        let page = app.table.query(&query).await?;
        for stored in &page.items {
            others.push(row::<ChannelRow>(stored)?);
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    others.retain(|other| other.project != project.id);
    Ok(channels.check(&others))
}

/// Remembers a saved project's channels in the place of those it had before.
pub(crate) async fn remember(
    app: &App,
    before: Option<&Channels>,
    now: Option<&Channels>,
) -> Result<(), StoreError> {
    let keys = |channels: Option<&Channels>| -> BTreeSet<(String, String)> {
        let rows = channels.iter().flat_map(|channels| channels.rows.iter().map(|row| channels.key(row)));
        rows.map(|key| (key.partition, key.sort)).collect()
    };
    if let Some(channels) = now {
        let rows = channels.rows.iter().map(|row| item(channels.key(row), row, None));
        app.table.batch_put(rows.collect()).await?;
    }
    for (partition, sort) in keys(before).difference(&keys(now)) {
        app.table.delete(&Key::new(partition, sort), Condition::Always).await?;
    }
    Ok(())
}
