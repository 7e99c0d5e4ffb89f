//! What a hook is shown as: GitLab's fields, and Bellhop's own behind them.

use app::clock::Timestamp;
use app::projects::Saved;
use app::targets;
use config::{HookFormat, HookId, HttpHook, TargetId};
use relay::breaker::{Health, TargetState};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::shown::{Key, keys, moment, url};
use crate::subscription;

/// A hook. Besides, it has a switch for each kind of event (`push_events`, ...).
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "they are GitLab's")]
pub(super) struct HookShown {
    id: u64,
    url: String,
    name: String,
    description: String,
    project_id: u64,
    created_at: Option<String>,
    enable_ssl_verification: bool,
    repository_update_events: bool,
    /// `executable`, `temporarily_disabled` or `disabled`.
    alert_status: &'static str,
    disabled_until: Option<String>,
    url_variables: Vec<Key>,
    custom_headers: Vec<Key>,
    custom_webhook_template: String,
    token_present: bool,
    signing_token_present: bool,
    hub_secret_present: bool,
    /// How many signing tokens there are.
    signing_tokens: usize,
    active: bool,
    ordered: bool,
    /// `passthrough`, `gitlab` or `bellhop`.
    #[schema(value_type = String)]
    format: HookFormat,
    timeout_s: u16,
    rate_limit: Option<u32>,
    retry_waits_s: Option<Vec<u32>>,
    push_events_branch_filter: Value,
    branch_filter_strategy: Value,
    branches: Value,
    exclude_branches: Value,
    branch_filter_events: Value,
    pipeline_statuses: Value,
    mute_bots: Value,
    #[serde(flatten)]
    #[schema(ignore)]
    events: Map<String, Value>,
}

/// How a hook fares.
pub(super) async fn health(call: &Call, id: HookId) -> Result<Health, Refusal> {
    Ok(targets::health(call.app(), TargetId::Hook(call.id()?, id)).await?)
}

pub(super) fn hook(call: &Call, saved: &Saved, (hook, health): (&HttpHook, &Health)) -> HookShown {
    let (alert_status, disabled_until) = match health.state {
        TargetState::Executable => ("executable", None),
        TargetState::TemporarilyDisabled { disabled_until, .. } => {
            ("temporarily_disabled", Some(moment(Timestamp(disabled_until))))
        }
        TargetState::Disabled { .. } => ("disabled", None),
    };
    let mut filters = subscription::show_filters(&hook.subscription);
    let mut filter = |name: &str| filters.remove(name).unwrap_or_default();
    HookShown {
        id: hook.id.0,
        url: url(hook, call.may_write()),
        name: hook.name.clone(),
        description: hook.description.clone(),
        project_id: saved.project.id.0,
        created_at: saved.hook_since(hook.id).or(saved.created_at).map(moment),
        enable_ssl_verification: hook.enable_ssl_verification,
        repository_update_events: false,
        alert_status,
        disabled_until,
        url_variables: keys(&hook.url_variables),
        custom_headers: keys(&hook.custom_headers),
        custom_webhook_template: hook
            .custom_webhook_template
            .as_ref()
            .map_or_else(String::new, |template| template.as_str().to_owned()),
        token_present: hook.token.is_some(),
        signing_token_present: !hook.signing_tokens.is_empty(),
        hub_secret_present: hook.hub_secret.is_some(),
        signing_tokens: hook.signing_tokens.len(),
        active: hook.active,
        ordered: hook.ordered,
        format: hook.format,
        timeout_s: hook.timeout_s,
        rate_limit: hook.rate_limit,
        retry_waits_s: hook.retry_waits_s.clone(),
        push_events_branch_filter: filter("push_events_branch_filter"),
        branch_filter_strategy: filter("branch_filter_strategy"),
        branches: filter("branches"),
        exclude_branches: filter("exclude_branches"),
        branch_filter_events: filter("branch_filter_events"),
        pipeline_statuses: filter("pipeline_statuses"),
        mute_bots: filter("mute_bots"),
        events: subscription::show_events(&hook.subscription),
    }
}
