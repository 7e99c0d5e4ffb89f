//! One payload of each kind, and of each event that has a place of its own in the code.

use super::{check, sample};
use crate::show::show;

fn shown(name: &str, body: &str) -> String {
    show(&check(name, body))
}

#[test]
fn pull_requests() {
    insta::assert_snapshot!(shown("pull_request", sample!("pull_request/opened")), @"
    kind: merge_request
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: opened
    number: 2
    title: Update the README with new information.
    url: https://github.com/Codertocat/Hello-World/pull/2
    state: opened
    source: changes
    target: master
    draft: false
    ");
    insta::assert_snapshot!(shown("pull_request", sample!("pull_request/closed")), @"
    kind: merge_request
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: closed
    number: 2
    title: Update the README with new information.
    url: https://github.com/Codertocat/Hello-World/pull/2
    state: closed
    source: changes
    target: master
    draft: false
    ");
    insta::assert_snapshot!(shown("pull_request_review", sample!("pull_request_review/submitted")), @"
    kind: merge_request
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: reviewed
    number: 2
    title: Update the README with new information.
    url: https://github.com/Codertocat/Hello-World/pull/2
    state: opened
    source: changes
    target: master
    ");
    insta::assert_snapshot!(shown("pull_request_review", sample!("pull_request_review/dismissed")), @"
    kind: merge_request
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: dismissed
    number: 2
    title: Update the README with new information.
    url: https://github.com/hellomouse/GNS/pull/902
    state: opened
    source: changes
    target: master
    draft: false
    ");
}

#[test]
fn issues_and_milestones() {
    insta::assert_snapshot!(shown("issues", sample!("issues/labeled")), @"
    kind: issue
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: labeled
    number: 1
    title: Spelling error in the README file
    url: https://github.com/Codertocat/Hello-World/issues/1
    state: opened
    ");
    insta::assert_snapshot!(shown("milestone", sample!("milestone/closed")), @"
    kind: milestone
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: closed
    number: 1
    title: v1.0
    url: https://github.com/Codertocat/Hello-World/milestone/1
    state: closed
    ");
}

#[test]
fn comments() {
    insta::assert_snapshot!(shown("issue_comment", sample!("issue_comment/created")), @r"
    kind: comment
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    on: Issue
    number: 1
    title: Spelling error in the README file
    url: https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400
    text: You are totally right! I\'ll get this fixed right away.
    ");
    insta::assert_snapshot!(shown("commit_comment", sample!("commit_comment/created")), @"
    kind: comment
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    on: Commit
    commit: 6113728f27ae82c7b1a177c8d03f9e96e0adf246
    url: https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246#commitcomment-33548674
    text: This is a really good change! :+1:
    ");
    insta::assert_snapshot!(shown("pull_request_review_comment", sample!("pull_request_review_comment/created")), @"
    kind: comment
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    on: MergeRequest
    number: 2
    title: Update the README with new information.
    url: https://github.com/Codertocat/Hello-World/pull/2#discussion_r284312630
    text: Maybe you should use more emoji on this line.
    ");
    insta::assert_snapshot!(shown("pull_request_review_thread", sample!("pull_request_review_thread/resolved")), @"
    kind: pull_request_review_thread
    actor: octocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo master, private
    action: resolved
    number: 118
    title: Create issue-comment
    url: https://github.com/octo-org/octo-repo/pull/118#discussion_r820867280
    state: opened
    ");
    insta::assert_snapshot!(shown("discussion_comment", sample!("discussion_comment/created")), @r#"
    kind: comment
    actor: Codertocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo main, private
    action: created
    on: Other(\"discussion\")
    number: 90
    title: Welcome to discussions!
    url: https://github.com/octo-org/octo-repo/discussions/90#discussioncomment-544078
    text: I have so many questions to ask you!
    "#);
}

#[test]
fn workflows_and_checks() {
    insta::assert_snapshot!(shown("workflow_run", sample!("workflow_run/completed.2")), @"
    kind: pipeline
    actor: Codertocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo master, public
    action: completed
    number: 163
    name: test
    url: https://github.com/octo-org/octo-repo/actions/runs/289782451
    status: success
    branch: master
    commit: 3484a3fb816e0859fd6e1cea078d76385ff50625
    source: repository_dispatch
    duration: 0 s
    ");
    insta::assert_snapshot!(shown("check_suite", sample!("check_suite/completed")), @"
    kind: pipeline
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: completed
    name: octocoders-linter
    url: https://github.com/Codertocat/Hello-World/commit/ec26c3e57ca3a959ca5aad62de7213c562f8c821/checks
    status: success
    branch: changes
    commit: ec26c3e57ca3a959ca5aad62de7213c562f8c821
    duration: 43 s
    ");
    insta::assert_snapshot!(shown("workflow_job", sample!("workflow_job/completed")), @"
    kind: job
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: completed
    name: linters
    url: https://github.com/octo-org/octo-repo/runs/1291536064
    status: failed
    branch: main
    commit: 3484a3fb816e0859fd6e1cea078d76385ff50625
    duration: 198 s
    ");
    insta::assert_snapshot!(shown("check_run", sample!("check_run/completed")), @"
    kind: job
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: completed
    name: Octocoders-linter
    url: https://github.com/Codertocat/Hello-World/runs/128620228
    status: failed
    branch: changes
    commit: ec26c3e57ca3a959ca5aad62de7213c562f8c821
    duration: 0 s
    ");
    insta::assert_snapshot!(shown("status", sample!("status/success")), @"
    kind: job
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    name: default
    url: https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246
    status: success
    commit: 6113728f27ae82c7b1a177c8d03f9e96e0adf246
    ");
}

#[test]
fn deployments() {
    insta::assert_snapshot!(shown("deployment", sample!("deployment/created.2")), @"
    kind: deployment
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    number: 145988746
    environment: github-pages
    status: created
    url: https://github.com/Codertocat/Hello-World/actions/runs/289782451
    branch: gh-pages
    commit: f95f852bd8fca8fcc58a9a2d6c842781e32a215e
    ");
    insta::assert_snapshot!(shown("deployment_status", sample!("deployment_status/created.2")), @"
    kind: deployment
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    number: 145988746
    environment: github-pages
    status: running
    url: https://github.com/CorsixTH/CorsixTH/runs/4687056418?check_suite_focus=true
    branch: master
    commit: f95f852bd8fca8fcc58a9a2d6c842781e32a215e
    ");
    insta::assert_snapshot!(shown("deployment_review", sample!("deployment_review/requested")), @"
    kind: deployment
    actor: ilmax (-)
    repository: sample-app: terraform-test-github/sample-app https://github.com/terraform-test-github/sample-app main, public
    action: requested
    environment: TST
    status: pending
    url: https://github.com/terraform-test-github/sample-app/actions/runs/5453085689/jobs/9921448362
    branch: sample
    commit: 5275a45b7e99c7fd7265b790392c10a74101a67a
    ");
}

#[test]
fn releases_and_wiki_pages() {
    insta::assert_snapshot!(shown("release", sample!("release/published")), @"
    kind: release
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: published
    number: 17372790
    title: 0.0.1
    url: https://github.com/Codertocat/Hello-World/releases/tag/0.0.1
    tag: 0.0.1
    prerelease: false
    ");
    insta::assert_snapshot!(shown("release", sample!("release/prereleased")), @"ignored: 'published' tells of the same release, once it is out");
    insta::assert_snapshot!(shown("release", sample!("release/created")), @"ignored: 'published' tells of the same release, once it is out");
    insta::assert_snapshot!(shown("gollum", sample!("gollum/payload")), @"
    kind: wiki_page
    actor: rachmari (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: updated
    title: Home
    url: https://github.com/Codertocat/Hello-World/wiki/Home
    ");
}

#[test]
fn members() {
    insta::assert_snapshot!(shown("member", sample!("member/added")), @"
    kind: member
    actor: hacktocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: added
    account: hacktocat (-)
    url: https://github.com/hacktocat
    ");
    insta::assert_snapshot!(shown("membership", sample!("membership/removed")), @"
    kind: member
    actor: Codertocat (-)
    action: removed
    account: Codertocat (-)
    group: github
    url: https://github.com/orgs/Octocoders/teams/github
    ");
    insta::assert_snapshot!(shown("organization", sample!("organization/member_added")), @"
    kind: member
    actor: Codertocat (-)
    action: added
    account: hacktocat (-)
    group: Octocoders
    role: member
    url: https://github.com/hacktocat
    ");
    insta::assert_snapshot!(shown("organization", sample!("organization/member_invited")), @"
    kind: member
    actor: Codertocat (-)
    action: member_invited
    account: hacktocat (-)
    group: Octocoders
    role: direct_member
    url: https://github.com/hacktocat
    ");
}
