//! One event of each kind, made up: what a preview shows, and what templates are tried on.
//!
//! Not here: payloads of forges (`tests/fixtures`).

use payload::{
    Action, Actor, Comment, Commit, Deployment, Emoji, Event, Fact, Forge, Item, Member, MergeRequest, Other,
    Push, RefChange, Reference, Release, Repository, Run, Sha, State, Status, Subject, TagPush, Topic,
};

const BEFORE: &str = "95790bf891e76fee5e1747ab589903a6a1f80f22";
const AFTER: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
const PAGE: &str = "https://gitlab.example.com/mike/diaspora";

/// The sample of a kind; `None` for what is no kind.
pub(super) fn of_kind(kind: &str) -> Option<Event> {
    let fact = match kind {
        "push" => Fact::Push(push()?),
        "tag" => Fact::Tag(TagPush {
            tag: "v1.0".to_owned(),
            change: RefChange::Created { after: sha(AFTER)? },
            annotation: Some("The first release".to_owned()),
            compare_url: None,
        }),
        "merge_request" => Fact::MergeRequest(merge_request()),
        "issue" => Fact::Issue(item(23, Action::Opened, "The menu does not close", "issues/23")),
        "comment" => Fact::Comment(comment()),
        "pipeline" => Fact::Pipeline(run(None, 31, Status::Success)?),
        "job" => Fact::Job(run(Some("test"), 377, Status::Failed)?),
        "deployment" => Fact::Deployment(deployment()?),
        "release" => Fact::Release(Release {
            item: Item { number: None, ..item(0, Action::Created, "Bellflower", "releases/v1.0") },
            tag: Some("v1.0".to_owned()),
            is_prerelease: Some(false),
        }),
        "wiki_page" => Fact::WikiPage(Item {
            number: None,
            state: None,
            ..item(0, Action::Updated, "How to build", "wikis/build")
        }),
        "milestone" => Fact::Milestone(Item {
            state: Some(State::Closed),
            ..item(3, Action::Closed, "1.0", "milestones/3")
        }),
        "emoji" => Fact::Emoji(Emoji {
            action: Action::Awarded,
            name: "thumbsup".to_owned(),
            subject: subject(),
            url: Some(page("issues/23")),
        }),
        "feature_flag" => Fact::FeatureFlag(Item {
            state: Some(State::Other("active".to_owned())),
            ..item(6, Action::Updated, "dark_theme", "feature_flags/6")
        }),
        "member" => Fact::Member(Member {
            action: Action::Added,
            account: person("bob", "Bob Builder"),
            group: Some("Mike's projects".to_owned()),
            role: Some("Developer".to_owned()),
            url: Some(page("project_members")),
        }),
        "other" => Fact::Other(Other {
            kind: "star".to_owned(),
            item: Item { action: Some(Action::Created), url: Some(page("starrers")), ..Item::default() },
        }),
        _ => return None,
    };
    Some(Event {
        forge: Forge::GitLab,
        actor: person("ann", "Ann Author"),
        repository: Some(Repository {
            name: "Diaspora".to_owned(),
            path: Some("mike/diaspora".to_owned()),
            url: Some(PAGE.to_owned()),
            default_branch: Some("main".to_owned()),
            private: Some(false),
        }),
        confidential: false,
        fact,
    })
}

fn push() -> Option<Push> {
    const TITLES: [&str; 5] =
        ["Draw the menu", "Close the menu", "Test the menu", "Translate the menu", "Tell of the menu"];
    let commits = TITLES.into_iter().zip(1_u32..).map(|(title, nth)| {
        let id = if title == TITLES[TITLES.len() - 1] {
            AFTER.to_owned()
        } else {
            format!("{nth}{}", &BEFORE[1..])
        };
        Some(Commit {
            url: Some(page(&format!("commit/{id}"))),
            id: sha(&id)?,
            title: title.to_owned(),
            author: "Ann Author".to_owned(),
            files: Some(2),
        })
    });
    Some(Push {
        branch: "main".to_owned(),
        change: RefChange::Updated { before: sha(BEFORE)?, after: sha(AFTER)? },
        compare_url: Some(page(&format!("compare/{BEFORE}...{AFTER}"))),
        commits: commits.collect::<Option<_>>()?,
        commit_count: Some(TITLES.len() as u64),
        is_truncated: false,
        forced: None,
    })
}

fn merge_request() -> MergeRequest {
    MergeRequest {
        item: item(12, Action::Opened, "Add a dark theme", "merge_requests/12"),
        source_branch: Some("dark-theme".to_owned()),
        target_branch: Some("main".to_owned()),
        is_draft: Some(false),
    }
}

fn comment() -> Comment {
    Comment {
        action: Action::Created,
        subject: subject(),
        url: Some(page("issues/23#note_1241")),
        text: "It closes for **me**.\n\nWhich browser is it?".to_owned(),
        is_system: false,
    }
}

fn deployment() -> Option<Deployment> {
    Some(Deployment {
        action: None,
        number: Some(5),
        environment: Some("production".to_owned()),
        status: Status::Success,
        url: Some(page("environments/1")),
        reference: Some(Reference::Tag("v1.0".to_owned())),
        commit: Some(sha(AFTER)?),
    })
}

fn run(name: Option<&str>, number: u64, status: Status) -> Option<Run> {
    Some(Run {
        action: None,
        number: Some(number),
        name: name.map(str::to_owned),
        url: Some(page(&format!("{}/{number}", if name.is_some() { "jobs" } else { "pipelines" }))),
        status,
        reference: Some(Reference::Branch("main".to_owned())),
        commit: Some(sha(AFTER)?),
        source: Some("push".to_owned()),
        duration_s: Some(63),
    })
}

fn subject() -> Subject {
    Subject {
        topic: Topic::Issue,
        number: Some(23),
        title: Some("The menu does not close".to_owned()),
        commit: None,
    }
}

fn item(number: u64, action: Action, title: &str, path: &str) -> Item {
    Item {
        action: Some(action),
        number: Some(number),
        title: Some(title.to_owned()),
        url: Some(page(path)),
        state: Some(State::Opened),
    }
}

fn person(login: &str, name: &str) -> Actor {
    Actor { login: Some(login.to_owned()), name: Some(name.to_owned()), bot: false }
}

fn page(path: &str) -> String {
    format!("{PAGE}/-/{path}")
}

fn sha(id: &str) -> Option<Sha> {
    Sha::new(id.to_owned())
}

#[cfg(test)]
mod tests {
    use config::TEMPLATE_KINDS;

    use super::*;

    #[test]
    fn there_is_a_sample_of_every_kind() {
        for kind in TEMPLATE_KINDS {
            let event = of_kind(kind).unwrap();
            let own = if kind == "other" { "star" } else { kind };
            assert_eq!(event.fact.kind(), own);
        }
        assert_eq!(of_kind("star"), None);
    }
}
