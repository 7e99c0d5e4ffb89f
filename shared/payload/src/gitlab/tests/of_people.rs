//! One payload of each kind that is about what people say, plan and may do, as it turns out.

use insta::assert_snapshot;

#[test]
fn an_issue() {
    assert_snapshot!(told!("Issue Hook": "client-go/gitlab/issue.json"), @"
    kind: issue
    actor: root (Administrator)
    repository: Gitlab Test: gitlabhq/gitlab-test http://example.com/gitlabhq/gitlab-test master, public
    action: opened
    number: 23
    title: New API: create/update/delete file
    url: http://example.com/diaspora/issues/23
    state: opened
    ");
}

#[test]
fn a_confidential_issue() {
    assert_snapshot!(told!("Confidential Issue Hook": "go-playground-webhooks/gitlab/confidential-issue-event.json"), @"
    kind: issue
    actor: root (Administrator)
    repository: Gitlab Test: gitlabhq/gitlab-test http://example.com/gitlabhq/gitlab-test master, public
    confidential: true
    action: opened
    number: 23
    title: New API: create/update/delete file
    url: http://example.com/diaspora/issues/23
    state: opened
    ");
}

#[test]
fn issues_of_2014_first_without_a_page_then_without_an_account() {
    assert_snapshot!(told!("": "gitlab-docs-2014-2015/gitlab-legacy/2014-02-28-v6.7.0.pre/issues-events.json", "": "gitlab-docs-2014-2015/gitlab-legacy/2014-08-19-v7.2.0.rc1/issues-events.json", "": "gitlab-docs-2014-2015/gitlab-legacy/2014-10-05-v7.4.0-pre/issues-events.json"), @"
    kind: issue
    actor: - (-)
    number: 23
    title: New API: create/update/delete file
    state: opened

    kind: issue
    actor: - (-)
    repository: diaspora: diaspora http://example.com/diaspora -, private or public
    action: opened
    number: 23
    title: New API: create/update/delete file
    url: http://example.com/diaspora/issues/23
    state: opened

    kind: issue
    actor: root (Administrator)
    repository: diaspora: diaspora http://example.com/diaspora -, private or public
    action: opened
    number: 23
    title: New API: create/update/delete file
    url: http://example.com/diaspora/issues/23
    state: opened
    ");
}

#[test]
fn a_comment_on_a_commit() {
    assert_snapshot!(told!("Note Hook": "client-go/gitlab/note_commit.json", "Note Hook": "gitlab-docs-2014-2015/gitlab/2015-05-15-v7.11.0.pre/comment-on-commit.json"), @"
    kind: comment
    actor: user1 (User1)
    repository: Gitlab Test: gitlabhq/gitlab-test http://example.com/gitlabhq/gitlab-test master, public
    action: created
    on: Commit
    title: Add submodule
    commit: cfe32cf61b73a0d5e9f13e774abde7ff789b1660
    url: http://example.com/gitlab-org/gitlab-test/commit/cfe32cf61b73a0d5e9f13e774abde7ff789b1660#note_1243
    text: This is a commit comment. How does this work?

    kind: comment
    actor: root (Adminstrator)
    repository: Gitlab Test: gitlab-org/gitlab-test http://example.com/gitlab-org/gitlab-test -, private or public
    action: created
    on: Commit
    title: Add submodule
    commit: cfe32cf61b73a0d5e9f13e774abde7ff789b1660
    url: http://example.com/gitlab-org/gitlab-test/commit/cfe32cf61b73a0d5e9f13e774abde7ff789b1660#note_1243
    text: This is a commit comment. How does this work?
    ");
}

#[test]
fn a_comment_on_a_merge_request() {
    assert_snapshot!(told!("Note Hook": "client-go/gitlab/note_merge_request.json"), @"
    kind: comment
    actor: root (Administrator)
    repository: Gitlab Test: gitlab-org/gitlab-test http://example.com/gitlab-org/gitlab-test master, private
    action: created
    on: MergeRequest
    number: 1
    title: Tempora et eos debitis quae laborum et.
    url: http://example.com/gitlab-org/gitlab-test/merge_requests/1#note_1244
    text: This MR needs work.
    ");
}

#[test]
fn a_comment_on_an_issue_and_a_confidential_one() {
    assert_snapshot!(told!("Note Hook": "client-go/gitlab/note_issue.json", "Confidential Note Hook": "go-playground-webhooks/gitlab/confidential-comment-event.json"), @"
    kind: comment
    actor: user1 (User1)
    repository: Gitlab Test: gitlab-org/gitlab-test http://example.com/gitlab-org/gitlab-test master, private
    action: created
    on: Issue
    number: 17
    title: test_issue
    url: http://example.com/gitlab-org/gitlab-test/issues/17#note_1241
    text: Hello world

    kind: comment
    actor: root (Administrator)
    repository: Gitlab Test: gitlab-org/gitlab-test http://example.com/gitlab-org/gitlab-test master, private
    confidential: true
    action: created
    on: Issue
    number: 17
    title: test
    url: http://example.com/gitlab-org/gitlab-test/issues/17#note_1241
    text: Hello world
    ");
}

#[test]
fn a_comment_on_a_snippet() {
    assert_snapshot!(told!("Note Hook": "client-go/gitlab/note_snippet.json"), @r"
    kind: comment
    actor: user1 (User1)
    repository: Gitlab Test: gitlab-org/gitlab-test http://example.com/gitlab-org/gitlab-test master, private
    action: created
    on: Snippet
    number: 53
    title: test
    url: http://example.com/gitlab-org/gitlab-test/snippets/53#note_1245
    text: Is this snippet doing what it\'s supposed to be doing?
    ");
}

#[test]
fn a_wiki_page() {
    assert_snapshot!(told!("Wiki Page Hook": "client-go/gitlab/wiki_page.json"), @"
    kind: wiki_page
    actor: user1 (User1)
    repository: awesome-project: root/awesome-project http://example.com/root/awesome-project master, private
    action: created
    title: Awesome
    url: http://example.com/root/awesome-project/wikis/awesome
    ");
}

#[test]
fn a_feature_flag() {
    assert_snapshot!(told!("Feature Flag Hook": "client-go/gitlab/feature_flag.json"), @"
    kind: feature_flag
    actor: root (Administrator)
    repository: Gitlab Test: gitlabhq/gitlab-test http://example.com/gitlabhq/gitlab-test master, public
    title: test-feature-flag
    state: active
    ");
}

#[test]
fn tokens_that_expire() {
    assert_snapshot!(told!("Resource Access Token Hook": "client-go/gitlab/resource_access_token_project.json", "Resource Access Token Hook": "client-go/gitlab/resource_access_token_group.json"), @"
    kind: access_token
    actor: - (-)
    repository: Flight: flightjs/Flight https://example.com/flightjs/Flight master, private
    action: expiring_access_token
    title: acd

    kind: access_token
    actor: - (-)
    action: expiring_access_token
    title: acd
    ");
}

#[test]
fn members_of_groups_and_projects() {
    assert_snapshot!(told!("Member Hook": "client-go/gitlab/member.json", "System Hook": "client-go/gitlab-system/user_add_to_team.json", "System Hook": "client-go/gitlab-system/user_update_for_group.json", "System Hook": "client-go/gitlab-system/user_remove_from_team.json"), @"
    kind: member
    actor: - (-)
    action: added
    account: user1 (User1)
    group: webhook-test
    role: Guest

    kind: member
    actor: - (-)
    repository: StoreCloud: jsmith/storecloud - -, private
    action: added
    account: johnsmith (John Smith)
    role: Maintainer

    kind: member
    actor: - (-)
    action: updated
    account: johnsmith (John Smith)
    group: storecloud
    role: Maintainer

    kind: member
    actor: - (-)
    repository: StoreCloud: jsmith/storecloud - -, private
    action: removed
    account: johnsmith (John Smith)
    role: Maintainer
    ");
}

#[test]
fn projects_and_groups() {
    assert_snapshot!(told!("System Hook": "client-go/gitlab-system/project_create.json", "System Hook": "client-go/gitlab-system/project_transfer.json", "System Hook": "client-go/gitlab-system/group_rename.json", "Subgroup Hook": "client-go/gitlab/subgroup.json"), @"
    kind: project_create
    actor: - (-)
    repository: StoreCloud: jsmith/storecloud - -, private
    action: created
    title: StoreCloud

    kind: project_transfer
    actor: - (-)
    repository: Underscore: scores/underscore - -, private
    action: transferred
    title: Underscore

    kind: group_rename
    actor: - (-)
    action: renamed
    title: Better Name

    kind: subgroup_create
    actor: - (-)
    action: created
    title: SubGroup 1
    ");
}

#[test]
fn accounts_and_keys() {
    assert_snapshot!(told!("System Hook": "client-go/gitlab-system/user_create.json", "System Hook": "client-go/gitlab-system/user_rename.json", "System Hook": "client-go/gitlab-system/user_failed_login.json", "System Hook": "client-go/gitlab-system/key_create.json"), @"
    kind: user_create
    actor: - (-)
    action: created
    title: John Smith

    kind: user_rename
    actor: - (-)
    action: renamed
    title: new-name

    kind: user_failed_login
    actor: user4 (John Smith)
    action: failed_login
    title: John Smith
    state: blocked

    kind: key_create
    actor: root (-)
    action: created
    title: john@localhost
    ");
}
