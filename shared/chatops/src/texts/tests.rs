use config::commands::Platform;
use insta::assert_snapshot;

use super::*;

/// What Slack's users read, escapes undone.
fn read(text: &Text) -> String {
    text.render(Platform::Slack).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn offer() -> Offer<'static> {
    Offer {
        slash: "/gitlab",
        has_jobs: true,
        has_gitlab: true,
        project_url: Some("https://gitlab.example.net/mike/diaspora"),
    }
}

/// Case 9 of the ChatOps cases.
#[test]
fn help_lists_what_can_be_done() {
    assert_snapshot!(read(&help(&offer())), @r#"
    *Available commands*

    The following commands are available for this chatops integration:

    /gitlab issue show <id>
    /gitlab issue new <title> *`⇧ Shift`*+*`↵ Enter`* <description>
    /gitlab issue search <your query>
    /gitlab issue move <issue_id> (to)? <project_path>
    /gitlab issue close <id>
    /gitlab issue comment <id> *`⇧ Shift`*+*`↵ Enter`* <comment>
    /gitlab deploy <environment> to <target-environment>
    /gitlab run <command> <arguments>
    /gitlab jobs
    /gitlab status [run]
    /gitlab cancel <run>
    /gitlab confirm <run>
    /gitlab link
    /gitlab help

    If available, the `run` command is used for running GitLab CI jobs defined in this project's `.gitlab-ci.yml` file. For example, if a job called "help" is defined you can run it like so:

    `/gitlab run help`

    *Project*

    The GitLab project for this chatops integration can be found at <https://gitlab.example.net/mike/diaspora|https://gitlab.example.net/mike/diaspora>.

    *Documentation*

    For more information about GitLab chatops, refer to its documentation: https://docs.gitlab.com/ci/chatops/.
    "#);
    assert_snapshot!(read(&help(&Offer { has_gitlab: false, project_url: None, ..offer() })), @r#"
    *Available commands*

    The following commands are available for this chatops integration:

    /gitlab run <command> <arguments>
    /gitlab jobs
    /gitlab status [run]
    /gitlab cancel <run>
    /gitlab confirm <run>
    /gitlab help

    If available, the `run` command is used for running GitLab CI jobs defined in this project's `.gitlab-ci.yml` file. For example, if a job called "help" is defined you can run it like so:

    `/gitlab run help`

    *Documentation*

    For more information about GitLab chatops, refer to its documentation: https://docs.gitlab.com/ci/chatops/.
    "#);
    assert_snapshot!(read(&help(&Offer { has_gitlab: false, has_jobs: false, ..offer() })), @"
    This chatops integration does not have any commands that can be executed.

    *Project*

    The GitLab project for this chatops integration can be found at <https://gitlab.example.net/mike/diaspora|https://gitlab.example.net/mike/diaspora>.

    *Documentation*

    For more information about GitLab chatops, refer to its documentation: https://docs.gitlab.com/ci/chatops/.
    ");
}

#[test]
fn in_slack_what_stands_in_angles_is_no_link() {
    assert!(help(&offer()).render(Platform::Slack).contains("run &lt;command&gt; &lt;arguments&gt;"));
}

/// Case 10.
#[test]
fn what_is_not_valid_is_told_so_and_shown_the_list() {
    let told = read(&unknown(&offer()));
    assert!(told.starts_with("The specified command is not valid.\n\n*Available commands*\n"), "{told}");
}

/// Cases 11 to 13: GitLab says the same of a job that is not there, not for chat, or hidden.
#[test]
fn a_job_that_cannot_be_run_is_named() {
    assert_snapshot!(read(&not_scheduled("nosuch")), @r#"The command could not be scheduled. Make sure that your project has a .gitlab-ci.yml that defines a job with the name "nosuch""#);
}

/// Cases 6 to 8, their words.
#[test]
fn who_may_not_is_told_so_in_gitlabs_words() {
    let url = Some("https://gitlab.example.net/mike/diaspora");
    assert_snapshot!(read(&denied(&Denial::NoRule, url)), @"
    You are not allowed to perform the given chatops command. Most likely you do not have access to the GitLab project for this chatops integration.

    The GitLab project for this chatops integration can be found at <https://gitlab.example.net/mike/diaspora|https://gitlab.example.net/mike/diaspora>.
    ");
    assert_snapshot!(read(&denied(&Denial::Rule(3), None)), @"You are not allowed to perform the given chatops command.");
    assert_snapshot!(read(&connect("https://bellhop.example.net/link/x")), @":wave: Hi there! Before I do anything for you, please <https://bellhop.example.net/link/x|connect your GitLab account>.");
    assert_snapshot!(read(&refused(IntakeError::Unidentified)), @":sweat_smile: Couldn't identify you, nor can I authorize you!");
    assert_snapshot!(read(&refused(IntakeError::Control)), @"A command holds no control characters but line breaks and tabs.");
    assert_snapshot!(read(&unknown_team()), @"GitLab error: project or alias not found");
    assert_snapshot!(read(&connected("mike")), @"You are connected with GitLab as mike.");
    assert_snapshot!(read(&nothing_to_link()), @"There is no GitLab to connect your account with: here, people are named in the rules of access.");
    assert_snapshot!(read(&needs_bot("migrate", Duration::from_mins(45))), @"The command could not be scheduled. migrate may run for 45 min, and without a bot token, a chat can be answered for 30 min only.");
    assert_snapshot!(read(&not_found()), @"404 not found! GitLab couldn't find what you were looking for! :boom:");
    let usage = Denial::Usage {
        rule: 1,
        error: crate::access::UsageError::TooMany("<!channel>".into()),
        usage: "run deploy <environment>".into(),
    };
    assert_snapshot!(denied(&usage, None).render(Platform::Slack), @"
    That does not fit: '&lt;!channel&gt;' is one argument too many.

    Usage: `run deploy &lt;environment&gt;`
    ");
}

#[test]
fn a_run_that_waits_says_for_whom_and_how_long() {
    let ten = Duration::from_mins(10);
    assert_snapshot!(read(&waits("/gitlab", "r1", Approval::Confirm, ten)), @"This job starts once you confirm it within 10 min: `/gitlab confirm r1`");
    assert_snapshot!(read(&waits("/gitlab", "r1", Approval::SecondPerson, ten)), @"This job starts once a second person confirms it within 10 min: `/gitlab confirm r1`");
    for (error, text) in [
        (ConsentError::Expired, "Too late: the time to confirm this job is over."),
        (ConsentError::NotTheCaller, "Only the one who asked for this job can confirm it."),
        (ConsentError::SamePerson, "This job has to be confirmed by a second person."),
        (ConsentError::Denied(Denial::NoRule), "You are not allowed to perform the given chatops command."),
        (
            ConsentError::CallerDenied(Denial::NoRule),
            "Whoever asked for this job is not allowed to run it any more.",
        ),
    ] {
        assert_eq!(read(&consent_refused(&error)), text);
    }
}

#[test]
fn jobs_are_shown_as_they_are_typed() {
    assert_snapshot!(read(&jobs("/gitlab", &["ls", "deploy:eu"])), @"
    You may run these jobs here:

    `/gitlab run ls`
    `/gitlab run deploy:eu`
    ");
    assert_snapshot!(read(&jobs("/gitlab", &[])), @"There is no job here that you may run.");
}

#[test]
fn a_run_tells_how_it_is_doing() {
    let ann = Named { id: "U1".into(), name: "ann".into() };
    let all: Vec<String> = [
        Doing::Waiting,
        Doing::Queued,
        Doing::Running(Duration::from_secs(75)),
        Doing::Succeeded(Duration::from_secs(12)),
        Doing::Failed,
        Doing::TimedOut,
        Doing::Cancelled(Some(&ann)),
        Doing::Cancelled(None),
        Doing::NotStarted,
        Doing::Lost,
    ]
    .map(|doing| read(&status("r1", "ls", doing)))
    .into();
    assert_snapshot!(all.join("\n"), @"
    ls (#r1) waits to be confirmed.
    ls (#r1) is about to start.
    ls (#r1) has been running for 1 min 15 s.
    ls (#r1) succeeded after 12 s.
    ls (#r1) failed.
    ls (#r1) took too long and was stopped.
    ls (#r1) was cancelled by ann.
    ls (#r1) was cancelled.
    ls (#r1) could not start.
    ls (#r1) was lost with the machine that it ran on.
    ");
    assert_snapshot!(read(&cancelling("r1")), @"Stopping #r1.");
    assert_snapshot!(read(&over("r1")), @"#r1 is over already.");
    assert_snapshot!(read(&no_runs()), @"You have not run anything here yet.");
}

#[test]
fn issues_and_deployments_in_gitlabs_words() {
    let counts = [1, 2, 4, 5, 6].map(|count| read(&issues_found(count)));
    assert_snapshot!(counts.join("\n"), @"
    Here is the only issue I found:
    Here are the 2 issues I found:
    Here are the 4 issues I found:
    Here are the first 5 issues I found:
    Here are the first 5 issues I found:
    ");
    assert_snapshot!(read(&already_closed(12)), @"Issue #12 is already closed.");
    assert_snapshot!(read(&unsuccessful(&["Title can't be blank", "no"])), @"
    The action was not successful, because:
    - Title can't be blank
    - no
    ");
    assert_snapshot!(read(&deployment_started("staging", "production", "https://h/1")), @"Deployment started from staging to production. <https://h/1|Follow its progress>.");
    assert_snapshot!(read(&deployment_not_found()), @"Couldn't find a deployment manual action.");
    assert_snapshot!(read(&deployment_not_started("no runner")), @"Couldn't start the deployment: no runner");
}

#[test]
fn times_are_told_in_two_units() {
    let told = [0, 12, 60, 61, 3600, 3661, 90_000].map(|s| duration(Duration::from_secs(s)));
    assert_eq!(told, ["0 s", "12 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "25 h"]);
}
