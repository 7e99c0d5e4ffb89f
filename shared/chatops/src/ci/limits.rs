//! Every bound of this module, with its reason. GitLab's own are the defaults of a fresh GitLab
//! (<https://docs.gitlab.com/administration/settings/continuous_integration/>, <https://docs.gitlab.com/administration/instance_limits/>).

/// The largest file read, in bytes. GitLab has no such bound and refuses what its YAML weighs in memory; every file of
/// a larger text would be refused there, since nothing weighs less than its text but comments.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the YAML of one file may weigh in Ruby's memory, aliases counted each time they stand: `max_yaml_size_bytes`.
pub const YAML_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How deep lists and maps may nest in a file: `max_yaml_depth`.
pub const YAML_DEPTH_MAX: usize = 100;

/// How many keys the merge keys (`<<`) of one file may copy: more than what weighs [`YAML_BYTES_MAX`], so that only
/// what is thrown away again can reach it.
pub const MERGED_KEYS_MAX: usize = 262_144;

/// How many files may be included, at all levels: `ci_max_includes`.
pub const INCLUDES_MAX: usize = 150;

/// How many ancestors a job may have by `extends`: `Extendable::Entry::MAX_NESTING_LEVELS`.
pub const EXTENDS_DEPTH_MAX: usize = 10;

/// How deep scripts, stages and rules may nest: `MAX_NESTING_LEVEL` of GitLab's entries.
pub const NESTING_MAX: usize = 10;

/// How long a chain of `!reference` may be. GitLab ends at the end of Ruby's stack; nobody follows a tenth of this.
pub const REFERENCE_CHAIN_MAX: usize = 256;

/// How many values a whole configuration may have after `extends` and `!reference` multiplied them: ten times what a
/// file may hold, so that multiplication stays a convenience.
pub const VALUES_MAX: usize = 500_000;

/// The longest name of a job, in characters: `name`'s length in `Entry::Processable`.
pub const JOB_NAME_CHARS_MAX: usize = 255;

/// How many jobs `parallel` may make of one: `PARALLEL_LIMIT`.
pub const PARALLEL_MAX: i128 = 200;

/// How many jobs `parallel` may make of all. GitLab bounds the active jobs of a project; this bounds the memory.
pub const JOBS_MAX: usize = 100_000;

/// How many tokens an expression may have, less one: `Lexer::MAX_TOKENS`.
pub const EXPRESSION_TOKENS_MAX: usize = 100;

/// What a compiled pattern may weigh, in bytes: RE2's default budget is 8 MiB.
pub const PATTERN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How many comparisons `rules:exists` makes before it counts as fulfilled: `MAX_PATTERN_COMPARISONS`.
pub const EXISTS_COMPARISONS_MAX: usize = 50_000;

/// How many different `$[[ ]]` blocks a file may have: `Template::MAX_BLOCKS`.
pub const INPUT_BLOCKS_MAX: usize = 10_000;

/// The longest timeout of a job, in seconds: `Project::MAX_BUILD_TIMEOUT`, a month of Rails.
pub const TIMEOUT_SECONDS_MAX: f64 = 2_629_746.0;

/// The longest `start_in`, in seconds: a week.
pub const START_IN_SECONDS_MAX: f64 = 604_800.0;
