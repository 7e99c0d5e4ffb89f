//! Everything but pushes, in the ways that a sample does not show.

use config::LineStyle;
use insta::assert_snapshot;
use payload::{Action, Actor, Event, Fact, Forge, Item, MergeRequest, Run, State, Status, Topic};

use super::{samples, told};

fn check(kind: &str, change: impl FnOnce(&mut Event)) -> String {
    let mut event = samples::of_kind(kind).unwrap();
    change(&mut event);
    // An address that all of them share says nothing here.
    told(&event, LineStyle::Compact).split(" - http").next().unwrap().to_owned()
}

fn nobody() -> Actor {
    Actor::default()
}

/// A merge request after each action.
fn merge_request(action: Option<Action>, change: impl FnOnce(&mut MergeRequest)) -> String {
    check("merge_request", |event| {
        let Fact::MergeRequest(request) = &mut event.fact else { panic!() };
        request.item.action = action;
        change(request);
    })
}

fn run(kind: &str, change: impl FnOnce(&mut Run)) -> String {
    check(kind, |event| {
        let (Fact::Pipeline(run) | Fact::Job(run)) = &mut event.fact else { panic!() };
        change(run);
    })
}

#[test]
fn what_is_done_to_a_merge_request() {
    let told: Vec<_> = [
        Action::Opened,
        Action::Updated,
        Action::Closed,
        Action::Reopened,
        Action::Merged,
        Action::NewCommits,
        Action::Approved,
        Action::Unapproved,
        Action::ChangesRequested,
        Action::Reviewed,
        Action::Drafted,
        Action::Ready,
        Action::Other("labeled".to_owned()),
        Action::Other("review_requested".to_owned()),
    ]
    .map(|action| merge_request(Some(action), |_| {}))
    .into();
    assert_snapshot!(told.join("\n"), @"
    [Diaspora] Ann Author opened merge request !12 (dark-theme -> main): Add a dark theme
    [Diaspora] Ann Author updated merge request !12: Add a dark theme
    [Diaspora] Ann Author closed merge request !12: Add a dark theme
    [Diaspora] Ann Author reopened merge request !12 (dark-theme -> main): Add a dark theme
    [Diaspora] Ann Author merged merge request !12 (dark-theme -> main): Add a dark theme
    [Diaspora] Ann Author pushed new commits to merge request !12: Add a dark theme
    [Diaspora] Ann Author approved merge request !12: Add a dark theme
    [Diaspora] Ann Author withdrew the approval of merge request !12: Add a dark theme
    [Diaspora] Ann Author requested changes on merge request !12: Add a dark theme
    [Diaspora] Ann Author reviewed merge request !12: Add a dark theme
    [Diaspora] Ann Author marked merge request !12 as a draft: Add a dark theme
    [Diaspora] Ann Author marked merge request !12 (dark-theme -> main) as ready: Add a dark theme
    [Diaspora] Ann Author labeled merge request !12: Add a dark theme
    [Diaspora] Ann Author changed merge request !12 (review requested): Add a dark theme
    ");
}

#[test]
fn where_a_merge_request_stands_is_said_if_the_action_does_not() {
    assert_snapshot!(merge_request(Some(Action::Updated), |request| request.item.state = Some(State::Merged)), @"[Diaspora] Ann Author updated merge request !12 (merged): Add a dark theme");
    assert_snapshot!(merge_request(Some(Action::Merged), |request| request.item.state = Some(State::Merged)), @"[Diaspora] Ann Author merged merge request !12 (dark-theme -> main): Add a dark theme");
    assert_snapshot!(merge_request(Some(Action::Opened), |request| request.is_draft = Some(true)), @"[Diaspora] Ann Author opened draft merge request !12 (dark-theme -> main): Add a dark theme");
    let said_already = merge_request(Some(Action::Opened), |request| {
        request.is_draft = Some(true);
        request.item.title = Some("Draft: Add a dark theme".to_owned());
    });
    assert_snapshot!(said_already, @"[Diaspora] Ann Author opened merge request !12 (dark-theme -> main): Draft: Add a dark theme");
    assert_snapshot!(merge_request(None, |_| {}), @"[Diaspora] Ann Author: merge request !12 (dark-theme -> main) is opened: Add a dark theme");
    assert_snapshot!(merge_request(None, |request| request.item.state = None), @"[Diaspora] Ann Author: merge request !12 (dark-theme -> main): Add a dark theme");
}

#[test]
fn on_other_forges_it_is_a_pull_request() {
    for forge in [
        Forge::GitHub,
        Forge::Gitea,
        Forge::Forgejo,
        Forge::Gogs,
        Forge::BitbucketCloud,
        Forge::BitbucketServer,
    ] {
        let text = check("merge_request", |event| event.forge = forge);
        assert_eq!(
            text,
            "[Diaspora] Ann Author opened pull request #12 (dark-theme -> main): Add a dark theme"
        );
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let bare = |kind: &str, fact: Fact| {
        check(kind, |event| *event = Event { actor: nobody(), repository: None, fact, ..event.clone() })
    };
    assert_snapshot!(bare("merge_request", Fact::MergeRequest(MergeRequest::default())), @"merge request");
    assert_snapshot!(bare("issue", Fact::Issue(Item { action: Some(Action::Closed), ..Item::default() })), @"(somebody) closed issue");
    assert_snapshot!(bare("wiki_page", Fact::WikiPage(Item { action: Some(Action::Deleted), ..Item::default() })), @"(somebody) deleted wiki page");
    assert_snapshot!(bare("milestone", Fact::Milestone(Item { number: Some(3), ..Item::default() })), @"milestone %3");
    assert_snapshot!(bare("release", Fact::Release(payload::Release::default())), @"release");
    assert_snapshot!(bare("other", Fact::Other(payload::Other { kind: "project_create".to_owned(), item: Item::default() })), @"project create");
}

#[test]
fn what_is_confidential_is_marked() {
    assert_snapshot!(check("issue", |event| event.confidential = true), @"[Diaspora] (confidential) Ann Author opened issue #23: The menu does not close");
}

#[test]
fn comments_on_everything() {
    let about = |topic, number, commit: bool| {
        check("comment", |event| {
            let Fact::Comment(comment) = &mut event.fact else { panic!() };
            comment.subject.topic = topic;
            comment.subject.number = number;
            comment.subject.commit = commit.then(|| payload::Sha::new("a".repeat(40)).unwrap());
        })
    };
    let told = [
        about(Topic::Commit, None, true),
        about(Topic::Commit, None, false),
        about(Topic::MergeRequest, Some(12), true),
        about(Topic::Snippet, Some(7), false),
        about(Topic::Other("wiki_page".to_owned()), None, false),
    ];
    assert_snapshot!(told.join("\n"), @"
    [Diaspora] Ann Author commented on commit aaaaaaaa (The menu does not close): It closes for me.
    [Diaspora] Ann Author commented on a commit (The menu does not close): It closes for me.
    [Diaspora] Ann Author commented on merge request !12 (The menu does not close): It closes for me.
    [Diaspora] Ann Author commented on snippet $7 (The menu does not close): It closes for me.
    [Diaspora] Ann Author commented on wiki page (The menu does not close): It closes for me.
    ");
}

#[test]
fn a_comment_that_is_changed_or_deleted() {
    let after = |action, text: &str| {
        check("comment", |event| {
            let Fact::Comment(comment) = &mut event.fact else { panic!() };
            comment.action = action;
            comment.text = text.to_owned();
        })
    };
    assert_snapshot!(after(Action::Updated, "better"), @"[Diaspora] Ann Author changed a comment on issue #23 (The menu does not close): better");
    assert_snapshot!(after(Action::Deleted, "worse"), @"[Diaspora] Ann Author deleted a comment on issue #23 (The menu does not close)");
    assert_snapshot!(after(Action::Other("resolved".to_owned()), "done"), @"[Diaspora] Ann Author resolved a comment on issue #23 (The menu does not close): done");
    assert_snapshot!(after(Action::Created, "<!-- nothing -->"), @"[Diaspora] Ann Author commented on issue #23 (The menu does not close)");
}

#[test]
fn how_pipelines_go() {
    let told: Vec<_> = [
        Status::Created,
        Status::Pending,
        Status::Running,
        Status::Success,
        Status::Failed,
        Status::Canceled,
        Status::Skipped,
        Status::Manual,
        Status::Scheduled,
        Status::Other("action_stale".to_owned()),
    ]
    .map(|status| run("pipeline", |run| run.status = status))
    .into();
    assert_snapshot!(told.join("\n"), @"
    [Diaspora] pipeline #31 on main was created (Ann Author, da156088)
    [Diaspora] pipeline #31 on main is pending (Ann Author, da156088)
    [Diaspora] pipeline #31 on main is running (Ann Author, da156088)
    [Diaspora] pipeline #31 on main passed after 1 min 3 s (Ann Author, da156088)
    [Diaspora] pipeline #31 on main failed after 1 min 3 s (Ann Author, da156088)
    [Diaspora] pipeline #31 on main was canceled after 1 min 3 s (Ann Author, da156088)
    [Diaspora] pipeline #31 on main was skipped (Ann Author, da156088)
    [Diaspora] pipeline #31 on main waits for somebody to start it (Ann Author, da156088)
    [Diaspora] pipeline #31 on main is scheduled (Ann Author, da156088)
    [Diaspora] pipeline #31 on main is action stale after 1 min 3 s (Ann Author, da156088)
    ");
}

#[test]
fn runs_with_more_and_less_to_tell() {
    let named = run("pipeline", |run| {
        run.name = Some("CI".to_owned());
        run.reference = Some(payload::Reference::Tag("v1".to_owned()));
    });
    let bare = check("job", |event| {
        event.actor = nobody();
        let Fact::Job(run) = &mut event.fact else { panic!() };
        (run.name, run.reference, run.commit, run.duration_s) = (None, None, None, None);
    });
    let unknown_commit = run("job", |run| run.commit = None);
    assert_snapshot!([named, bare, unknown_commit].join("\n"), @"
    [Diaspora] pipeline CI #31 on tag v1 passed after 1 min 3 s (Ann Author, da156088)
    [Diaspora] job #377 failed
    [Diaspora] job test on main failed after 1 min 3 s (Ann Author)
    ");
}

#[test]
fn members_come_change_and_go() {
    let member = |actor: Actor, action| {
        check("member", |event| {
            let Fact::Member(member) = &mut event.fact else { panic!() };
            member.action = action;
            if actor.login.is_none() {
                member.group = None;
            }
            event.actor = actor;
        })
    };
    let ann = || samples::of_kind("member").unwrap().actor;
    let bob = || Actor { login: Some("bob".to_owned()), ..Actor::default() };
    let own = || Action::Other("access_requested".to_owned());
    let told: Vec<_> = [ann, bob, nobody]
        .into_iter()
        .flat_map(|actor| {
            [Action::Added, Action::Updated, Action::Removed, own()].map(|action| member(actor(), action))
        })
        .collect();
    assert_snapshot!(told.join("\n"), @"
    [Diaspora] Ann Author added Bob Builder to Mike's projects as Developer
    [Diaspora] Ann Author changed the role of Bob Builder in Mike's projects to Developer
    [Diaspora] Ann Author removed Bob Builder from Mike's projects, was Developer
    [Diaspora] Ann Author: Bob Builder in Mike's projects (access requested), Developer
    [Diaspora] Bob Builder joined Mike's projects as Developer
    [Diaspora] Bob Builder has another role in Mike's projects: Developer
    [Diaspora] Bob Builder left Mike's projects, was Developer
    [Diaspora] Bob Builder in Mike's projects (access requested), Developer
    [Diaspora] Bob Builder was added to the project as Developer
    [Diaspora] Bob Builder has another role in the project: Developer
    [Diaspora] Bob Builder is no longer in the project, was Developer
    [Diaspora] Bob Builder in the project (access requested), Developer
    ");
}

#[test]
fn an_emoji_is_taken_back_and_a_flag_switched_off() {
    let emoji = check("emoji", |event| {
        let Fact::Emoji(emoji) = &mut event.fact else { panic!() };
        emoji.action = Action::Revoked;
    });
    let flag = |state: Option<&str>| {
        check("feature_flag", |event| {
            let Fact::FeatureFlag(flag) = &mut event.fact else { panic!() };
            flag.state = state.map(|state| State::Other(state.to_owned()));
        })
    };
    assert_snapshot!([emoji, flag(Some("inactive")), flag(None)].join("\n"), @"
    [Diaspora] Ann Author took back :thumbsup: from issue #23 (The menu does not close)
    [Diaspora] Ann Author switched feature flag dark_theme off
    [Diaspora] Ann Author updated feature flag dark_theme
    ");
}

#[test]
fn a_release_is_known_by_its_name_and_its_tag() {
    let release = |name: Option<&str>, is_prerelease| {
        check("release", |event| {
            let Fact::Release(release) = &mut event.fact else { panic!() };
            release.item.title = name.map(str::to_owned);
            release.item.action = Some(Action::Published);
            release.is_prerelease = is_prerelease;
        })
    };
    assert_snapshot!([release(Some("v1.0"), None), release(None, Some(true))].join("\n"), @"
    [Diaspora] Ann Author published release v1.0
    [Diaspora] Ann Author published prerelease v1.0
    ");
}

#[test]
fn a_kind_of_its_own_is_told_in_the_forges_words() {
    let other = |action: Option<Action>, state| {
        check("other", |event| {
            let Fact::Other(other) = &mut event.fact else { panic!() };
            other.kind = "vulnerability_alert".to_owned();
            other.item = Item {
                action,
                state,
                number: Some(4),
                title: Some("CVE-2026-1 in left-pad".to_owned()),
                url: None,
            };
        })
    };
    assert_snapshot!(other(None, Some(State::Other("detected".to_owned()))), @"[Diaspora] Ann Author: vulnerability alert #4 detected: CVE-2026-1 in left-pad");
    assert_snapshot!(other(Some(Action::Other("auto_dismissed".to_owned())), None), @"[Diaspora] Ann Author: vulnerability alert #4 auto dismissed: CVE-2026-1 in left-pad");
    assert_snapshot!(other(None, None), @"[Diaspora] Ann Author: vulnerability alert #4: CVE-2026-1 in left-pad");
}
