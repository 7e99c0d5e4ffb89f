//! Events without a kind of their own.

use super::{check, sample};
use crate::show::show;

fn shown(name: &str, body: &str) -> String {
    show(&check(name, body))
}

#[test]
fn what_has_no_kind_of_its_own() {
    insta::assert_snapshot!(shown("discussion", sample!("discussion/answered")), @"
    kind: discussion
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: answered
    number: 4
    title: TEST edit
    url: https://github.com/Codertocat/Hello-World/discussions/4
    state: opened
    ");
    insta::assert_snapshot!(shown("fork", sample!("fork/payload")), @"
    kind: fork
    actor: Octocoders (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    title: Octocoders/Hello-World
    url: https://github.com/Octocoders/Hello-World
    ");
    insta::assert_snapshot!(shown("ping", sample!("ping/payload.4")), @"
    kind: ping
    actor: Codertocat (-)
    title: Anything added dilutes everything else.
    ");
    insta::assert_snapshot!(shown("workflow_dispatch", sample!("workflow_dispatch/payload")), @"
    kind: workflow_dispatch
    actor: octocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo main, public
    title: .github/workflows/hello-world-workflow.yml
    url: https://github.com/octo-org/octo-repo
    ");
    insta::assert_snapshot!(shown("repository_dispatch", sample!("repository_dispatch/on-demand-test")), @"
    kind: repository_dispatch
    actor: Codertocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo master, private
    action: on-demand-test
    title: octo-org/octo-repo
    url: https://github.com/octo-org/octo-repo
    ");
    insta::assert_snapshot!(shown("organization", sample!("organization/renamed")), @"
    kind: organization
    actor: Codertocat (-)
    action: renamed
    title: Octocoders
    ");
}

#[test]
fn security() {
    insta::assert_snapshot!(shown("code_scanning_alert", sample!("code_scanning_alert/created")), @"
    kind: code_scanning_alert
    actor: github (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, private
    action: created
    number: 10
    title: Query built from user-controlled sources
    url: https://github.com/Codertocat/Hello-World/security/code-scanning/10
    state: opened
    ");
    insta::assert_snapshot!(shown("dependabot_alert", sample!("dependabot_alert/created")), @"
    kind: dependabot_alert
    actor: github (-)
    repository: pika-pack: wolfy1339/pika-pack https://github.com/wolfy1339/pika-pack master, public
    action: created
    number: 20
    title: semver vulnerable to Regular Expression Denial of Service
    url: https://github.com/wolfy1339/pika-pack/security/dependabot/20
    state: opened
    ");
    insta::assert_snapshot!(shown("repository_vulnerability_alert", sample!("repository_vulnerability_alert/create")), @"
    kind: repository_vulnerability_alert
    actor: github (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    title: rack
    url: https://nvd.nist.gov/vuln/detail/CVE-2018-16470
    ");
    insta::assert_snapshot!(shown("security_advisory", sample!("security_advisory/published")), @"
    kind: security_advisory
    actor: - (-)
    action: published
    title: Moderate severity vulnerability that affects django
    url: https://nvd.nist.gov/vuln/detail/CVE-2018-6188
    ");
}

#[test]
fn accounts_and_money() {
    insta::assert_snapshot!(shown("installation", sample!("installation/created")), @"
    kind: installation
    actor: Codertocat (-)
    action: created
    title: Codertocat
    url: https://github.com/settings/installations/957387
    ");
    insta::assert_snapshot!(shown("marketplace_purchase", sample!("marketplace_purchase/purchased")), @"
    kind: marketplace_purchase
    actor: username (-)
    action: purchased
    title: Basic Plan
    ");
    insta::assert_snapshot!(shown("sponsorship", sample!("sponsorship/created")), @"
    kind: sponsorship
    actor: monalisa (-)
    action: created
    title: $5 a month
    url: https://github.com/octocat
    ");
    insta::assert_snapshot!(shown("org_block", sample!("org_block/blocked")), @"
    kind: org_block
    actor: Octocoders (-)
    action: blocked
    title: hacktocat
    url: https://github.com/hacktocat
    ");
    insta::assert_snapshot!(shown("team_add", sample!("team_add/payload")), @"
    kind: team_add
    actor: Octocoders (-)
    repository: Hello-World: Octocoders/Hello-World https://github.com/Octocoders/Hello-World master, public
    title: github
    url: https://github.com/orgs/Octocoders/teams/github
    ");
}

#[test]
fn boards_packages_and_the_rest() {
    insta::assert_snapshot!(shown("project_card", sample!("project_card/created")), @"
    kind: project_card
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    title: Work that can be completed in one hour or less.
    url: https://github.com/Codertocat/Hello-World
    ");
    insta::assert_snapshot!(shown("projects_v2_item", sample!("projects_v2_item/created")), @"
    kind: projects_v2_item
    actor: monalisa (-)
    action: created
    title: DraftIssue
    ");
    insta::assert_snapshot!(shown("package", sample!("package/published")), @"
    kind: package
    actor: Codertocat (-)
    repository: hello-world-npm: Codertocat/hello-world-npm https://github.com/Codertocat/hello-world-npm master, private
    action: published
    title: hello-world-npm
    url: https://github.com/Codertocat/hello-world-npm/packages/10696
    ");
    insta::assert_snapshot!(shown("page_build", sample!("page_build/payload")), @"
    kind: page_build
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    title: Codertocat/Hello-World
    url: https://github.com/Codertocat/Hello-World
    state: built
    ");
    insta::assert_snapshot!(shown("merge_group", sample!("merge_group/checks_requested")), @"
    kind: merge_group
    actor: Codertocat (-)
    repository: octo-repo: octo-org/octo-repo https://github.com/octo-org/octo-repo main, private
    action: checks_requested
    title: Merge pull request #2048 from octo-repo/update-readme
    url: https://github.com/octo-org/octo-repo
    ");
    insta::assert_snapshot!(shown("branch_protection_rule", sample!("branch_protection_rule/created")), @"
    kind: branch_protection_rule
    actor: wolfy1339 (-)
    repository: octoherd-script-replace-pika-with-esbuild: wolfy1339/octoherd-script-replace-pika-with-esbuild https://github.com/wolfy1339/octoherd-script-replace-pika-with-esbuild main, public
    action: created
    title: main
    url: https://github.com/wolfy1339/octoherd-script-replace-pika-with-esbuild
    ");
    insta::assert_snapshot!(shown("deploy_key", sample!("deploy_key/created")), @"
    kind: deploy_key
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    action: created
    title: hey-its-a-deploy-key
    url: https://github.com/Codertocat/Hello-World
    ");
    insta::assert_snapshot!(shown("repository_import", sample!("repository_import/payload")), @"
    kind: repository_import
    actor: Codertocat (-)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    title: Codertocat/Hello-World
    url: https://github.com/Codertocat/Hello-World
    state: success
    ");
}
