use insta::assert_snapshot;
use payload::{Action, Other, State, Status};

use super::*;

mod of_code;

/// The fields of a fact that say something, one a line; those that all events share are checked once, below.
fn check(fact: Fact) -> String {
    let event =
        Event { forge: Forge::GitLab, actor: Actor::default(), repository: None, confidential: false, fact };
    let value = serde_json::to_value(Normalised::of(&event, None)).unwrap();
    let shared = ["actor", "confidential", "forge"];
    let fields = value.as_object().unwrap().iter();
    let fields = fields.filter(|(name, value)| !value.is_null() && !shared.contains(&name.as_str()));
    fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}

fn sha(digit: char) -> Sha {
    Sha::new(digit.to_string().repeat(40)).unwrap()
}

fn item(action: Action, state: State) -> Item {
    Item {
        action: Some(action),
        number: Some(23),
        title: Some("Fix it".to_owned()),
        url: Some("https://gitlab.example.com/g/p/-/it/23".to_owned()),
        state: Some(state),
    }
}

fn subject(topic: Topic) -> Subject {
    Subject { topic, number: Some(23), title: Some("Fix it".to_owned()), commit: None }
}

#[test]
fn every_field_is_there_always_and_in_the_same_order() {
    let event = Event {
        forge: Forge::BitbucketCloud,
        actor: Actor { login: Some("ada".to_owned()), name: None, bot: true },
        repository: Some(Repository {
            name: "P".to_owned(),
            path: Some("g/p".to_owned()),
            url: None,
            default_branch: Some("main".to_owned()),
            private: Some(true),
        }),
        confidential: true,
        fact: Fact::Other(Other { kind: "repo:fork".to_owned(), item: Item::default() }),
    };
    assert_snapshot!(serde_json::to_string_pretty(&Normalised::of(&event, Some("d-1"))).unwrap(), @r#"
    {
      "forge": "bitbucket-cloud",
      "kind": "repo:fork",
      "action": null,
      "delivery_id": "d-1",
      "actor": {
        "login": "ada",
        "name": null,
        "bot": true
      },
      "repository": {
        "path": "g/p",
        "name": "P",
        "url": null,
        "default_branch": "main",
        "private": true
      },
      "ref": null,
      "branch": null,
      "tag": null,
      "before": null,
      "after": null,
      "created": null,
      "deleted": null,
      "forced": null,
      "compare_url": null,
      "commit_count": null,
      "truncated": null,
      "commits": null,
      "number": null,
      "title": null,
      "url": null,
      "state": null,
      "source_branch": null,
      "target_branch": null,
      "draft": null,
      "commit": null,
      "topic": null,
      "text": null,
      "system": null,
      "emoji": null,
      "trigger": null,
      "duration_s": null,
      "prerelease": null,
      "member": null,
      "group": null,
      "role": null,
      "confidential": true,
      "ignored": null
    }
    "#);
}

#[test]
fn what_is_ignored_has_the_forges_name_for_it_and_a_reason() {
    let ignored = Normalised::ignored(Forge::GitHub, Some("create"), Some("d-1"), "told twice");
    let value = serde_json::to_value(&ignored).unwrap();
    let fields = value.as_object().unwrap().iter();
    let told: Vec<_> = fields
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(
        told,
        ["delivery_id: \"d-1\"", "forge: \"github\"", "ignored: \"told twice\"", "kind: \"create\""]
    );
}

#[test]
fn nobody_is_an_object_too() {
    let fact = Fact::Issue(Item::default());
    let event =
        Event { forge: Forge::GitLab, actor: Actor::default(), repository: None, confidential: false, fact };
    let value = serde_json::to_value(Normalised::of(&event, None)).unwrap();
    assert_eq!(value["actor"], serde_json::json!({"login": null, "name": null, "bot": false}));
    assert_eq!(value["repository"], serde_json::Value::Null);
    assert_eq!(value["action"], serde_json::Value::Null);
}

#[test]
fn a_merge_request() {
    let request = MergeRequest {
        item: item(Action::NewCommits, State::Opened),
        source_branch: Some("fix".to_owned()),
        target_branch: Some("main".to_owned()),
        is_draft: Some(true),
    };
    assert_snapshot!(check(Fact::MergeRequest(request)), @r#"
    action: "new_commits"
    draft: true
    kind: "merge_request"
    number: 23
    source_branch: "fix"
    state: "opened"
    target_branch: "main"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}

#[test]
fn an_issue() {
    assert_snapshot!(check(Fact::Issue(item(Action::Reopened, State::Opened))), @r#"
    action: "reopened"
    kind: "issue"
    number: 23
    state: "opened"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}

#[test]
fn comments() {
    let comment = |subject| {
        Fact::Comment(Comment {
            action: Action::Created,
            subject,
            url: Some("https://gitlab.example.com/g/p/-/it/23#note_1".to_owned()),
            text: "Thanks,\nAda".to_owned(),
            is_system: false,
        })
    };
    assert_snapshot!(check(comment(subject(Topic::Issue))), @r#"
    action: "created"
    kind: "comment"
    number: 23
    system: false
    text: "Thanks,\nAda"
    title: "Fix it"
    topic: "issue"
    url: "https://gitlab.example.com/g/p/-/it/23#note_1"
    "#);
    let commit = Subject {
        topic: Topic::Commit,
        number: None,
        title: Some("Fix it".to_owned()),
        commit: Some(sha('c')),
    };
    assert_snapshot!(check(comment(commit)), @r#"
    action: "created"
    commit: "cccccccccccccccccccccccccccccccccccccccc"
    kind: "comment"
    system: false
    text: "Thanks,\nAda"
    title: "Fix it"
    topic: "commit"
    url: "https://gitlab.example.com/g/p/-/it/23#note_1"
    "#);
}

#[test]
fn the_topics_have_the_words_of_the_kinds() {
    let topics = [
        (Topic::Commit, "commit"),
        (Topic::MergeRequest, "merge_request"),
        (Topic::Issue, "issue"),
        (Topic::Snippet, "snippet"),
        (Topic::Other("epic".to_owned()), "epic"),
    ];
    for (topic, word) in topics {
        let emoji =
            Emoji { action: Action::Revoked, name: "eyes".to_owned(), subject: subject(topic), url: None };
        assert!(check(Fact::Emoji(emoji)).contains(&format!("topic: \"{word}\"")), "{word}");
    }
}

#[test]
fn a_wiki_page() {
    let page = Item { number: None, state: None, ..item(Action::Created, State::Opened) };
    assert_snapshot!(check(Fact::WikiPage(page)), @r#"
    action: "created"
    kind: "wiki_page"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}

#[test]
fn a_milestone() {
    assert_snapshot!(check(Fact::Milestone(item(Action::Closed, State::Closed))), @r#"
    action: "closed"
    kind: "milestone"
    number: 23
    state: "closed"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}

#[test]
fn an_emoji() {
    let emoji = Emoji {
        action: Action::Awarded,
        name: "thumbsup".to_owned(),
        subject: subject(Topic::MergeRequest),
        url: Some("https://gitlab.example.com/g/p/-/merge_requests/23".to_owned()),
    };
    assert_snapshot!(check(Fact::Emoji(emoji)), @r#"
    action: "awarded"
    emoji: "thumbsup"
    kind: "emoji"
    number: 23
    title: "Fix it"
    topic: "merge_request"
    url: "https://gitlab.example.com/g/p/-/merge_requests/23"
    "#);
}

#[test]
fn a_feature_flag() {
    let flag = Item { action: None, ..item(Action::Updated, State::Other("active".to_owned())) };
    assert_snapshot!(check(Fact::FeatureFlag(flag)), @r#"
    kind: "feature_flag"
    number: 23
    state: "active"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}

#[test]
fn a_member() {
    let member = Member {
        action: Action::Added,
        account: Actor { login: Some("ada".to_owned()), name: Some("Ada L.".to_owned()), bot: false },
        group: Some("webhook-test".to_owned()),
        role: Some("Developer".to_owned()),
        url: None,
    };
    assert_snapshot!(check(Fact::Member(member)), @r#"
    action: "added"
    group: "webhook-test"
    kind: "member"
    member: {"bot":false,"login":"ada","name":"Ada L."}
    role: "Developer"
    "#);
}

#[test]
fn anything_else() {
    let item = Item { number: None, state: None, ..item(Action::Other("started".to_owned()), State::Opened) };
    assert_snapshot!(check(Fact::Other(Other { kind: "watch".to_owned(), item })), @r#"
    action: "started"
    kind: "watch"
    title: "Fix it"
    url: "https://gitlab.example.com/g/p/-/it/23"
    "#);
}
