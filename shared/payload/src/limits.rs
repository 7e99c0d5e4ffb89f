//! Every bound of this crate, with its reason.

use std::time::Duration;

/// The largest body accepted, in bytes: what GitLab and GitHub send at the most
/// (<https://docs.gitlab.com/user/gitlab_com/#webhooks>). On Lambda the platform refuses 6 MB earlier.
pub const BODY_BYTES_MAX: usize = 25 * 1024 * 1024;

/// How far a signed timestamp may be from now, either way: the tolerance of the Standard Webhooks libraries.
pub const SIGNATURE_AGE_MAX: Duration = Duration::from_mins(5);

/// How many signatures of one request are looked at. A sender rotating keys sends two; the bound keeps a hostile
/// header from buying more comparisons.
pub const SIGNATURES_MAX: usize = 10;

/// The shortest and longest key of a Standard Webhooks secret, in bytes
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme>).
pub const SIGNING_KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The longest delivery id taken from a header, in bytes. Forges send UUIDs (36); a longer text is no id.
pub const DELIVERY_ID_BYTES_MAX: usize = 256;

/// The longest value of a header that is read, and kept with an event, in bytes. Ten signatures take half of it.
pub const HEADER_BYTES_MAX: usize = 1024;
