//! The file that people write: projects in TOML, under GitLab's names. `example.toml` beside this crate shows all of
//! it, and a test reads it.
//!
//! Not here: storing (`apply`), which values are valid (`config`).

use std::collections::BTreeMap;

use config::switches;
use config::{
    BranchFilterStrategy, CommandIntegration, EventSwitches, FilteredKind, GitLab, HookError, HookFormat,
    HookId, HttpHook, Irker, Jobs, KeyedSecret, LineSettings, LineStyle, Pacing, Project, ProjectId,
    ProjectPath, RefFilter, RefFilterError, RefPattern, Server, Source, SourceId, Subscription,
    SubscriptionError, Template,
};
use payload::{Forge, Secret};
use serde::Deserialize;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "project", default)]
    pub(crate) projects: Vec<ProjectEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectEntry {
    pub(crate) path: ProjectPath,
    rate_limit: Option<u32>,
    source: SourceEntry,
    irker: Option<IrkerEntry>,
    #[serde(rename = "hook", default)]
    hooks: Vec<HookEntry>,
    #[serde(rename = "command", default)]
    commands: Vec<CommandIntegration>,
    jobs: Option<Jobs>,
    gitlab: Option<GitLab>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEntry {
    id: Option<SourceId>,
    #[serde(default, with = "config::source::forge_or_auto")]
    forge: Option<Forge>,
    #[serde(default)]
    secrets: Vec<Secret>,
    #[serde(default)]
    allow_unsigned: bool,
}

/// What the channels and a hook want to hear, in the same words for both. What is left over must be
/// event switches: [`switches::strict`] refuses other names.
#[derive(Deserialize)]
struct SubscriptionEntry {
    branches: Option<Vec<RefPattern>>,
    exclude_branches: Option<Vec<RefPattern>>,
    branch_filter_events: Option<Vec<FilteredKind>>,
    pipeline_statuses: Option<Vec<String>>,
    #[serde(default)]
    mute_bots: bool,
    #[serde(flatten, deserialize_with = "switches::strict")]
    events: EventSwitches,
}

#[derive(Deserialize)]
struct IrkerEntry {
    #[serde(default = "yes")]
    active: bool,
    #[serde(default = "localhost")]
    server_host: String,
    #[serde(default = "irker_port")]
    server_port: u16,
    default_irc_uri: Option<String>,
    recipients: String,
    #[serde(default)]
    style: LineStyle,
    max_commits: Option<usize>,
    #[serde(default)]
    colorize_messages: bool,
    /// By kind of event.
    #[serde(default)]
    templates: BTreeMap<String, String>,
    lines_in_irkerd: Option<u32>,
    coalesce: Option<bool>,
    #[serde(flatten)]
    wanted: SubscriptionEntry,
}

#[derive(Deserialize)]
struct HookEntry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    active: bool,
    url: Secret,
    #[serde(default)]
    url_variables: Vec<KeyedSecret>,
    #[serde(default = "yes")]
    enable_ssl_verification: bool,
    token: Option<Secret>,
    /// GitLab's, which has one.
    signing_token: Option<Secret>,
    #[serde(default)]
    signing_tokens: Vec<Secret>,
    hub_secret: Option<Secret>,
    #[serde(default)]
    custom_headers: Vec<KeyedSecret>,
    #[serde(default)]
    format: HookFormat,
    custom_webhook_template: Option<Template>,
    timeout_s: Option<u16>,
    rate_limit: Option<u32>,
    #[serde(default)]
    ordered: bool,
    retry_waits_s: Option<Vec<u32>>,
    push_events_branch_filter: Option<String>,
    branch_filter_strategy: Option<BranchFilterStrategy>,
    #[serde(flatten)]
    wanted: SubscriptionEntry,
}

fn localhost() -> String {
    Irker::SERVER_HOST.to_owned()
}

fn irker_port() -> u16 {
    Irker::SERVER_PORT
}

fn yes() -> bool {
    true
}

impl SubscriptionEntry {
    /// What is left out is as by default.
    fn refs(&self) -> RefFilter {
        let default = RefFilter::default();
        RefFilter {
            branches: self.branches.clone().unwrap_or_default(),
            exclude_branches: self.exclude_branches.clone().unwrap_or_default(),
            branch_filter_events: self.branch_filter_events.clone().unwrap_or(default.branch_filter_events),
        }
    }

    fn names_refs(&self) -> bool {
        self.branches.is_some() || self.exclude_branches.is_some() || self.branch_filter_events.is_some()
    }

    fn subscription(self, refs: RefFilter, default_statuses: Vec<String>) -> Subscription {
        Subscription {
            events: self.events,
            refs,
            statuses: self.pipeline_statuses.unwrap_or(default_statuses),
            mute_bots: self.mute_bots,
        }
    }
}

impl ProjectEntry {
    /// The project that the entry describes, not yet checked. What it leaves open is taken from the project as it was
    /// stored: its source's id, the keys of channels that are masked, and the numbers of hooks that kept their name (or,
    /// without a name, their URL). `new_source` is the id for a source that had none.
    pub(crate) fn project(
        self,
        id: ProjectId,
        stored: Option<&Project>,
        new_source: SourceId,
    ) -> Result<Project, config::ProjectError> {
        let known = stored.map(|project| project.source.id.clone());
        let source = Source {
            id: self.source.id.or(known).unwrap_or(new_source),
            forge: self.source.forge,
            secrets: self.source.secrets,
            allow_unsigned: self.source.allow_unsigned,
        };
        let mut irker = self.irker.map(IrkerEntry::irker).transpose().map_err(config::ProjectError::Irker)?;
        if let (Some(new), Some(stored)) = (&mut irker, stored.and_then(|project| project.irker.as_ref())) {
            Irker::unmask(&mut new.recipients, &stored.recipients);
        }
        let mut last_hook = stored.map_or(HookId(0), |project| project.last_hook);
        let hooks = self.hooks.into_iter().map(|entry| entry.hook(stored, &mut last_hook));
        let hooks = hooks.collect::<Result<_, _>>()?;
        Ok(Project {
            id,
            path: self.path,
            source,
            irker,
            hooks,
            last_hook,
            rate_limit: self.rate_limit,
            commands: self.commands,
            jobs: self.jobs,
            gitlab: self.gitlab,
        })
    }
}

impl IrkerEntry {
    fn irker(self) -> Result<Irker, config::IrkerError> {
        let default = self.default_irc_uri.as_deref().map(Server::parse).transpose();
        let default = default.map_err(config::IrkerError::DefaultUri)?.map(|(server, _)| server);
        let (channel, pacing) = (Subscription::for_channel(), Pacing::default());
        let refs = self.wanted.refs();
        Ok(Irker {
            active: self.active,
            recipients: Irker::parse_recipients(&self.recipients, default.as_ref())?,
            default_irc_uri: default,
            server_host: self.server_host,
            server_port: self.server_port,
            lines: LineSettings {
                style: self.style,
                max_commits: self.max_commits.unwrap_or(LineSettings::default().max_commits),
                colorize_messages: self.colorize_messages,
                templates: self.templates,
            },
            subscription: self.wanted.subscription(refs, channel.statuses),
            pacing: Pacing {
                lines_in_irkerd: self.lines_in_irkerd.unwrap_or(pacing.lines_in_irkerd),
                coalesce: self.coalesce.unwrap_or(pacing.coalesce),
            },
        })
    }
}

impl HookEntry {
    /// The hook, under the number that it had. All that is secret is given anew in the file, so that nothing of a stored
    /// hook is taken over to wherever its URL leads now.
    fn hook(
        self,
        stored: Option<&Project>,
        last_hook: &mut HookId,
    ) -> Result<HttpHook, config::ProjectError> {
        let id = self.number(stored, last_hook);
        let refs = self.refs().map_err(|error| config::ProjectError::Hook {
            name: self.name.clone(),
            error: HookError::Subscription(SubscriptionError::Refs(error)),
        })?;
        let default = HttpHook::to(id, self.url.expose());
        Ok(HttpHook {
            name: self.name,
            description: self.description,
            active: self.active,
            url_variables: self.url_variables,
            enable_ssl_verification: self.enable_ssl_verification,
            token: self.token,
            signing_tokens: self.signing_token.into_iter().chain(self.signing_tokens).collect(),
            hub_secret: self.hub_secret,
            custom_headers: self.custom_headers,
            format: self.format,
            custom_webhook_template: self.custom_webhook_template,
            timeout_s: self.timeout_s.unwrap_or(default.timeout_s),
            rate_limit: self.rate_limit,
            ordered: self.ordered,
            retry_waits_s: self.retry_waits_s,
            subscription: self.wanted.subscription(refs, Vec::new()),
            ..default
        })
    }

    fn number(&self, stored: Option<&Project>, last_hook: &mut HookId) -> HookId {
        let is_same = |hook: &&HttpHook| {
            if self.name.is_empty() {
                hook.name.is_empty() && hook.url == self.url
            } else {
                hook.name == self.name
            }
        };
        let known = stored.and_then(|project| project.hooks.iter().find(is_same)).map(|hook| hook.id);
        known.unwrap_or_else(|| {
            last_hook.0 += 1;
            *last_hook
        })
    }

    /// GitLab's filter, or ours.
    fn refs(&self) -> Result<RefFilter, RefFilterError> {
        let Some(gitlabs) = &self.push_events_branch_filter else {
            return Ok(self.wanted.refs());
        };
        if self.wanted.names_refs() {
            return Err(RefFilterError::Both);
        }
        RefFilter::of_gitlab(gitlabs, self.branch_filter_strategy.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Project, String> {
        read_over(text, None)
    }

    fn read_over(text: &str, stored: Option<&Project>) -> Result<Project, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let entry = file.projects.into_iter().next().expect("one project");
        let made_up = "made-up".parse().unwrap();
        let project = entry.project(ProjectId(7), stored, made_up).map_err(|error| error.to_string())?;
        app::projects::check(&project).map_err(|error| error.to_string())?;
        Ok(project)
    }

    const SMALL: &str = r#"
        [[project]]
        path = "mike/diaspora"
        [project.source]
        secrets = ["s3cret"]
        [[project.hook]]
        name = "one"
        url = "http://one.example.com/"
        [[project.hook]]
        url = "http://two.example.com/"
    "#;

    #[test]
    fn the_example_is_valid_and_complete() {
        let project = read(include_str!("../example.toml")).unwrap();
        assert_eq!(project.path.as_str(), "mike/diaspora");
        assert_eq!(project.irker.map(|irker| irker.recipients.len()), Some(3));
        assert_eq!(project.hooks.len(), 4);
        let build = &project.hooks[0];
        assert_eq!(
            (build.signing_tokens.len(), build.custom_headers.len(), build.url_variables.len()),
            (2, 1, 1)
        );
        assert_eq!((build.timeout_s, build.rate_limit), (10, Some(60)));
        assert_eq!(project.hooks[1].format, HookFormat::Gitlab);
        assert!(project.hooks[1].custom_webhook_template.is_some());
    }

    /// A file with these lines in its only hook.
    fn with_hook(lines: &str) -> Result<HttpHook, String> {
        let text = format!(
            "[[project]]\npath = \"g/p\"\n[project.source]\nsecrets = [\"s\"]\n[[project.hook]]\nurl = \"http://h/\"\n{lines}"
        );
        read(&text).map(|mut project| project.hooks.remove(0))
    }

    #[test]
    fn gitlabs_own_branch_filter_is_understood() {
        let refs = |lines: &str| with_hook(lines).map(|hook| hook.subscription.refs);
        let wildcard = refs("push_events_branch_filter = \"release/*\"").unwrap();
        assert_eq!(wildcard, RefFilter::of_gitlab("release/*", BranchFilterStrategy::Wildcard).unwrap());
        let regex = refs("push_events_branch_filter = \"^v\"\nbranch_filter_strategy = \"regex\"").unwrap();
        assert_eq!(regex.branches, [RefPattern::parse("/^v/").unwrap()]);
        let all =
            refs("push_events_branch_filter = \"x\"\nbranch_filter_strategy = \"all_branches\"").unwrap();
        assert_eq!(all, RefFilter::default());
        let both = refs("push_events_branch_filter = \"main\"\nbranches = [\"main\"]").unwrap_err();
        insta::assert_snapshot!(both, @"hook '': push_events_branch_filter and branches say the same: give one of them");
    }

    #[test]
    fn a_hooks_mistakes_are_told_in_one_line_without_secrets() {
        let error = |lines: &str| with_hook(lines).unwrap_err();
        insta::assert_snapshot!(error("timeout_s = 60"), @"hook '': a hook's timeout is 1 to 30 seconds");
        insta::assert_snapshot!(error("custom_webhook_template = \"hello\""), @"hook '': custom_webhook_template: what the template makes is not valid JSON (line 1, column 1)");
        insta::assert_snapshot!(error("url_variables = [{ key = \"1\", value = \"s3cret\" }]"), @"hook '': url_variables: '1' is no name: letters, digits and _, and no digit first");
        let typo = error("tokn = \"s3cret\"");
        assert!(typo.contains("unknown field `tokn`"), "{typo}");
        assert!(error("format = \"xml\"").contains("expected one of `passthrough`, `gitlab`, `bellhop`"));
    }

    #[test]
    fn the_signing_token_of_gitlab_is_the_first_of_several() {
        let (one, two) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let hook = with_hook(&format!("signing_token = \"{one}\"\nsigning_tokens = [\"{two}\"]")).unwrap();
        assert_eq!(hook.signing_tokens, [Secret::new(one), Secret::new(two)]);
    }

    #[test]
    fn what_is_left_out_is_as_in_gitlab() {
        let project = read(SMALL).unwrap();
        assert_eq!(project.source.id.as_str(), "made-up");
        assert_eq!(project.hooks[0].subscription, Subscription::default());
    }

    #[test]
    fn a_hook_keeps_its_number_and_no_number_is_used_twice() {
        let first = read(SMALL).unwrap();
        assert_eq!(first.hooks.iter().map(|hook| hook.id.0).collect::<Vec<_>>(), [1, 2]);
        let without_two = SMALL.replace("http://two.example.com/", "http://three.example.com/");
        let second = read_over(&without_two, Some(&first)).unwrap();
        assert_eq!(second.hooks.iter().map(|hook| hook.id.0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(second.source.id, first.source.id);
    }

    #[test]
    fn mistakes_are_told_in_one_line_without_secrets() {
        insta::assert_snapshot!(read(&SMALL.replace("secrets = [\"s3cret\"]", "")).unwrap_err(), @"source: a source needs a secret (or allow_unsigned = true, for a GitLab of 2014 that has none to send)");
        insta::assert_snapshot!(read(&SMALL.replace("http://two", "ftp://two")).unwrap_err(), @"hook '': a hook's url starts with http:// or https:// and names a host");
        let typo = read(&SMALL.replace("secrets", "secret")).unwrap_err();
        assert!(typo.contains("unknown field `secret`"), "{typo}");
    }
}
