//! Whatever a project is: what is exported of it, applied to the same store, changes nothing; and with its secrets,
//! applied to an empty one, makes the same project.

use std::collections::{BTreeMap, BTreeSet};

use config::commands::{
    AccessLevel, Approval, Argument, ArgumentKind, Chat, Effect, MattermostSlashCommands, Rule,
    SlackSlashCommands, Verb,
};
use config::jobs::{AuditArguments, Credentials, Executor, PassAs, Repository};
use config::{
    CommandIntegration, EventSwitches, FilteredKind, GitLab, HookFormat, HookId, HttpHook, Irker, Jobs,
    KeyedSecret, LineSettings, LineStyle, Pacing, Project, ProjectId, Recipient, RefFilter, RefPattern,
    Source, Subscription, Switch, Template,
};
use payload::{Forge, Secret};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{ProjectEntry, Syntax, sparse};
use crate::export;

/// Also what could be taken for a reference, and what a file's syntax might trip over.
fn secret() -> impl Strategy<Value = Secret> {
    prop_oneof![
        "[!-~]{1,20}",
        "(keep|keep:1|env:X|file:/x|secretsmanager:x|literal:x|true|12|~|null|\\*\\*\\*x|'|\"|#x|- x|: x)",
    ]
    .prop_map(Secret::new)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~äß\u{1b}\n\t]{0,30}", "(true|no|~|12|1e3|0x1|'|\"\"|- a|a: b|#|@x|%|\n|  x )"]
}

fn subscription() -> impl Strategy<Value = Subscription> {
    let pattern = select(vec!["main", "release/*", r"/^v\d+/", "*"]);
    let patterns = move || vec(pattern.clone().prop_map(|text| RefPattern::parse(text).unwrap()), 0..3);
    let kinds = vec(select(vec![FilteredKind::Push, FilteredKind::TagPush, FilteredKind::Pipeline]), 0..3);
    let statuses = vec(select(vec!["success", "failed", "canceled"]).prop_map(str::to_owned), 0..4);
    let switches = vec(select(Switch::ALL.to_vec()), 0..5);
    (patterns(), patterns(), kinds, statuses, any::<bool>(), switches).prop_map(
        |(branches, exclude_branches, branch_filter_events, statuses, mute_bots, switches)| Subscription {
            events: EventSwitches::of(&switches),
            refs: RefFilter { branches, exclude_branches, branch_filter_events },
            statuses,
            mute_bots,
        },
    )
}

fn irker() -> impl Strategy<Value = Irker> {
    let channel = "(#[a-z]{1,8}|##[a-z]{1,5}|&[a-z]{1,5}|#ü\\[x\\]|[a-z]{1,8},isnick)";
    let key = option::of("([a-z]{1,8}|keep|env:X|literal:a)");
    let recipient =
        (channel, key, select(vec!["irc://h", "ircs://[::1]:7000"])).prop_map(|(name, key, server)| {
            let key = key.filter(|_| !name.ends_with(",isnick")).map(|key| format!("?key={key}"));
            Recipient::parse(&format!("{server}/{name}{}", key.unwrap_or_default()), None).unwrap()
        });
    let templates = btree_map(select(vec!["push".to_owned(), "issue".to_owned()]), text(), 0..2);
    let lines = (any::<bool>(), 0_usize..20, any::<bool>(), templates).prop_map(
        |(is_compact, max_commits, colorize_messages, templates)| LineSettings {
            style: if is_compact { LineStyle::Compact } else { LineStyle::GitLab },
            max_commits,
            colorize_messages,
            templates,
        },
    );
    let pacing = (1_u32..60, any::<bool>())
        .prop_map(|(lines_in_irkerd, coalesce)| Pacing { lines_in_irkerd, coalesce });
    let place = (any::<bool>(), "[a-z.]{1,10}", 1_u16.., option::of(Just("irc://default:6667")));
    (place, vec(recipient, 1..4), lines, subscription(), pacing).prop_map(
        |((active, server_host, server_port, default), recipients, lines, subscription, pacing)| {
            // As they are kept: each channel once.
            let mut seen = BTreeSet::new();
            let is_new = |recipient: &Recipient| seen.insert((recipient.place(), recipient.is_nick));
            Irker {
                active,
                server_host,
                server_port,
                default_irc_uri: default.map(|uri| config::Server::parse(uri).unwrap().0),
                lines,
                subscription,
                pacing,
                recipients: recipients.into_iter().filter(is_new).collect(),
            }
        },
    )
}

fn keyed() -> impl Strategy<Value = Vec<KeyedSecret>> {
    btree_map("[A-Z][a-z]{1,6}", secret(), 0..3)
        .prop_map(|keyed| keyed.into_iter().map(|(key, value)| KeyedSecret { key, value }).collect())
}

fn hook() -> impl Strategy<Value = HttpHook> {
    let words = (text(), text(), any::<bool>(), any::<bool>(), any::<bool>());
    let secrets =
        (secret(), keyed(), option::of(secret()), vec(secret(), 0..3), option::of(secret()), keyed());
    let format = select(vec![HookFormat::Passthrough, HookFormat::Gitlab, HookFormat::Bellhop]);
    let template = option::of(Just(Template::new("{\"text\": \"{{x}}\"}\n")));
    let numbers = (1_u16..30, option::of(1_u32..6_000), option::of(vec(1_u32..9_000, 0..3)));
    (words, secrets, format, template, numbers, subscription()).prop_map(
        |(words, secrets, format, custom_webhook_template, numbers, subscription)| {
            let (name, description, active, enable_ssl_verification, ordered) = words;
            let (url, url_variables, token, signing_tokens, hub_secret, custom_headers) = secrets;
            let (timeout_s, rate_limit, retry_waits_s) = numbers;
            HttpHook {
                id: HookId(0),
                name,
                description,
                active,
                url,
                url_variables,
                enable_ssl_verification,
                token,
                signing_tokens,
                hub_secret,
                custom_headers,
                format,
                custom_webhook_template,
                timeout_s,
                rate_limit,
                ordered,
                retry_waits_s,
                subscription,
            }
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let ids = || btree_set("[A-Z0-9]{1,9}", 0..3);
    let who = (any::<bool>(), ids(), ids(), option::of(select(vec![AccessLevel::Guest, AccessLevel::Owner])));
    let what = (
        ids(),
        vec(select(vec!["deploy-*", "x"]).prop_map(|job| job.to_owned().try_into().unwrap()), 0..3),
        btree_set(select(vec![Verb::Deploy, Verb::IssueNew]), 0..2),
        option::of(Just(r"a( \w+)?".to_owned().try_into().unwrap())),
    );
    let kind = select(vec![ArgumentKind::String, ArgumentKind::Number, ArgumentKind::Boolean]);
    let argument = ("[a-z]{1,5}", kind, vec("[a-z]{1,3}", 0..2), any::<bool>())
        .prop_map(|(name, kind, choices, required)| Argument { name, kind, choices, required });
    let consent = (select(vec![Approval::None, Approval::Confirm, Approval::SecondPerson]), 10_u32..86_400);
    (any::<bool>(), who, what, vec(argument, 0..3), consent).prop_map(
        |(denies, (anyone, users, groups, role), (channels, jobs, commands, arguments), schema, consent)| {
            let mut rule = Rule {
                effect: if denies { Effect::Deny } else { Effect::Allow },
                anyone,
                users,
                groups,
                role,
                channels,
                jobs,
                commands,
                arguments,
                schema,
                approval: consent.0,
                ..Rule::default()
            };
            rule.approval_expires_s.0 = consent.1;
            rule
        },
    )
}

fn command() -> impl Strategy<Value = CommandIntegration> {
    let secrets = (vec(secret(), 0..3), vec(secret(), 0..3), option::of(secret()));
    let groups = btree_map("[a-z]{1,6}", btree_set("[A-Z0-9]{1,9}", 0..3), 0..2);
    (any::<bool>(), secrets, btree_set("[A-Z]{1,9}", 0..2), groups, vec(rule(), 0..3)).prop_map(
        |(is_slack, (signing_secrets, tokens, bot_token), team_ids, groups, rules)| {
            let origin = || "https://chat.example.net".to_owned().try_into().unwrap();
            let chat = if is_slack {
                Chat::SlackSlashCommands(SlackSlashCommands { signing_secrets, tokens, bot_token })
            } else {
                let origin = origin();
                Chat::MattermostSlashCommands(MattermostSlashCommands { tokens, origin, bot_token })
            };
            CommandIntegration { id: "c".to_owned().try_into().unwrap(), chat, team_ids, groups, rules }
        },
    )
}

fn jobs() -> impl Strategy<Value = Jobs> {
    let executor = prop_oneof![
        Just(Executor::Local),
        Just(Executor::Codebuild),
        secret().prop_map(|token| Executor::GitlabChat { token }),
        select(vec![PassAs::Inputs, PassAs::Variables])
            .prop_map(|pass_as| Executor::GitlabPipeline { pass_as }),
    ];
    let credentials = prop_oneof![
        ("[a-z]{1,5}", secret())
            .prop_map(|(username, password)| Credentials::Password { username, password }),
        (secret(), text()).prop_map(|(key, known_hosts)| Credentials::SshKey {
            private_key: Secret::new(format!("{}\n", key.expose())),
            known_hosts,
        }),
    ];
    let places = ("[a-z:/.]{1,20}", option::of("[a-z]{1,9}"), "[a-z]{1,9}", option::of(credentials));
    (places, executor, keyed(), 1_u32..129_600, any::<bool>()).prop_map(
        |((url, reference, ci_path, credentials), executor, variables, timeout_s, is_kept)| Jobs {
            repository: Repository { url, reference, ci_path, credentials },
            executor,
            variables,
            timeout_s,
            audit_arguments: if is_kept { AuditArguments::Kept } else { AuditArguments::Hashed },
        },
    )
}

fn project() -> impl Strategy<Value = Project> {
    let forge = option::of(select(vec![Forge::GitLab, Forge::BitbucketServer]));
    let source = (forge, vec(secret(), 0..3), any::<bool>()).prop_map(|(forge, secrets, allow_unsigned)| {
        Source { id: "x-1".parse().unwrap(), forge, secrets, allow_unsigned }
    });
    let gitlab = ("[a-z]{1,5}/[a-z]{1,5}", secret()).prop_map(|(path, token)| GitLab {
        url: "https://gitlab.example.net".parse().unwrap(),
        project: path.try_into().unwrap(),
        token,
    });
    let targets = (option::of(irker()), vec((1_u64..4, hook()), 0..4));
    let chat = (vec(command(), 0..3), option::of(jobs()), option::of(gitlab));
    (source, targets, option::of(1_u32..6_000), chat).prop_map(
        |(source, (irker, hooks), rate_limit, (mut commands, jobs, gitlab))| {
            let mut last_hook = HookId(0);
            let number = |(step, hook): (u64, HttpHook)| {
                last_hook.0 += step;
                HttpHook { id: last_hook, ..hook }
            };
            let hooks = hooks.into_iter().map(number).collect();
            for (index, command) in commands.iter_mut().enumerate() {
                command.id = format!("c-{index}").try_into().unwrap();
            }
            let path = "a/b".to_owned().try_into().unwrap();
            let id = ProjectId(7);
            Project { id, path, source, irker, hooks, last_hook, rate_limit, commands, jobs, gitlab }
        },
    )
}

fn read(text: &str, syntax: Syntax) -> ProjectEntry {
    let file = syntax.read(text);
    file.unwrap_or_else(|error| panic!("{error}:\n{text}")).projects.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_export_applied_again_changes_nothing(project in project(), is_toml in any::<bool>()) {
        let syntax = if is_toml { Syntax::Toml } else { Syntax::Yaml };
        let write = |with_secrets| {
            let entry = export::entry(project.clone(), with_secrets);
            syntax.write(&BTreeMap::from([("project", vec![sparse(&entry)])])).unwrap()
        };
        let new_source = || "made-up".parse().unwrap();
        let (kept, clear) = (write(false), write(true));
        let again = read(&kept, syntax).project(project.id, Some(&project), new_source());
        prop_assert_eq!(again.map_err(|error| error.to_string()), Ok(project.clone()), "{}", kept);
        let anew = read(&clear, syntax).project(project.id, None, new_source());
        prop_assert_eq!(anew.map_err(|error| error.to_string()), Ok(project.clone()), "{}", clear);
    }
}
