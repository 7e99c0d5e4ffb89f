//! What a project stores and which values are valid: GitLab's own settings, under GitLab's names.
//!
//! Every type that holds a secret is generic over how the secret is held: `Project<Secret>` (the default) in
//! memory, `Project<Sealed>` in the table. [`payload::Secret`] cannot be serialised, so the compiler keeps
//! anything but the sealed form from being stored.
//!
//! Not here: files and tables (`infra/local`, `app`), sealing itself (`app::seal`), what is done with a setting
//! (`relay`, `chatops`).

pub mod commands;
mod gitlab;
mod hook;
mod hook_url;
mod ids;
mod irker;
pub mod jobs;
mod keyed;
pub mod limits;
mod line_settings;
mod project;
mod recipient;
mod ref_filter;
pub mod source;
mod subscription;
pub mod switches;
mod template;
mod web_url;

pub use commands::{CommandError, CommandId, CommandIntegration};
pub use gitlab::{GitLab, GitLabError};
pub use hook::{HookError, HookFormat, HttpHook};
pub use hook_url::UrlError;
pub use ids::{HookId, ProjectId, SourceId, SourceIdError, TargetId, TargetIdError};
pub use irker::{Irker, IrkerError, Pacing, RecipientErrors};
pub use jobs::{Jobs, JobsError};
pub use keyed::{KeyedSecret, KeyedSecretsError};
pub use line_settings::{
    COMMITS_SHOWN_MAX, LineSettings, LineSettingsError, LineStyle, TEMPLATE_BYTES_MAX, TEMPLATE_KINDS,
};
pub use project::{Project, ProjectError, ProjectPath};
pub use recipient::{MASK, Recipient, RecipientError, Server};
pub use ref_filter::{BranchFilterStrategy, FilteredKind, RefFilter, RefFilterError, RefPattern};
pub use source::{Source, SourceError};
pub use subscription::{Subscription, SubscriptionError};
pub use switches::{EventSwitches, Switch};
pub use template::{Template, TemplateError};
pub use web_url::{WebUrl, WebUrlError};
