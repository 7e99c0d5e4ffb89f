use config::commands::{
    AccessLevel, Argument, ArgumentKind, ArgumentPattern, Chat, JobPattern, SlackSlashCommands,
};
use insta::assert_snapshot;
use payload::Secret;
use proptest::prelude::*;

use super::*;

fn integration(rules: Vec<Rule>) -> CommandIntegration {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let integration = CommandIntegration {
        id: "ops".to_owned().try_into().unwrap(),
        chat: Chat::SlackSlashCommands(SlackSlashCommands {
            signing_secrets: vec![Secret::new("s3cret")],
            tokens: Vec::new(),
            bot_token: None,
        }),
        team_ids: ids(&["T1"]),
        groups: BTreeMap::from([("ops".to_owned(), ids(&["OLGA", "OTTO"]))]),
        rules,
    };
    integration.check().unwrap();
    integration
}

fn jobs(patterns: &[&str]) -> Vec<JobPattern> {
    patterns.iter().map(|pattern| JobPattern::try_from((*pattern).to_owned()).unwrap()).collect()
}

fn ops(patterns: &[&str]) -> Rule {
    Rule { groups: ["ops".to_owned()].into(), jobs: jobs(patterns), ..Rule::default() }
}

fn anyone(patterns: &[&str]) -> Rule {
    Rule { anyone: true, jobs: jobs(patterns), ..Rule::default() }
}

fn developers(patterns: &[&str]) -> Rule {
    Rule { role: Some(AccessLevel::Developer), jobs: jobs(patterns), ..Rule::default() }
}

fn only(pattern: &str, rule: Rule) -> Rule {
    Rule { arguments: Some(ArgumentPattern::try_from(pattern.to_owned()).unwrap()), ..rule }
}

fn caller(user_id: &str) -> Caller<'_> {
    Caller { user_id, channel_id: "C1", access_level: None }
}

/// Why somebody may or may not `run` something in #c1.
fn check(rules: &[Rule], user: &str, run: &str) -> String {
    let (job, arguments) = run.split_once(' ').unwrap_or((run, ""));
    let decision = decide(&integration(rules.to_vec()), &caller(user), &Subject::Run { job, arguments });
    let why = decision.to_string();
    let names = decision
        .rule()
        .map_or(!why.contains(char::is_numeric), |rule| why.contains(&format!("rule {rule} ")));
    assert!(names, "{decision:?}: {why}");
    why
}

#[test]
fn nothing_is_allowed_that_no_rule_allows() {
    assert_eq!(check(&[], "OLGA", "ls"), "no rule allows it");
    assert_eq!(check(&[ops(&["ls"])], "OLGA", "ls"), "rule 1 allows it");
    assert_eq!(check(&[ops(&["ls"])], "OLGA", "ls2"), "no rule allows it");
    assert_eq!(check(&[ops(&["ls"])], "EVE", "ls"), "no rule allows it");
    assert_eq!(check(&[ops(&["ls"])], "olga", "ls"), "no rule allows it");
    assert_eq!(check(&[anyone(&["l*"])], "EVE", "ls -la"), "rule 1 allows it");
}

#[test]
fn the_first_rule_that_fits_decides() {
    let deny = Rule { effect: Effect::Deny, ..anyone(&["deploy-production"]) };
    let rules = [deny.clone(), ops(&["deploy-*"])];
    assert_eq!(check(&rules, "OLGA", "deploy-production"), "rule 1 denies it");
    assert_eq!(check(&rules, "OLGA", "deploy-staging"), "rule 2 allows it");
    assert_eq!(check(&[ops(&["deploy-*"]), deny], "OLGA", "deploy-production"), "rule 1 allows it");
}

#[test]
fn a_rule_may_hold_in_some_channels_only() {
    let rule = |channel: &str| Rule { channels: [channel.to_owned()].into(), ..ops(&["ls"]) };
    assert_eq!(check(&[rule("C1")], "OLGA", "ls"), "rule 1 allows it");
    assert_eq!(check(&[rule("C2")], "OLGA", "ls"), "no rule allows it");
}

#[test]
fn arguments_are_judged_as_the_job_gets_them() {
    let rules = [only("staging|production", ops(&["deploy"]))];
    assert_eq!(check(&rules, "OLGA", "deploy staging"), "rule 1 allows it");
    for other in ["deploy", "deploy staging; id", "deploy staging\nid", "deploy “staging”", "deploy  staging"]
    {
        assert_eq!(check(&rules, "OLGA", other), "no rule allows it", "{other}");
    }
}

/// Case 7 of the ChatOps cases, as far as it is a decision, and case 8.
#[test]
fn a_role_is_what_the_linked_gitlab_user_has() {
    let integration = integration(vec![developers(&["deploy"]), ops(&["ls"])]);
    let check = |access_level, job| {
        let subject = Subject::Run { job, arguments: "" };
        decide(&integration, &Caller { access_level, ..caller("EVE") }, &subject)
    };
    assert!(check(Some(30), "deploy").is_allowed() && check(Some(50), "deploy").is_allowed());
    assert_eq!(check(Some(29), "deploy"), Decision::Denied(Denial::NoRule));
    assert_eq!(check(Some(0), "deploy"), Decision::Denied(Denial::NoRule));
    assert_eq!(check(None, "deploy"), Decision::Denied(Denial::Unlinked));
    assert_eq!(check(None, "ls"), Decision::Denied(Denial::NoRule), "linking would not help");
}

#[test]
fn commands_that_are_no_jobs_have_rights_of_their_own() {
    let rule = Rule { commands: [Verb::IssueShow, Verb::Deploy].into(), ..ops(&[]) };
    let integration = integration(vec![only("(staging to production)?", rule)]);
    let check = |verb, arguments| {
        decide(&integration, &caller("OLGA"), &Subject::Command { verb, arguments }).is_allowed()
    };
    assert!(check(Verb::IssueShow, "") && check(Verb::Deploy, "staging to production"));
    assert!(!check(Verb::IssueClose, "") && !check(Verb::Deploy, "production to staging"));
    let run = Subject::Run { job: "deploy", arguments: "" };
    assert!(!decide(&integration, &caller("OLGA"), &run).is_allowed());
}

#[test]
fn jobs_shows_what_the_caller_may_run_and_nothing_else() {
    let integration = integration(vec![
        Rule { effect: Effect::Deny, ..anyone(&["deploy-production"]) },
        only("--force", Rule { effect: Effect::Deny, ..anyone(&["deploy-*"]) }),
        only("eu|us", ops(&["deploy-*"])),
        developers(&["migrate"]),
        anyone(&["hello-world"]),
    ]);
    let jobs = ["deploy-production", "deploy-staging", "hello-world", "migrate", "secret-job"];
    assert_eq!(runnable(&integration, &caller("OLGA"), &jobs), ["deploy-staging", "hello-world"]);
    assert_eq!(runnable(&integration, &caller("EVE"), &jobs), ["hello-world"]);
    let developer = Caller { access_level: Some(40), ..caller("EVE") };
    assert_eq!(runnable(&integration, &developer, &jobs), ["hello-world", "migrate"]);
}

#[test]
fn a_run_is_seen_by_who_started_it_and_by_who_could_have() {
    let integration = integration(vec![ops(&["ls"])]);
    assert!(may_touch(&integration, &caller("EVE"), "EVE", "ls"));
    assert!(may_touch(&integration, &caller("OLGA"), "EVE", "ls"));
    assert!(!may_touch(&integration, &caller("EVE"), "OLGA", "ls"));
}

/// Case 6, as far as it is a decision.
#[test]
fn a_command_comes_from_a_team_that_is_known() {
    let mut integration = integration(Vec::new());
    assert!(knows_team(&integration, "T1") && !knows_team(&integration, "T2"));
    integration.team_ids.clear();
    assert!(knows_team(&integration, "T2"));
}

fn schema() -> Vec<Argument> {
    let argument = |name: &str, kind, choices: &[&str], required| Argument {
        name: name.to_owned(),
        kind,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        required,
    };
    vec![
        argument("environment", ArgumentKind::String, &["staging", "production"], true),
        argument("count", ArgumentKind::Number, &[], false),
        argument("dry_run", ArgumentKind::Boolean, &[], false),
        argument("note", ArgumentKind::String, &[], false),
    ]
}

fn typed(arguments: &str) -> String {
    let rule = Rule { schema: schema(), ..ops(&["deploy"]) };
    match decide(&integration(vec![rule]), &caller("OLGA"), &Subject::Run { job: "deploy", arguments }) {
        Decision::Allowed(permit) => format!("{:?}", permit.arguments),
        Decision::Denied(denial) => denial.to_string(),
    }
}

#[test]
fn typed_arguments_are_read_by_place_and_by_name() {
    assert_snapshot!(typed("staging"), @r#"{"environment": "staging"}"#);
    assert_snapshot!(typed("note='two words' staging 3"), @r#"{"count": "3", "environment": "staging", "note": "two words"}"#);
    assert_snapshot!(typed("--environment=production\n-2.5 true \"\""), @r#"{"count": "-2.5", "dry_run": "true", "environment": "production", "note": ""}"#);
    assert_snapshot!(typed("staging 1 false a=b"), @r#"{"count": "1", "dry_run": "false", "environment": "staging", "note": "a=b"}"#);
}

#[test]
fn curly_quotes_are_straight_ones_in_typed_arguments() {
    assert_eq!(typed("staging note=“it’s two words”"), typed("staging note=\"it's two words\""));
    assert_eq!(typed("‘staging’"), typed("'staging'"));
    assert_snapshot!(typed("staging note=“it’s”"), @r#"{"environment": "staging", "note": "it's"}"#);
}

#[test]
fn arguments_that_are_not_what_they_should_be_are_answered_with_the_usage() {
    assert_snapshot!(typed(""), @"rule 1 allows it otherwise: 'environment' is missing");
    assert_snapshot!(typed("test"), @"rule 1 allows it otherwise: 'environment' has to be one of staging, production");
    assert_snapshot!(typed("staging many"), @"rule 1 allows it otherwise: 'count' has to be a number");
    assert_snapshot!(typed("staging 1 yes"), @"rule 1 allows it otherwise: 'dry_run' has to be true or false");
    assert_snapshot!(typed("staging environment=production"), @"rule 1 allows it otherwise: 'environment' is there twice");
    assert_snapshot!(typed("staging --force=1"), @"rule 1 allows it otherwise: there is no argument 'force'");
    assert_snapshot!(typed("staging 1 true note more"), @"rule 1 allows it otherwise: 'more' is one argument too many");
    assert_snapshot!(typed("staging 'open"), @"rule 1 allows it otherwise: a quote is not closed");
    assert_snapshot!(usage("deploy", &schema()), @"run deploy <environment: staging|production> [count: number] [dry_run: true|false] [note]");
}

fn waiting(approval: Approval) -> CommandIntegration {
    integration(vec![Rule { approval, ..ops(&["deploy"]) }, developers(&["*"])])
}

fn confirm(integration: &CommandIntegration, by: &str, after_s: i64) -> Result<(), ConsentError> {
    let subject = Subject::Run { job: "deploy", arguments: "" };
    let asked = Asked { caller: caller("OLGA"), subject, approval: Approval::None, at_s: 1_000 };
    consent(integration, &asked, &caller(by), 1_000 + after_s).map(|_| ())
}

#[test]
fn a_confirmation_is_the_callers_own() {
    let integration = waiting(Approval::Confirm);
    assert_eq!(confirm(&integration, "OLGA", 1), Ok(()));
    assert_eq!(confirm(&integration, "OTTO", 1), Err(ConsentError::NotTheCaller));
    assert_eq!(check(&integration.rules, "OLGA", "deploy"), "rule 1 allows it once the caller confirms it");
}

#[test]
fn a_second_person_is_another_one_who_may_do_the_same() {
    let integration = waiting(Approval::SecondPerson);
    assert_eq!(confirm(&integration, "OTTO", 1), Ok(()));
    assert_eq!(confirm(&integration, "OLGA", 1), Err(ConsentError::SamePerson));
    assert_eq!(confirm(&integration, "EVE", 1), Err(ConsentError::Denied(Denial::Unlinked)));
    let subject = Subject::Run { job: "deploy", arguments: "" };
    let asked = Asked { caller: caller("OLGA"), subject, approval: Approval::Confirm, at_s: 0 };
    let developer = Caller { access_level: Some(30), ..caller("EVE") };
    assert!(consent(&integration, &asked, &developer, 5).is_ok());
}

#[test]
fn consent_comes_in_time_and_by_the_rules_as_they_are_now() {
    let integration = waiting(Approval::SecondPerson);
    assert_eq!(confirm(&integration, "OTTO", 600), Ok(()));
    assert_eq!(confirm(&integration, "OTTO", 601), Err(ConsentError::Expired));
    assert_eq!(confirm(&integration, "OTTO", -5), Ok(()));
    let changed = waiting(Approval::Confirm);
    assert_eq!(confirm(&changed, "OTTO", 1), Err(ConsentError::NotTheCaller));
    let gone = self::integration(vec![developers(&["deploy"])]);
    assert_eq!(confirm(&gone, "OTTO", 1), Err(ConsentError::CallerDenied(Denial::Unlinked)));
}

#[test]
fn what_was_to_be_confirmed_by_two_is_not_loosened_by_a_newer_rule() {
    let integration = waiting(Approval::None);
    let subject = Subject::Run { job: "deploy", arguments: "" };
    let asked = Asked { caller: caller("OLGA"), subject, approval: Approval::SecondPerson, at_s: 0 };
    assert_eq!(consent(&integration, &asked, &caller("OLGA"), 1), Err(ConsentError::SamePerson));
    assert!(consent(&integration, &asked, &caller("OTTO"), 1).is_ok());
}

proptest! {
    #[test]
    fn a_stranger_gets_nowhere_whatever_is_typed(user in "[a-z0-9]{1,9}", job in "\\PC{0,20}", arguments in "\\PC{0,40}") {
        let rules = vec![Rule { schema: schema(), ..ops(&["*"]) }, developers(&["*"])];
        let integration = integration(rules);
        let decision = decide(&integration, &caller(&user), &Subject::Run { job: &job, arguments: &arguments });
        prop_assert_eq!(decision.is_allowed(), false);
    }

    #[test]
    fn any_arguments_are_read_or_refused(arguments in "[a-z0-9=\"'“”‘’\\- \n]{0,40}|\\PC{0,40}") {
        let _ = typed(&arguments);
    }
}
