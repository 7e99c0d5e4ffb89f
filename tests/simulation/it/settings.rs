//! Projects as a plan has them, with a planted secret wherever one may stand.
//!
//! Not here: how they are saved (`people`).

use app::seal::Sealer;
use config::commands::{Chat, CommandIntegration, MattermostSlashCommands};
use config::{
    GitLab, HookId, HttpHook, Irker, KeyedSecret, Pacing, Project, ProjectId, Recipient, Source, TargetId,
};
use payload::Secret;

use crate::plan::{Change, HookPlan, ProjectPlan, irkerd_host, target_host};

/// Stands in every secret, and nowhere else.
pub(crate) const PLANTED: &str = "PLANTED";

/// The same in base64, at each of its three places: passwords go out like this.
pub(crate) const PLANTED_IN_BASE64: [&str; 3] = ["UExBTlRFR", "BMQU5URU", "QTEFOVEVE"];

/// What a chat proves itself with.
pub(crate) const CHAT_TOKEN: &str = "PLANTED-chat-token";

/// Where the simulated chat is.
pub(crate) const CHAT: &str = "https://chat.example.net";

pub(crate) fn sealer() -> Sealer {
    Sealer::new(&Secret::new("PLANTED-sealing-key-0123456789abcdef")).expect("it is long enough")
}

/// The source's secret of a generation: rotation leads from one to the next.
pub(crate) fn source_secret(project: usize, generation: u32) -> String {
    format!("PLANTED-source-{project}-{generation}")
}

pub(crate) fn source_id(project: usize) -> String {
    format!("s{project}")
}

pub(crate) fn project_id(project: usize) -> ProjectId {
    ProjectId(project as u64 + 1)
}

pub(crate) fn hook_id(hook: usize) -> HookId {
    HookId(hook as u64 + 1)
}

/// A project at the beginning of a history.
pub(crate) fn project(number: usize, plan: &ProjectPlan) -> Project {
    Project {
        id: project_id(number),
        path: format!("g/p{number}").try_into().expect("a path"),
        source: Source {
            id: source_id(number).parse().expect("an id"),
            forge: None,
            secrets: vec![Secret::new(source_secret(number, 0))],
            allow_unsigned: false,
        },
        irker: plan.irkerd.map(|irkerd| irker(number, irkerd, plan.coalesce)),
        hooks: plan.hooks.iter().enumerate().map(|(hook, plan)| http_hook((number, hook), plan)).collect(),
        last_hook: hook_id(plan.hooks.len()),
        rate_limit: plan.rate_limit,
        commands: plan.has_commands.then(|| command(number)).into_iter().collect(),
        jobs: plan.has_commands.then(|| {
            serde_json::from_str(
                r#"{"repository": {"url": "https://git.example.net/g/p.git"},
                    "executor": {"gitlab_pipeline": {"pass_as": "inputs"}}}"#,
            )
            .expect("settings of jobs")
        }),
        gitlab: plan.has_commands.then(|| GitLab {
            url: "https://git.example.net".to_owned().try_into().expect("a URL"),
            project: "g/p".to_owned().try_into().expect("a path"),
            token: Secret::new("PLANTED-gitlab-token"),
        }),
    }
}

fn irker(number: usize, irkerd: u8, coalesce: bool) -> Irker {
    let recipients = format!("irc://irc.example.net/p{number}?key=PLANTED-key");
    let recipients: Vec<Recipient> = Irker::parse_recipients(&recipients, None).expect("recipients");
    Irker {
        server_host: irkerd_host(irkerd),
        pacing: Pacing { coalesce, ..Pacing::default() },
        ..Irker::to(recipients)
    }
}

fn http_hook((number, hook): (usize, usize), plan: &HookPlan) -> HttpHook {
    let host = target_host(number, hook);
    // One of them has all there is; every secret takes its time to be sealed and opened.
    let is_first = hook == 0;
    let header = || KeyedSecret { key: "X-Key".to_owned(), value: Secret::new("PLANTED-header") };
    HttpHook {
        token: Some(Secret::new("PLANTED-hook-token")),
        hub_secret: is_first.then(|| Secret::new("PLANTED-hub-secret")),
        custom_headers: is_first.then(header).into_iter().collect(),
        rate_limit: plan.rate_limit,
        ordered: plan.ordered,
        retry_waits_s: plan.retry_waits_s.clone(),
        ..HttpHook::to(hook_id(hook), &format!("https://u:PLANTED-password@{host}/PLANTED-path"))
    }
}

fn command(number: usize) -> CommandIntegration {
    let rules = r#"[{"anyone": true, "jobs": ["*"]}]"#;
    CommandIntegration {
        id: format!("c{number}").try_into().expect("an id"),
        chat: Chat::MattermostSlashCommands(MattermostSlashCommands {
            tokens: vec![Secret::new(CHAT_TOKEN)],
            origin: CHAT.to_owned().try_into().expect("an origin"),
            bot_token: Some(Secret::new("PLANTED-bot-token")),
        }),
        team_ids: std::iter::empty().collect(),
        groups: std::iter::empty().collect(),
        rules: serde_json::from_str(rules).expect("rules"),
    }
}

/// Changes a project.
pub(crate) fn change(project: &mut Project, change: Change) {
    match change {
        Change::ToggleHook(hook) => {
            let count = project.hooks.len().max(1);
            if let Some(hook) = project.hooks.get_mut(hook % count) {
                hook.active = !hook.active;
            }
        }
        Change::ToggleOrder(hook) => {
            let count = project.hooks.len().max(1);
            if let Some(hook) = project.hooks.get_mut(hook % count) {
                hook.ordered = !hook.ordered;
            }
        }
        Change::MoveIrker(irkerd) => {
            if let Some(irker) = &mut project.irker {
                irker.server_host = irkerd_host(irkerd);
            }
        }
        Change::ToggleCoalescing => {
            if let Some(irker) = &mut project.irker {
                irker.pacing.coalesce = !irker.pacing.coalesce;
            }
        }
        Change::Nothing => {}
    }
}

/// The targets of a push.
pub(crate) fn targets(project: &Project) -> Vec<TargetId> {
    let irker = project.irker.as_ref().filter(|irker| irker.active).map(|_| TargetId::Irker(project.id));
    let hooks = project.hooks.iter().filter(|hook| hook.active);
    irker.into_iter().chain(hooks.map(|hook| TargetId::Hook(project.id, hook.id))).collect()
}
