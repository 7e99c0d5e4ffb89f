//! Every bound of this crate, with its reason.

use std::time::Duration;

/// How many bytes a line may have, less the bytes of the channel's name.
///
/// IRC ends a line at 512 bytes with CR LF. irkerd's prefix takes up to 107 (`:nick!user@host `: 30, 10 and 63 bytes
/// and the separators), then `PRIVMSG ` and ` :` follow. Longer lines are cut by some servers in the middle of a
/// character; ngircd throws the bot out.
pub const LINE_BYTES_MAX: usize = 510 - 107 - "PRIVMSG ".len() - " :".len();

/// For how long a delivery to irkerd is tried: a weekend. It ends by age and not by a count, so that what waited behind
/// a dead irkerd ends with it. SQS's receive count must allow it, or it ends as a dead letter (`tests/it/template.rs`).
pub const IRKER_AGE_MAX: Duration = Duration::from_hours(60);

/// The longest wait a target may ask for with `Retry-After`: a longer one is a mistake, or malice.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(12);

/// How many Bellhops an event may pass. A chain of three is unusual; a hook that leads back to its own source ends here.
pub const HOPS_MAX: u32 = 10;

/// How much later than planned an attempt may come, as a part of the plan: enough to spread a herd, little enough
/// that the plan is still recognised.
pub const JITTER: f64 = 0.1;

/// How often a delivery is tried that its target refuses with a final word, such as 404: a deployment of the target may
/// mend it within minutes, and more tries would only fill its log.
pub const SHORT_ATTEMPTS_MAX: u32 = 4;

/// How many failures in a row cost a target nothing. This and the next four: GitLab's numbers for webhooks.
pub const FAILURES_LET_PASS: u32 = 3;

/// With how many failures in a row a target is switched off.
pub const FAILURES_MAX: u32 = 40;

/// How long a target is first left alone.
pub const REST_MIN: Duration = Duration::from_mins(1);

/// How long a target is left alone at the most.
pub const REST_MAX: Duration = Duration::from_hours(24);

/// For how long a delivery to an HTTP target is tried, however long the target was left alone in between. Then it is
/// parked, where people see it: events are kept for twice this time.
///
/// Without such troubles the schedule ends after a day.
pub const HTTP_AGE_MAX: Duration = Duration::from_hours(7 * 24);

/// How many waiting deliveries a target gets in the first minute after it came back; twice as many in each further one.
pub const COME_BACK_MIN: usize = 16;

/// How many waiting deliveries a target gets in a minute at the most.
pub const COME_BACK_MAX: usize = 1_000;

/// How many headers of an answer are kept in the log. This and the next two: GitLab's numbers.
pub const ANSWER_HEADERS_MAX: usize = 50;

/// How many bytes of such a header's name and of its value are kept.
pub const ANSWER_HEADER_BYTES_MAX: usize = 1024;

/// How many bytes of an answer's body are read and kept.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// The longest body of a request that the log keeps: what is longer is no text that people look through.
pub const LOGGED_BODY_BYTES_MAX: usize = 64 * 1024;

/// The shortest secret that is looked for in an answer: `a` or `443` would make every answer unreadable.
pub const SCRUBBED_BYTES_MIN: usize = 6;
