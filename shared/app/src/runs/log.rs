//! A run's log: what may be shown of it, compressed, in as many rows as it takes. And the links to it, which anybody may
//! follow who has one: signed, and good for some days.
//!
//! Not here: masking (whoever keeps a log has had `chatops::output` do it), the page that shows it.

use std::time::Duration;

use super::{KEPT, partition};
use crate::clock::Timestamp;
use crate::events::PART_BYTES_MAX;
use crate::executor::LOG_BYTES_MAX;
use crate::gzip::{compress, decompress};
use crate::ids::RunId;
use crate::store::broken;
use crate::table::{Item, Key, Query};
use crate::{App, StoreError};

/// How long a link to a log is good for: over a long weekend. Whoever asks for the run's `status` gets a new one.
pub const LINK_AGE_MAX: Duration = Duration::from_hours(7 * 24);

/// What the signature is for.
const PURPOSE: &str = "log of a run";

/// Cleaning turns an impossible byte into three of a replacement character at the most.
const SHOWN_BYTES_MAX: u64 = 3 * LOG_BYTES_MAX as u64 + 1024;

fn part_key(run: &RunId, part: usize) -> Key {
    Key::new(partition(run), format!("log#{part:04}"))
}

/// Keeps a log in place of what was kept before. It has to be masked already: see `chatops::output::whole`.
pub async fn keep_log(app: &App, run: &RunId, masked: &str) -> Result<(), StoreError> {
    let compressed = compress(masked.as_bytes());
    let (parts, expires_at) = (compressed.chunks(PART_BYTES_MAX), Some(app.clock.now() + KEPT));
    let count = parts.len();
    let row = |(part, bytes): (usize, &[u8])| Item {
        key: part_key(run, part),
        // A log that was kept twice, once longer, must not be read beyond its end.
        document: format!(r#"{{"parts":{count}}}"#),
        blob: Some(bytes.to_vec()),
        expires_at,
    };
    Ok(app.table.batch_put(parts.enumerate().map(row).collect()).await?)
}

/// All that was kept of a run's log; `None` if nothing was.
pub async fn read_log(app: &App, run: &RunId) -> Result<Option<String>, StoreError> {
    let mut query = Query::prefix(partition(run), "log#");
    let (mut compressed, mut parts, mut count) = (Vec::new(), 0, None);
    loop {
        let page = app.table.query(&query).await?;
        for stored in &page.items {
            let of: Parts = crate::store::row(stored)?;
            let count = *count.get_or_insert(of.parts);
            if parts < count {
                compressed.extend_from_slice(stored.item.blob.as_deref().unwrap_or_default());
                parts += 1;
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    let Some(count) = count else { return Ok(None) };
    let key = part_key(run, parts);
    if parts < count {
        return Err(broken(&key, "a part of the log is missing"));
    }
    let text = decompress(&compressed, SHOWN_BYTES_MAX).map_err(|error| broken(&key, error))?;
    Ok(Some(String::from_utf8(text).map_err(|error| broken(&key, error))?))
}

#[derive(serde::Deserialize)]
struct Parts {
    parts: usize,
}

/// A link to a run's log, good from now on for [`LINK_AGE_MAX`]; `None` if nobody said where the console is.
pub fn log_link(app: &App, run: &RunId) -> Option<String> {
    let console = app.addresses.console.as_ref()?.as_str();
    let expires = (app.clock.now() + LINK_AGE_MAX).seconds();
    let signature = app.sealer.sign(PURPOSE, &signed(run, expires));
    Some(format!("{console}/runs/{run}/log?expires={expires}&signature={signature}"))
}

/// Whether a link's parts were made here, and are still good. `expires` is in seconds since 1970.
pub fn is_log_link(app: &App, run: &RunId, (expires, signature): (i64, &str)) -> bool {
    let is_genuine = app.sealer.is_signed(PURPOSE, &signed(run, expires), signature);
    is_genuine && app.clock.now() < Timestamp(expires.saturating_mul(1_000))
}

fn signed(run: &RunId, expires: i64) -> String {
    format!("{run} {expires}")
}
