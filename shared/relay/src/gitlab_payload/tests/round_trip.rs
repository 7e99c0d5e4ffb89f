//! What is rendered is read again as the same event, as far as GitLab's format can hold it.

use std::path::Path;

use payload::{
    Comment, Commit, Deployment, Emoji, Item, Member, MergeRequest, Other, Push, RefChange, Reference,
    Release, Run, Sha, Status, Subject, TagPush, Topic,
};
use proptest::option::of as maybe;
use proptest::prelude::*;

use super::*;

/// What a target that understands GitLab makes of it.
fn read_again(event: &Event) -> Event {
    let body = gitlab_payload(event).to_string();
    let mut events = events(Forge::GitLab, ("x-gitlab-event", &event_name(event)), &body);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// The event, less what GitLab has no field for, or tells in another way.
fn as_gitlab_tells_it(mut event: Event) -> Event {
    event.forge = Forge::GitLab;
    let named = |actor: &mut Actor| actor.name = actor.name.take().or_else(|| actor.login.clone());
    named(&mut event.actor);
    match &mut event.fact {
        Fact::Push(push) => push.compare_url = None,
        Fact::Job(run) => run.url = None,
        Fact::Member(member) => {
            named(&mut member.account);
            if let Some(repository) = &mut event.repository {
                (repository.url, repository.default_branch, repository.private) = (None, None, None);
            }
        }
        _ => {}
    }
    event
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zäß0-9 \"\\\\#:/<{}-]{1,24}"
}

fn word() -> impl Strategy<Value = String> {
    "[a-z]{3,8}"
}

fn page() -> impl Strategy<Value = String> {
    word().prop_map(|word| format!("https://git.example.com/{word}"))
}

fn sha() -> impl Strategy<Value = Sha> {
    "[1-9a-f][0-9a-f]{39}".prop_map(|id| Sha::new(id).unwrap())
}

fn actor() -> impl Strategy<Value = Actor> {
    (maybe(word()), maybe(text())).prop_map(|(login, name)| Actor { login, name, bot: false })
}

fn repository() -> impl Strategy<Value = Repository> {
    (text(), word(), maybe(word()), maybe(any::<bool>())).prop_map(|(name, path, default_branch, private)| {
        let path = format!("mike/{path}");
        let url = Some(format!("https://git.example.com/{path}"));
        Repository { name, path: Some(path), url, default_branch, private }
    })
}

fn item(actions: &'static [Action]) -> impl Strategy<Value = Item> {
    let states = [State::Opened, State::Closed, State::Merged, State::Other("frozen".to_owned())];
    let state = maybe(prop::sample::select(states.to_vec()));
    (maybe(prop::sample::select(actions)), maybe(any::<u64>()), text(), page(), state).prop_map(
        |(action, number, title, url, state)| Item {
            action,
            number,
            title: Some(title),
            url: Some(url),
            state,
        },
    )
}

const DONE: &[Action] = &[Action::Opened, Action::Updated, Action::Closed, Action::Reopened];
const MADE: &[Action] = &[Action::Created, Action::Updated, Action::Deleted];
const MERGED: &[Action] = &[
    Action::Opened,
    Action::Updated,
    Action::Closed,
    Action::Reopened,
    Action::Merged,
    Action::Approved,
    Action::Unapproved,
    Action::NewCommits,
    Action::Drafted,
    Action::Ready,
    Action::ChangesRequested,
    Action::Reviewed,
];

fn change() -> impl Strategy<Value = RefChange> {
    prop_oneof![
        sha().prop_map(|after| RefChange::Created { after }),
        sha().prop_map(|before| RefChange::Deleted { before: Some(before) }),
        (sha(), sha()).prop_map(|(before, after)| RefChange::Updated { before, after }),
    ]
}

fn push() -> impl Strategy<Value = Fact> {
    let commit = (sha(), text(), text(), maybe(page())).prop_map(|(id, title, author, url)| Commit {
        id,
        title,
        author,
        url,
        files: None,
    });
    let commits = prop::collection::vec(commit, 0..3);
    (text(), change(), commits, any::<u64>()).prop_map(|(branch, change, commits, count)| {
        let (compare_url, is_truncated, forced) = (None, false, None);
        Fact::Push(Push {
            branch,
            change,
            compare_url,
            commits,
            commit_count: Some(count),
            is_truncated,
            forced,
        })
    })
}

fn tag() -> impl Strategy<Value = Fact> {
    (text(), change(), maybe(text())).prop_map(|(tag, change, annotation)| {
        Fact::Tag(TagPush { tag, change, annotation, compare_url: None })
    })
}

fn merge_request() -> impl Strategy<Value = Fact> {
    (item(MERGED), maybe(text()), maybe(text()), maybe(any::<bool>())).prop_map(
        |(item, source_branch, target_branch, is_draft)| {
            Fact::MergeRequest(MergeRequest { item, source_branch, target_branch, is_draft })
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    let own = ["epic", "wiki_page", "vulnerability"].map(|own| Topic::Other(own.to_owned()));
    let topics = [Topic::MergeRequest, Topic::Issue, Topic::Snippet].into_iter().chain(own);
    let numbered = (prop::sample::select(topics.collect::<Vec<_>>()), maybe(any::<u64>()), maybe(text()));
    prop_oneof![
        numbered.prop_map(|(topic, number, title)| Subject { topic, number, title, commit: None }),
        (maybe(sha()), maybe(text())).prop_map(|(commit, title)| Subject {
            topic: Topic::Commit,
            number: None,
            title,
            commit
        }),
    ]
}

fn comment() -> impl Strategy<Value = Fact> {
    (prop::sample::select(MADE), subject(), maybe(page()), any::<String>(), any::<bool>()).prop_map(
        |(action, subject, url, text, is_system)| {
            Fact::Comment(Comment { action, subject, url, text, is_system })
        },
    )
}

fn emoji() -> impl Strategy<Value = Fact> {
    (prop::sample::select(&[Action::Awarded, Action::Revoked][..]), word(), subject(), maybe(page()))
        .prop_map(|(action, name, subject, url)| Fact::Emoji(Emoji { action, name, subject, url }))
}

fn reference() -> impl Strategy<Value = Option<Reference>> {
    maybe(
        (word(), any::<bool>()).prop_map(
            |(name, is_tag)| {
                if is_tag { Reference::Tag(name) } else { Reference::Branch(name) }
            },
        ),
    )
}

fn status() -> impl Strategy<Value = Status> {
    let words = ["created", "pending", "running", "success", "failed", "canceled", "skipped", "neutral"];
    prop::sample::select(words.map(Status::of).to_vec())
}

fn run() -> impl Strategy<Value = Run> {
    let known = (maybe(any::<u64>()), maybe(text()), page(), status(), reference());
    (known, maybe(sha()), maybe(any::<u32>())).prop_map(
        |((number, name, url, status, reference), commit, duration)| {
            let is_over = ["success", "failed", "canceled", "skipped"].contains(&status.as_str());
            let duration_s = duration.filter(|_| is_over).map(u64::from);
            let (action, url, source) = (None, Some(url), None);
            Run { action, number, name, url, status, reference, commit, source, duration_s }
        },
    )
}

fn deployment() -> impl Strategy<Value = Fact> {
    (maybe(any::<u64>()), maybe(text()), status(), maybe(page()), word(), maybe(sha())).prop_map(
        |(number, environment, status, url, branch, commit)| {
            let (action, reference) = (None, Some(Reference::Branch(branch)));
            Fact::Deployment(Deployment { action, number, environment, status, url, reference, commit })
        },
    )
}

fn member() -> impl Strategy<Value = Fact> {
    let asked = Action::Other("access_request".to_owned());
    let actions = vec![Action::Added, Action::Updated, Action::Removed, asked];
    (prop::sample::select(actions), actor(), maybe(text()), maybe(word())).prop_map(
        |(action, account, group, role)| Fact::Member(Member { action, account, group, role, url: None }),
    )
}

fn fact() -> impl Strategy<Value = Fact> {
    let named = |item: Item| Item { number: None, state: None, ..item };
    let flag = |(item, on): (Item, bool)| {
        let state = if on { "active" } else { "inactive" };
        Fact::FeatureFlag(Item { state: Some(State::Other(state.to_owned())), ..item })
    };
    let job = |run: Run| Fact::Job(Run { source: None, ..run });
    let other = |(kind, item)| Fact::Other(Other { kind, item });
    prop_oneof![
        push(),
        tag(),
        merge_request(),
        item(DONE).prop_map(Fact::Issue),
        comment(),
        emoji(),
        (run(), maybe(word())).prop_map(|(run, source)| Fact::Pipeline(Run { source, ..run })),
        run().prop_map(job),
        deployment(),
        (item(MADE), text()).prop_map(move |(item, tag)| {
            Fact::Release(Release { item: named(item), tag: Some(tag), is_prerelease: None })
        }),
        item(MADE).prop_map(Fact::WikiPage),
        item(DONE).prop_map(Fact::Milestone),
        (item(DONE), any::<bool>()).prop_map(flag),
        member(),
        (prop::sample::select(vec!["star".to_owned(), "branch_protection_rule".to_owned()]), item(DONE))
            .prop_map(other),
    ]
}

/// GitLab marks only what has attributes of its own.
fn can_be_confidential(fact: &Fact) -> bool {
    let has_none =
        matches!(fact, Fact::Push(_) | Fact::Tag(_) | Fact::Job(_) | Fact::Deployment(_) | Fact::Release(_));
    !has_none && !matches!(fact, Fact::Member(_))
}

fn event() -> impl Strategy<Value = Event> {
    let forges = [Forge::GitLab, Forge::GitHub, Forge::Gitea, Forge::BitbucketCloud, Forge::BitbucketServer];
    (prop::sample::select(forges.to_vec()), actor(), repository(), any::<bool>(), fact()).prop_map(
        |(forge, actor, repository, confidential, fact)| Event {
            forge,
            actor,
            repository: Some(repository),
            confidential: confidential && can_be_confidential(&fact),
            fact,
        },
    )
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_again_as_the_same_event(event in event()) {
        let mut read = read_again(&event);
        // GitLab sends no link to a change, nor a job's page: whoever reads makes them up.
        match &mut read.fact {
            Fact::Push(push) => push.compare_url = None,
            Fact::Job(run) => run.url = None,
            _ => {}
        }
        prop_assert_eq!(read, as_gitlab_tells_it(event));
    }
}

/// Each payload of the collection, as an event, but for those of today's GitLab: they go on as they are.
fn collection() -> Vec<(String, Event)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/payloads");
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let mut all = Vec::new();
    for line in manifest.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let (forge, name, file, header) = (columns[1], columns[2], columns[3], columns[7]);
        let forge = match forge {
            "github" => Forge::GitHub,
            "gitea" => Forge::Gitea,
            "bitbucket-cloud" => Forge::BitbucketCloud,
            "bitbucket-server" => Forge::BitbucketServer,
            _ => Forge::GitLab,
        };
        let body = std::fs::read(folder.join(file)).unwrap();
        let header = header.parse().ok().zip(name.parse().ok());
        let headers: HeaderMap = header
            .into_iter()
            .map(|(name, value): (http::HeaderName, http::HeaderValue)| (name, value))
            .collect();
        let goes_on = serde_json::from_slice(&body).is_ok_and(|payload| is_todays(&payload));
        if forge == Forge::GitLab && goes_on {
            continue;
        }
        if let Parsed::Events(events) = parse(forge, Payload { headers: &headers, body: &body }).unwrap() {
            all.extend(events.into_iter().map(|event| (file.to_owned(), event)));
        }
    }
    all
}

#[test]
fn every_payload_of_every_forge_is_of_the_same_kind_for_those_who_know_gitlab_alone() {
    let all = collection();
    assert!(all.len() > 150, "only {} events", all.len());
    for (file, event) in all {
        // A branch that went, of which Gitea does not tell where it was, comes from zeros and goes to zeros.
        if matches!(&event.fact, Fact::Push(Push { change: RefChange::Deleted { before: None }, .. })) {
            continue;
        }
        let read = read_again(&event);
        assert_eq!(read.fact.kind(), event.fact.kind(), "{file}");
        let name = |event: &Event| event.repository.as_ref().map(|place| place.name.clone());
        assert_eq!(name(&read), name(&event), "{file}");
        assert_eq!(read.actor.login, event.actor.login, "{file}");
    }
}
