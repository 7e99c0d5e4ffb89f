//! Every bound of this crate, with its reason.

/// How many channels an irkerd joins on one IRC server; it drops what is aimed at a further one (`CHANNEL_MAX` in
/// irkerd 2.23).
pub const CHANNELS_PER_SERVER_MAX: usize = 18;

/// The longest channel name or nick, in bytes. RFC 2812 section 1.3 says 50 for channels, servers allow up to 64;
/// what is longer eats the line's budget.
pub const CHANNEL_BYTES_MAX: usize = 64;

/// The longest channel key, in bytes: ircds keep 23 to 50 of them.
pub const KEY_BYTES_MAX: usize = 50;

/// How many recipients one integration may have. Each line goes to each of them, one second apart per server.
pub const RECIPIENTS_MAX: usize = 100;

/// How many HTTP hooks one project may have: GitLab's own limit
/// (<https://docs.gitlab.com/user/gitlab_com/#webhooks>).
pub const HOOKS_MAX: usize = 100;

/// The longest URL of a hook, in bytes: GitLab's own limit for a hook's address.
pub const URL_BYTES_MAX: usize = 2048;

/// The longest path or name of a project, in bytes: GitLab's limit for a full path.
pub const PATH_BYTES_MAX: usize = 255;

/// The shortest and longest id of a source, in bytes: it is a part of a URL.
pub const SOURCE_ID_BYTES: std::ops::RangeInclusive<usize> = 1..=64;

/// How many secrets a source may have at once: two suffice to rotate.
pub const SECRETS_MAX: usize = 10;

/// The longest secret, in bytes: what GitLab stores for a hook's token.
pub const SECRET_BYTES_MAX: usize = 255;

/// How many branch patterns one target may have: more is a list that nobody keeps by hand.
pub const PATTERNS_MAX: usize = 50;

/// The longest branch pattern, in bytes: a ref's own limit on most file systems.
pub const PATTERN_BYTES_MAX: usize = 255;

/// How large a branch pattern may become in memory, in bytes; the usual ones take some kilobytes.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 256 * 1024;

/// How many lines may wait in an irkerd for one IRC server, and the most that may be asked for. irkerd says one a second
/// and forgets what waits when it dies.
pub const LINES_IN_IRKERD: std::ops::RangeInclusive<u32> = 1..=60;

/// The longest name of a hook, in characters, and the longest description: GitLab's columns for them.
pub const HOOK_NAME_CHARS_MAX: usize = 255;
/// See [`HOOK_NAME_CHARS_MAX`].
pub const HOOK_DESCRIPTION_CHARS_MAX: usize = 2048;

/// How many custom headers one hook may have, and how many variables its URL: GitLab's own limit for both.
pub const KEYED_SECRETS_MAX: usize = 20;

/// The longest name of a custom header or of a URL's variable, in bytes: no server of note reads longer header names.
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// The longest value of a custom header, in characters: GitLab's own limit.
pub const HEADER_VALUE_CHARS_MAX: usize = 2048;

/// The longest value of a URL's variable, in characters: GitLab's own limit.
pub const URL_VARIABLE_CHARS_MAX: usize = 100;

/// The longest template of a hook's body, in characters: GitLab's own limit.
pub const TEMPLATE_CHARS_MAX: usize = 4096;

/// The largest body that a template may become, in bytes: no forge sends a larger one, and 4096 characters can name the
/// whole payload hundreds of times.
pub const RENDERED_BYTES_MAX: usize = payload::limits::BODY_BYTES_MAX;

/// How long a target may take, in seconds. Up to 30, as Standard Webhooks has it: a batch of them has to end before the
/// function that sends it.
pub const TIMEOUT_S: std::ops::RangeInclusive<u16> = 1..=30;

/// What a hook waits for an answer when nobody says otherwise, in seconds: GitLab's own limit.
pub const TIMEOUT_S_DEFAULT: u16 = 10;

/// How many requests a minute a target may be limited to. More than the highest is no limit to what one sender does.
pub const RATE_LIMIT: std::ops::RangeInclusive<u32> = 1..=6_000;

/// How many waits a schedule of a hook's own may have: the twentieth of ten hours ends after a week.
pub const RETRY_WAITS_MAX: usize = 20;

/// How long one of them may be, in seconds, up to twelve hours: SQS hides a task no longer than that.
pub const RETRY_WAIT_S: std::ops::RangeInclusive<u32> = 1..=43_200;

/// How many rules of access one slash command may have: they are read from the top at every command.
pub const RULES_MAX: usize = 100;

/// How many entries a list in those rules may have (users, channels, jobs, choices, groups): a large company's
/// channel, by hand.
pub const CHAT_LIST_MAX: usize = 1_000;

/// The shortest and longest id that a chat gives out, in bytes: Slack's have about 11, Mattermost's 26.
pub const CHAT_ID_BYTES: std::ops::RangeInclusive<usize> = 1..=64;

/// How long consent to a run may be given, in seconds: from what a click takes to a day.
pub const APPROVAL_EXPIRES_S: std::ops::RangeInclusive<u32> = 10..=86_400;

/// How many arguments a job's schema may name: a usage line still fits a screen.
pub const ARGUMENTS_MAX: usize = 20;

/// The longest name of an argument, in bytes.
pub const ARGUMENT_NAME_BYTES_MAX: usize = 64;

/// How many slash commands one project may have: a chat service or two, and a handful of teams.
pub const COMMANDS_MAX: usize = 20;

/// The longest name of a branch or a tag, in bytes: a ref's own limit on most file systems.
pub const REF_BYTES_MAX: usize = 255;

/// The longest path of a CI configuration in its repository, in bytes: GitLab's column for it.
pub const CI_PATH_BYTES_MAX: usize = 255;

/// The longest private key, and the longest list of host keys, in bytes: a 16,384-bit RSA key takes twelve thousand.
pub const SSH_KEY_BYTES_MAX: usize = 16 * 1024;

/// How long a run may take, in seconds: from what a script takes to start, to what CodeBuild allows at most (36 hours).
pub const JOB_TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=129_600;

/// How long a run may take when nobody says otherwise, in seconds: as long as a chat takes answers to a command.
pub const JOB_TIMEOUT_S_DEFAULT: u32 = 1_800;
