//! The file as people write it, and as it is written for them.

use std::collections::BTreeMap;

use config::{
    BranchFilterStrategy, HookFormat, HttpHook, Project, ProjectId, RefFilter, RefPattern, Subscription,
};
use payload::Secret;

use super::*;
use crate::export;

fn read(text: &str) -> Result<Project, String> {
    read_over(text, None)
}

fn read_over(text: &str, stored: Option<&Project>) -> Result<Project, String> {
    let file = Syntax::Toml.read(text).map_err(|error| error.to_string())?;
    let entry = file.projects.into_iter().next().expect("one project");
    let made_up = "made-up".parse().unwrap();
    let project = entry.project(ProjectId(7), stored, made_up).map_err(|error| error.to_string())?;
    app::projects::check(&project).map_err(|error| error.to_string())?;
    Ok(project)
}

const EXAMPLE: &str = include_str!("../../example.toml");

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
    let project = read(EXAMPLE).unwrap();
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
    assert_eq!(project.commands.iter().map(|command| command.rules.len()).collect::<Vec<_>>(), [2, 1]);
    assert!(project.jobs.is_some() && project.gitlab.is_some());
    assert_eq!(project.hooks[3].url.expose(), "http://127.0.0.1:9000/");
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
    let all = refs("push_events_branch_filter = \"x\"\nbranch_filter_strategy = \"all_branches\"").unwrap();
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

/// A file with these lines in its only slash command.
fn with_command(lines: &str) -> Result<(), String> {
    read(&format!(
        "[[project]]\npath = \"g/p\"\n[project.source]\nsecrets = [\"s\"]\n[[project.command]]\nid = \"c\"\n{lines}"
    ))
    .map(drop)
}

/// A file with these lines for jobs.
fn with_jobs(lines: &str) -> Result<(), String> {
    read(&format!(
        "[[project]]\npath = \"g/p\"\n[project.source]\nsecrets = [\"s\"]\n[project.jobs]\nrepository = \"https://h/p.git\"\n{lines}"
    ))
    .map(drop)
}

#[test]
fn a_commands_mistakes_are_told_in_one_line_without_secrets() {
    let error = |lines: &str| with_command(lines).unwrap_err();
    insta::assert_snapshot!(error("platform = \"slack\""), @"command 'c': a slash command needs a token or a signing secret");
    insta::assert_snapshot!(error("platform = \"slack\"\ntokens = [\"t\"]\norigin = \"https://h\""), @"command 'c': Slack has no origin: that is Mattermost's");
    insta::assert_snapshot!(error("platform = \"mattermost\"\ntokens = [\"t\"]"), @"command 'c': a Mattermost has an origin, such as https://chat.example.net");
    insta::assert_snapshot!(error("platform = \"mattermost\"\nsigning_secrets = [\"t\"]"), @"command 'c': Mattermost signs nothing: give the token it shows, as tokens");
    insta::assert_snapshot!(error("platform = \"irc\""), @"line 7: invalid value, expected `slack` or `mattermost`");
    let rule = |lines: &str| {
        error(&format!("platform = \"slack\"\ntokens = [\"t\"]\n[[project.command.rule]]\n{lines}"))
    };
    insta::assert_snapshot!(rule("jobs = [\"x\"]"), @"command 'c': rule 1: it names nobody: users, groups, a role, or anyone = true");
    insta::assert_snapshot!(rule("users = [\"mike s\"]\njobs = [\"x\"]"), @"command 'c': 'mike s' is no immutable id of a user, channel or team (in Slack such as U2CERLKJA, in Mattermost 26 letters and digits); names can be changed by whoever bears them");
    assert!(rule("user = [\"U1\"]").contains("line 10: unknown field `user`"), "{}", rule("user = [\"U1\"]"));
}

#[test]
fn settings_of_jobs_that_contradict_each_other_are_refused() {
    let error = |lines: &str| with_jobs(lines).unwrap_err();
    insta::assert_snapshot!(error("executor = \"gitlab_chat\""), @"jobs: the executor gitlab_chat needs a chat_token");
    insta::assert_snapshot!(error("executor = \"local\"\nchat_token = \"t\""), @"jobs: chat_token is for the executor gitlab_chat, pass_as for gitlab_pipeline");
    insta::assert_snapshot!(error("executor = \"gitlab_pipeline\""), @"jobs: the executors gitlab_chat and gitlab_pipeline need the project's gitlab settings");
    insta::assert_snapshot!(error("executor = \"local\"\nusername = \"u\""), @"jobs: a repository opens with username and password, or with private_key and known_hosts");
    insta::assert_snapshot!(error("executor = \"local\"\nusername = \"u\"\npassword = \"keep\""), @"jobs: password: nothing is stored that could be kept: write the secret, or where it is");
    insta::assert_snapshot!(error("executor = \"local\"\nshell = \"bash\"").split(", expected").next().unwrap(), @"line 8: unknown field `shell`");
}

#[test]
fn a_number_of_a_hook_is_its_identity_and_never_another_ones() {
    let first = read(SMALL).unwrap();
    let renamed = SMALL.replace("name = \"one\"", "id = 1\nname = \"uno\"");
    let second = read_over(&renamed, Some(&first)).unwrap();
    assert_eq!(second.hooks[0].id, first.hooks[0].id);
    assert_eq!(second.hooks[0].name, "uno");
    let only_two = Project { hooks: vec![first.hooks[1].clone()], ..first.clone() };
    let gone = read_over(&renamed, Some(&only_two)).unwrap_err();
    insta::assert_snapshot!(gone, @"hook 1 is no more, and numbers are not used twice: leave out its id");
    let elsewhere = read(&SMALL.replace("name = \"one\"", "id = 5\nname = \"one\"")).unwrap();
    assert_eq!(elsewhere.hooks.iter().map(|hook| hook.id.0).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(elsewhere.last_hook.0, 6);
}

/// What apply makes of what export has written of a project, over the project itself or over nothing.
fn exported_and_read(project: &Project, syntax: Syntax, with_secrets: bool) -> Project {
    let entry = export::entry(project.clone(), with_secrets);
    let text = syntax.write(&BTreeMap::from([("project", vec![sparse(&entry)])])).unwrap();
    let entry = syntax.read(&text).unwrap_or_else(|error| panic!("{error}:\n{text}")).projects.remove(0);
    let stored = (!with_secrets).then_some(project);
    let read = entry.project(project.id, stored, "made-up".parse().unwrap());
    read.unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[test]
fn the_example_is_exported_and_read_again() {
    let project = read(EXAMPLE).unwrap();
    for syntax in [Syntax::Toml, Syntax::Yaml] {
        for with_secrets in [false, true] {
            assert_eq!(
                exported_and_read(&project, syntax, with_secrets),
                project,
                "{syntax:?} {with_secrets}"
            );
        }
    }
}

#[test]
fn an_export_says_what_a_person_would_have_written_and_no_secret() {
    let text = SMALL.replace(
        "[[project.hook]]\n    name",
        "[project.irker]\n    recipients = \"irc://h/c?key=k3y\"\n    [[project.hook]]\n    name",
    );
    let entry = export::entry(read(&text).unwrap(), false);
    let text = Syntax::Toml.write(&BTreeMap::from([("project", vec![sparse(&entry)])])).unwrap();
    insta::assert_snapshot!(text, @r#"
    [[project]]
    path = "mike/diaspora"

    [project.source]
    id = "made-up"
    secrets = ["keep:1"]

    [project.irker]
    recipients = ["irc://h:6667/c?key=keep"]

    [[project.hook]]
    id = 1
    name = "one"
    url = "keep"

    [[project.hook]]
    id = 2
    url = "keep"
    "#);
}

#[test]
fn yaml_says_the_same_as_toml() {
    let toml = Syntax::Toml.read(EXAMPLE).unwrap();
    let yaml = Syntax::Yaml.write(&toml).unwrap();
    let again = Syntax::Yaml.read(&yaml).unwrap();
    assert_eq!(Syntax::Toml.write(&again).unwrap(), Syntax::Toml.write(&toml).unwrap());
}

#[test]
fn mistakes_in_yaml_are_told_without_secrets() {
    let error = |lines: &str| {
        let text = format!("project:\n  - path: a/b\n    source:\n{lines}");
        Syntax::Yaml.read(&text).map(drop).unwrap_err().to_string()
    };
    insta::assert_snapshot!(error("      secrets: hunter2"), @"line 4: invalid value, expected a list");
    insta::assert_snapshot!(error("      secrets: [hunter2]\n      allow_unsigned: hunter2"), @"line 5: invalid boolean");
    insta::assert_snapshot!(error("      secret: [hunter2]"), @"line 4: unknown field `secret`, expected one of id, forge, secrets, allow_unsigned");
    insta::assert_snapshot!(error("      forge: hunter2"), @"line 4: invalid value, expected one of gitlab, github, gitea, forgejo, gogs, bitbucket-cloud, bitbucket-server");
    insta::assert_snapshot!(error("      secrets: [hunter2"), @"line 4: unclosed bracket '['");
    insta::assert_snapshot!(error("      secrets: [a]\n      secrets: [hunter2]"), @"line 5: duplicate key: secrets");
    insta::assert_snapshot!(error("      secrets: [a]\n    rate_limit: hunter2"), @"line 5: invalid value, expected a whole number");
    insta::assert_snapshot!(error("      secrets: [a]\n    irker: {recipients: c, mute_bots: hunter2}"), @"line 5: invalid value, expected a boolean");
    insta::assert_snapshot!(error("      secrets: [a]\n---\nproject: []"), @"line 6: it is more than one YAML document");
}

#[test]
fn aliases_are_followed_and_bombs_are_not() {
    let shared = "project:\n  - {path: a/b, source: &s {secrets: [x]}}\n  - {path: c/d, source: *s}\n";
    assert_eq!(Syntax::Yaml.read(shared).unwrap().projects.len(), 2);
    let level = |n: usize| format!("&l{n} [{}]", vec![format!("*l{}", n - 1); 9].join(", "));
    let levels: Vec<_> = (1..9).map(level).collect();
    let bomb = format!("project: [&l0 [x, x, x], {}]", levels.join(", "));
    assert!(Syntax::Yaml.read(&bomb).is_err());
    let bomb = format!(
        "project:\n - path: a/b\n   source: {{secrets: [x]}}\n   irker: {{recipients: c, templates: {{push: {}}}}}",
        levels.join(", ")
    );
    assert!(Syntax::Yaml.read(&bomb).is_err());
}
