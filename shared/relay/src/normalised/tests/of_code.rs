//! What happens to code: pushes, runs, releases.

use super::*;

fn run(reference: Reference) -> Run {
    Run {
        action: None,
        number: Some(31),
        name: Some("test".to_owned()),
        url: Some("https://gitlab.example.com/g/p/-/pipelines/31".to_owned()),
        status: Status::Failed,
        reference: Some(reference),
        commit: Some(sha('c')),
        source: Some("schedule".to_owned()),
        duration_s: Some(63),
    }
}

fn push(change: RefChange) -> Fact {
    Fact::Push(Push {
        branch: "fix/#1".to_owned(),
        change,
        compare_url: Some("https://gitlab.example.com/g/p/-/compare/a...b".to_owned()),
        commits: vec![Commit {
            id: sha('b'),
            title: "Fix it".to_owned(),
            author: "Ada".to_owned(),
            url: None,
            files: Some(2),
        }],
        commit_count: Some(5),
        is_truncated: true,
        forced: Some(false),
    })
}

#[test]
fn a_push() {
    assert_snapshot!(check(push(RefChange::Updated { before: sha('a'), after: sha('b') })), @r#"
    action: "updated"
    after: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    before: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    branch: "fix/#1"
    commit_count: 5
    commits: [{"author":"Ada","files":2,"id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","title":"Fix it","url":null}]
    compare_url: "https://gitlab.example.com/g/p/-/compare/a...b"
    created: false
    deleted: false
    forced: false
    kind: "push"
    ref: "refs/heads/fix/#1"
    truncated: true
    "#);
}

#[test]
fn a_new_branch_and_one_that_is_gone() {
    let change = |fact: Fact| {
        let wanted = ["action", "after", "before", "created", "deleted"];
        let all = check(fact);
        let lines = all.lines().filter(|line| wanted.contains(&line.split(':').next().unwrap()));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(change(push(RefChange::Created { after: sha('b') })), @r#"
    action: "created"
    after: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    created: true
    deleted: false
    "#);
    assert_snapshot!(change(push(RefChange::Deleted { before: None })), @r#"
    action: "deleted"
    created: false
    deleted: true
    "#);
}

#[test]
fn a_tag() {
    let change = RefChange::Created { after: sha('b') };
    let tag =
        TagPush { tag: "v1.0".to_owned(), change, annotation: Some("One".to_owned()), compare_url: None };
    assert_snapshot!(check(Fact::Tag(tag)), @r#"
    action: "created"
    after: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    created: true
    deleted: false
    kind: "tag"
    ref: "refs/tags/v1.0"
    tag: "v1.0"
    title: "One"
    "#);
}

#[test]
fn a_pipeline() {
    assert_snapshot!(check(Fact::Pipeline(run(Reference::Branch("main".to_owned())))), @r#"
    branch: "main"
    commit: "cccccccccccccccccccccccccccccccccccccccc"
    duration_s: 63
    kind: "pipeline"
    number: 31
    ref: "refs/heads/main"
    state: "failed"
    title: "test"
    trigger: "schedule"
    url: "https://gitlab.example.com/g/p/-/pipelines/31"
    "#);
}

#[test]
fn a_job() {
    let job =
        Run { action: Some(Action::Other("rerequested".to_owned())), ..run(Reference::Tag("v1".to_owned())) };
    assert_snapshot!(check(Fact::Job(job)), @r#"
    action: "rerequested"
    commit: "cccccccccccccccccccccccccccccccccccccccc"
    duration_s: 63
    kind: "job"
    number: 31
    ref: "refs/tags/v1"
    state: "failed"
    tag: "v1"
    title: "test"
    trigger: "schedule"
    url: "https://gitlab.example.com/g/p/-/pipelines/31"
    "#);
}

#[test]
fn a_deployment() {
    let deployment = Deployment {
        action: Some(Action::Created),
        number: Some(15),
        environment: Some("production".to_owned()),
        status: Status::Running,
        url: Some("https://gitlab.example.com/g/p/-/jobs/796".to_owned()),
        reference: Some(Reference::Branch("main".to_owned())),
        commit: Some(sha('c')),
    };
    assert_snapshot!(check(Fact::Deployment(deployment)), @r#"
    action: "created"
    branch: "main"
    commit: "cccccccccccccccccccccccccccccccccccccccc"
    kind: "deployment"
    number: 15
    ref: "refs/heads/main"
    state: "running"
    title: "production"
    url: "https://gitlab.example.com/g/p/-/jobs/796"
    "#);
}

#[test]
fn a_release() {
    let item = Item { state: None, number: Some(1), ..item(Action::Published, State::Opened) };
    let release = Release { item, tag: Some("v1.1".to_owned()), is_prerelease: Some(false) };
    assert_snapshot!(check(Fact::Release(release)), @r#"
    action: "published"
    kind: "release"
    number: 1
    prerelease: false
    ref: "refs/tags/v1.1"
    tag: "v1.1"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}
