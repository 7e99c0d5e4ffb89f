//! What is shown alike everywhere: moments, and what stands for a secret.

use app::clock::Timestamp;
use config::{HttpHook, KeyedSecret};
use serde::Serialize;
use utoipa::ToSchema;

/// A moment as GitLab writes it: `2026-01-02T03:04:05.678Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

/// The name of something whose value is not shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    key: String,
}

pub(crate) fn keys(secrets: &[KeyedSecret]) -> Vec<Key> {
    secrets.iter().map(|secret| Key { key: secret.key.clone() }).collect()
}

/// A hook's URL. Chat services put the password into the path: who may not change the hook sees where it leads, and not
/// the way.
pub(crate) fn url(hook: &HttpHook, may_write: bool) -> String {
    if may_write {
        return hook.url.expose().to_owned();
    }
    hook.address()
        .map(|address| format!("{}/***", address.origin().ascii_serialization()))
        .unwrap_or_default()
}
