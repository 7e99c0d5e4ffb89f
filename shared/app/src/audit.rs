//! The repository of what was commanded: every authentic command leaves a row, by project and time, also one that was
//! denied, and one that nobody understood.
//!
//! What was typed may hold secrets, so it is kept as a digest unless the project says otherwise. The digest is keyed
//! (HMAC-SHA256 with a key made from the sealing key): whoever reads the table cannot find out by trying what was typed,
//! and whoever knows what was typed can prove it, with [`digest`].
//!
//! Not here: deciding (`chatops::access`), the program's own log.

use std::time::Duration;

use chatops::Named;
use config::commands::Platform;
use config::jobs::AuditArguments;
use config::{CommandId, Project, ProjectId};
use serde::{Deserialize, Serialize};

use crate::chat::Asked;
use crate::clock::Timestamp;
use crate::ids::RunId;
use crate::runs::Run;
use crate::store::{item, row};
use crate::table::{Condition, Item, Key, Query};
use crate::{App, StoreError};

/// How long a row is kept: audits look back over a year, the leap day included.
pub const KEPT: Duration = Duration::from_hours(366 * 24);

/// What the digest is for.
const PURPOSE: &str = "audited arguments";

/// How much of a command's id stands in its row's key: enough to tell commands of one millisecond apart.
const KEY_DIGITS: usize = 16;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it came in.
    pub at: Timestamp,
    /// Which of the project's commands.
    pub command: CommandId,
    /// Whose chat.
    pub platform: Platform,
    /// The team it was typed in, by immutable id.
    pub team_id: String,
    /// Where.
    pub channel: Named,
    /// Who.
    pub user: Named,
    /// What: `run deploy`, `issue close`, `help`.
    pub what: String,
    /// What was typed behind that.
    pub arguments: Arguments,
    /// Whether it was allowed.
    pub is_allowed: bool,
    /// Why, or why not.
    pub decision: String,
    /// The run that it made, or was about.
    pub run: Option<RunId>,
    /// What came of it, in one word: of a run, how it ended, once it has.
    pub outcome: String,
}

/// What is kept of what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// Nothing was.
    None,
    /// All of it.
    Kept(String),
    /// Its digest: see [`digest`].
    Digest(String),
}

impl Arguments {
    /// As the project wants it.
    pub fn of(app: &App, project: &Project, text: &str) -> Self {
        let kept = project.jobs.as_ref().map(|jobs| jobs.audit_arguments).unwrap_or_default();
        match (text, kept) {
            ("", _) => Self::None,
            (text, AuditArguments::Kept) => Self::Kept(text.to_owned()),
            (text, AuditArguments::Hashed) => Self::Digest(digest(app, text)),
        }
    }
}

/// What stands in the audit for a text that was typed: 64 hexadecimal digits, the same for the same text.
pub fn digest(app: &App, text: &str) -> String {
    app.sealer.sign(PURPOSE, text)
}

/// The same for the same command, however often it comes.
fn key(asked: &Asked) -> Key {
    let (at, id) = (asked.at.0, asked.id.get(..KEY_DIGITS).unwrap_or(&asked.id));
    Key::new(format!("audit#{}", asked.project), format!("{at:015}#{id}"))
}

/// The row of a command.
pub(crate) fn entry(asked: &Asked, entry: &Entry) -> Item {
    item(key(asked), entry, Some(asked.at + KEPT))
}

/// Adds how the run ended that a command made.
pub(crate) async fn conclude(app: &App, run: &Run) -> Result<(), StoreError> {
    let (Some(end), Some(stored)) = (run.end(), app.table.get(&key(&run.asked)).await?) else {
        return Ok(());
    };
    let concluded = Entry { outcome: end.how.name().to_owned(), ..row(&stored)? };
    // Nobody else writes it any more: a conflict is this very write, repeated.
    app.table.put(entry(&run.asked, &concluded), Condition::Version(stored.version)).await?;
    Ok(())
}

/// Which page of a project's audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose.
    pub project: ProjectId,
    /// At most this many.
    pub limit: usize,
    /// Where to go on, from [`Page::next`].
    pub after: Option<String>,
}

/// A page of commands, newest first. It may be short, even empty, and still have a next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The commands.
    pub entries: Vec<Entry>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// A page of a project's audit, newest first.
pub async fn list(app: &App, listing: &Listing) -> Result<Page, StoreError> {
    let whole = Query::prefix(format!("audit#{}", listing.project), "");
    let query = Query { descending: true, limit: listing.limit, after: listing.after.clone(), ..whole };
    let page = app.table.query(&query).await?;
    let entries = page.items.iter().map(row).collect::<Result<_, _>>()?;
    Ok(Page { entries, next: page.next })
}
