//! Every bound of this crate, with its reason.

use std::time::Duration;

/// The largest request, in bytes: [`TEXT_BYTES_MAX`] with every byte written as `%XX`, and room for the other fields.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// How many fields a request may have. Slack sends about 15, Mattermost 12.
pub const FIELDS_MAX: usize = 64;

/// The longest text behind the slash command, in bytes: the 16,383 characters of a Mattermost post, at four bytes
/// each. Less than what Linux lets one variable of an environment hold (128 KiB).
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The longest name of a user, channel or team, in bytes, and the longest id of a request. Slack allows 80 characters.
pub const NAME_BYTES_MAX: usize = 512;

/// The longest job name, in bytes: GitLab's own limit.
pub const JOB_BYTES_MAX: usize = 255;

/// The longest `A to B` of a deployment, in bytes: GitLab's environments have names of 255 characters.
pub const DEPLOYMENT_BYTES_MAX: usize = 1_024;

/// The longest id of a run that anybody types, in bytes.
pub const RUN_BYTES_MAX: usize = 64;

/// How far a signed timestamp may be from now, either way: Slack's own advice
/// (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
pub const SIGNATURE_AGE_MAX: Duration = Duration::from_mins(5);

/// The longest output that a reply carries, in bytes: GitLab's limit, since Slack breaks a text apart at about 4 KB.
pub const OUTPUT_BYTES_MAX: usize = 3_584;

/// How many of the last lines of a job that failed are shown, and how many bytes of them: what went wrong stands at the
/// end, and the rest is a link away.
pub const LAST_LINES_MAX: usize = 10;
/// See [`LAST_LINES_MAX`].
pub const LAST_LINES_BYTES_MAX: usize = 1_024;

/// The shortest line of a secret of several lines that is hidden by itself, in bytes. GitLab masks nothing that is
/// shorter; a `}` alone is no secret.
pub const SECRET_LINE_BYTES_MIN: usize = 8;

/// How long a `response_url` lives, and how often it may be posted to: Slack's rule, which Mattermost took over
/// (<https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>).
pub const RESPONSE_URL_AGE_MAX: Duration = Duration::from_mins(30);
/// See [`RESPONSE_URL_AGE_MAX`].
pub const RESPONSE_URL_POSTS_MAX: u32 = 5;

/// How long a run lasts before chat is told that it still does: people begin to wonder.
pub const PROGRESS_AFTER: Duration = Duration::from_mins(1);

/// How often they are told: once, so that four posts remain for the result and its repetitions.
pub const PROGRESS_POSTS_MAX: u32 = 1;

/// How many issues a search shows: GitLab's limit.
pub const ISSUES_FOUND_MAX: usize = 5;

/// How long a link that connects an account is good for: GitLab's ten minutes.
pub const LINK_AGE_MAX: Duration = Duration::from_mins(10);
