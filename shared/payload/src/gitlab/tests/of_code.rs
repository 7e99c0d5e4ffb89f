//! One payload of each kind that is about code, as it turns out.

use insta::assert_snapshot;

#[test]
fn a_push() {
    assert_snapshot!(told!("Push Hook": "client-go/gitlab/push.json"), @r"
    kind: push
    actor: jsmith (John Smith)
    repository: Diaspora: mike/diaspora http://example.com/mike/diaspora master, private
    branch: master
    updated: 95790bf891e76fee5e1747ab589903a6a1f80f22..da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    compare: http://example.com/mike/diaspora/-/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    count: 4
    commit: b6568db1 Jordi Mallach (2 files): Merge branch \'some-feature\' into \'master\' <http://example.com/mike/diaspora/commit/b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327>
    commit: da156088 GitLab dev user (2 files): fixed readme <http://example.com/mike/diaspora/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7>
    ");
}

#[test]
fn a_push_of_2014_has_no_kind_no_project_and_no_file_lists() {
    assert_snapshot!(told!("": "gitlab-docs-2014-2015/gitlab-legacy/2014-05-27-v7.0.0.pre/push-events.json"), @"
    kind: push
    actor: - (John Smith)
    repository: Diaspora: diaspora http://example.com/diaspora -, private or public
    branch: master
    updated: 95790bf891e76fee5e1747ab589903a6a1f80f22..da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    compare: http://example.com/diaspora/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    count: 4
    commit: b6568db1 Jordi Mallach: Update Catalan translation to e38cb41. <http://example.com/diaspora/commits/b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327>
    commit: da156088 GitLab dev user: fixed readme <http://example.com/diaspora/commits/da1560886d4f094c3e6c9ef40349f7d38b5d27d7>
    ");
}

#[test]
fn a_push_to_an_instance() {
    assert_snapshot!(told!("System Hook": "client-go/gitlab-system/push.json"), @"
    kind: push
    actor: - (John Smith)
    repository: Diaspora: mike/diaspora http://example.com/mike/diaspora master, private
    branch: master
    updated: 95790bf891e76fee5e1747ab589903a6a1f80f22..da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    compare: http://example.com/mike/diaspora/-/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    count: 1
    commit: c5feabde Dmitriy Zaporozhets: Add simple search to projects in public area <https://dev.gitlab.org/gitlab/gitlabhq/commit/c5feabde2d8cd023215af4d2ceeb7a64839fc428>
    ");
}

#[test]
fn a_tag() {
    assert_snapshot!(told!("Tag Push Hook": "client-go/gitlab/tag_push.json", "": "gitlab-docs-2014-2015/gitlab-legacy/2014-12-14-v7.6.0.pre/tag-events.json"), @"
    kind: tag
    actor: jsmith (John Smith)
    repository: Example: jsmith/example http://example.com/jsmith/example master, private
    tag: v1.0.0
    created: 82b3d5ae55f7080f1e6022629cdb57bfae7cccc7

    kind: tag
    actor: - (John Smith)
    repository: jsmith: jsmith/example http://example.com/jsmith/example -, private or public
    tag: v1.0.0
    created: 82b3d5ae55f7080f1e6022629cdb57bfae7cccc7
    ");
}

#[test]
fn a_merge_request() {
    assert_snapshot!(told!("Merge Request Hook": "go-playground-webhooks/gitlab/merge-request-event.json"), @"
    kind: merge_request
    actor: root (Administrator)
    repository: Gitlab Test: gitlabhq/gitlab-test http://example.com/gitlabhq/gitlab-test master, public
    action: opened
    number: 1
    title: MS-Viewport
    url: http://example.com/diaspora/merge_requests/1
    state: opened
    source: ms-viewport
    target: master
    draft: false
    ");
}

#[test]
fn new_commits_in_a_merge_request_told_by_an_integration() {
    assert_snapshot!(told!("Service Hook": "client-go/gitlab/service_merge_request.json"), @"
    kind: merge_request
    actor: test (the test)
    repository: Woodpecker: test/woodpecker http://10.40.8.5:3200/test/woodpecker master, public
    action: new_commits
    number: 2
    title: Update client.go 🎉
    url: http://10.40.8.5:3200/test/woodpecker/-/merge_requests/2
    state: opened
    source: next-feature
    target: master
    draft: false
    ");
}

#[test]
fn a_merge_request_of_an_instance() {
    assert_snapshot!(told!("System Hook": "client-go/gitlab-system/merge_request.json"), @"
    kind: merge_request
    actor: root (Administrator)
    repository: Example: jsmith/example http://example.com/jsmith/example master, private
    number: 1
    title: MS-Viewport
    state: opened
    source: ms-viewport
    target: master
    draft: false
    ");
}

#[test]
fn merge_requests_of_2014_name_their_project_as_a_target() {
    assert_snapshot!(told!("": "gitlab-docs-2014-2015/gitlab-legacy/2014-02-28-v6.7.0.pre/merge-request-events.json", "": "gitlab-docs-2014-2015/gitlab-legacy/2014-10-05-v7.4.0-pre/merge-request-events.json", "Merge Request Hook": "gitlab-docs-2014-2015/gitlab/2015-09-11-v8.0.0.pre/merge-request-events.json"), @"
    kind: merge_request
    actor: - (-)
    number: 1
    title: MS-Viewport
    state: opened
    source: ms-viewport
    target: master

    kind: merge_request
    actor: root (Administrator)
    repository: awesome_project: awesome_space/awesome_project http://example.com/awesome_space/awesome_project -, public
    number: 1
    title: MS-Viewport
    state: opened
    source: ms-viewport
    target: master

    kind: merge_request
    actor: root (Administrator)
    repository: awesome_project: awesome_space/awesome_project http://example.com/awesome_space/awesome_project -, public
    action: opened
    number: 1
    title: MS-Viewport
    url: http://example.com/diaspora/merge_requests/1
    state: opened
    source: ms-viewport
    target: master
    ");
}

#[test]
fn a_pipeline() {
    assert_snapshot!(told!("Pipeline Hook": "go-playground-webhooks/gitlab/pipeline-event.json", "Pipeline Hook": "client-go/gitlab/pipeline.json"), @"
    kind: pipeline
    actor: root (Administrator)
    repository: Gitlab Test: gitlab-org/gitlab-test http://192.168.64.1:3005/gitlab-org/gitlab-test master, public
    number: 31
    name: pipeline_name
    url: http://192.168.64.1:3005/gitlab-org/gitlab-test/-/pipelines/31
    status: success
    branch: master
    commit: bcbb5ec396a2c0f828686f14fac9b80b780504f2
    source: merge_request_event
    duration: 63 s

    kind: pipeline
    actor: user1 (User1)
    repository: Gitlab Test: gitlab-org/gitlab-test http://192.168.64.1:3005/gitlab-org/gitlab-test master, public
    number: 31
    url: http://192.168.64.1:3005/gitlab-org/gitlab-test/-/pipelines/31
    status: success
    branch: master
    commit: bcbb5ec396a2c0f828686f14fac9b80b780504f2
    source: merge_request_event
    duration: 63 s
    ");
}

#[test]
fn a_job() {
    assert_snapshot!(told!("Job Hook": "client-go/gitlab/job.json", "Build Hook": "go-playground-webhooks/gitlab/build-event.json"), @"
    kind: job
    actor: jsmithy2 (John Smith)
    repository: release-tools-fake: jsmithy2/release-tools-fake https://gitlab.com/jsmithy2/release-tools-fake -, public
    number: 3580121225
    name: auto_deploy:start
    url: https://gitlab.com/jsmithy2/release-tools-fake/-/jobs/3580121225
    status: success
    branch: main
    commit: 95d49d1efbd941908580e79d65e4b5ecaf4a8305
    duration: 49 s

    kind: job
    actor: - (User)
    repository: gitlab_test: gitlab-org/gitlab-test http://192.168.64.1:3005/gitlab-org/gitlab-test -, public
    number: 1977
    name: test
    url: http://192.168.64.1:3005/gitlab-org/gitlab-test/-/jobs/1977
    status: created
    branch: gitlab-script-trigger
    commit: 2293ada6b400935a1378653304eaf6221e0fdb8f
    ");
}

#[test]
fn a_deployment() {
    assert_snapshot!(told!("Deployment Hook": "client-go/gitlab/deployment.json"), @"
    kind: deployment
    actor: user1 (User1)
    repository: test-deployment-webhooks: root/test-deployment-webhooks http://10.126.0.2:3000/root/test-deployment-webhooks master, private
    number: 15
    environment: staging
    status: success
    url: http://10.126.0.2:3000/root/test-deployment-webhooks/-/jobs/796
    branch: 1.0.0
    commit: 279484c09fbe69ededfced8c1bb6e6d24616b468
    ");
}

#[test]
fn a_release() {
    assert_snapshot!(told!("Release Hook": "client-go/gitlab/release.json"), @"
    kind: release
    actor: - (-)
    repository: Project Name: exm-namespace/example-project http://example.com/exm-namespace/example-project master, private
    action: created
    title: 1.0.0
    url: http://example.com/exm-namespace/example-project/-/releases/1.0.0
    tag: 1.0.0
    ");
}
