//! Pushes in compact style, in all the ways in which branches and tags come and go.

use config::{LineSettings, LineStyle};
use insta::assert_snapshot;
use payload::{Event, Fact, Forge, Push, RefChange, Sha, TagPush};

use super::{samples, shown, told};

fn sha(digit: char) -> Sha {
    Sha::new(digit.to_string().repeat(40)).unwrap()
}

/// The sample push, changed.
fn push(change: impl FnOnce(&mut Push)) -> Event {
    let mut event = samples::of_kind("push").unwrap();
    let Fact::Push(push) = &mut event.fact else { panic!() };
    change(push);
    event
}

fn check(change: impl FnOnce(&mut Push)) -> String {
    told(&push(change), LineStyle::Compact)
}

/// With the newest commit alone.
fn one(push: &mut Push) {
    push.commits.drain(..4);
    push.commit_count = Some(1);
}

#[test]
fn one_commit_is_one_line() {
    assert_snapshot!(check(one), @"[Diaspora] Ann Author pushed da156088 to main (2 files): Tell of the menu - https://gitlab.example.com/mike/diaspora/-/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7");
}

#[test]
fn an_author_who_did_not_push_is_named() {
    let text = check(|push| {
        one(push);
        push.commits[0].author = "Bob".to_owned();
        push.commits[0].files = Some(1);
    });
    assert_snapshot!(text, @"[Diaspora] Ann Author pushed da156088 by Bob to main (1 file): Tell of the menu - https://gitlab.example.com/mike/diaspora/-/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7");
}

#[test]
fn as_many_commits_as_asked_for() {
    let settings = |max_commits| LineSettings { max_commits, ..LineSettings::default() };
    let event = push(|_| {});
    assert_snapshot!(shown(&event, &settings(0)), @"[Diaspora] Ann Author pushed 5 commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088");
    assert_snapshot!(shown(&event, &settings(1)), @"
    [Diaspora] Ann Author pushed 5 commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
    Diaspora/main da156088 Ann Author (2 files): Tell of the menu (+4 more)
    ");
    assert_eq!(shown(&event, &settings(5)).lines().count(), 6);
    assert!(!shown(&event, &settings(5)).contains("more"));
    assert_snapshot!(shown(&push(one), &settings(0)), @"[Diaspora] Ann Author pushed 1 commit to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088");
}

#[test]
fn a_payload_holds_few_commits_of_many_and_the_count_is_true() {
    assert_snapshot!(check(|push| push.commit_count = Some(500)), @"
    [Diaspora] Ann Author pushed 500 commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
    Diaspora/main da156088 Ann Author (2 files): Tell of the menu
    Diaspora/main 45790bf8 Ann Author (2 files): Translate the menu
    Diaspora/main 35790bf8 Ann Author (2 files): Test the menu (+497 more)
    ");
}

#[test]
fn a_forge_that_stops_counting_is_not_believed_too_much() {
    assert_snapshot!(check(|push| push.is_truncated = true), @"
    [Diaspora] Ann Author pushed 5+ commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
    Diaspora/main da156088 Ann Author (2 files): Tell of the menu
    Diaspora/main 45790bf8 Ann Author (2 files): Translate the menu
    Diaspora/main 35790bf8 Ann Author (2 files): Test the menu (+2 or more)
    ");
    let all_shown = check(|push| {
        push.is_truncated = true;
        push.commits.drain(..2);
        push.commit_count = Some(3);
    });
    assert!(all_shown.ends_with("(2 files): Test the menu (and more)"), "{all_shown}");
    assert!(all_shown.contains("pushed 3+ commits"), "{all_shown}");
}

#[test]
fn a_forge_that_does_not_count_is_told_as_it_is() {
    let text = check(|push| {
        push.commits.clear();
        push.commit_count = None;
        push.compare_url = None;
    });
    assert_snapshot!(text, @"[Diaspora] Ann Author pushed to main (95790bf8 to da156088)");
}

#[test]
fn force_is_said() {
    assert_snapshot!(check(|push| { one(push); push.forced = Some(true) }), @"[Diaspora] Ann Author force-pushed da156088 to main (2 files): Tell of the menu - https://gitlab.example.com/mike/diaspora/-/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7");
    assert_snapshot!(check(|push| { push.commit_count = Some(0); push.commits.clear(); push.forced = Some(true) }), @"[Diaspora] Ann Author force-pushed main (95790bf8 to da156088): https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088");
    assert!(
        check(|push| push.forced = Some(true))
            .starts_with("[Diaspora] Ann Author force-pushed 5 commits to main: ")
    );
}

#[test]
fn a_branch_that_goes_back_says_where_to() {
    assert_snapshot!(check(|push| { push.commit_count = Some(0); push.commits.clear() }), @"[Diaspora] Ann Author moved branch main (95790bf8 to da156088): https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088");
}

#[test]
fn branches_come_with_and_without_commits() {
    let created = |push: &mut Push| push.change = RefChange::Created { after: sha('a') };
    assert_snapshot!(check(|push| { created(push); one(push) }), @"[Diaspora] Ann Author pushed da156088 to new branch main (2 files): Tell of the menu - https://gitlab.example.com/mike/diaspora/-/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7");
    assert_snapshot!(check(|push| { created(push); push.commits.drain(..3); push.commit_count = Some(2) }), @"
    [Diaspora] Ann Author created branch main with 2 commits: https://gitlab.example.com/mike/diaspora/-/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7
    Diaspora/main da156088 Ann Author (2 files): Tell of the menu
    Diaspora/main 45790bf8 Ann Author (2 files): Translate the menu
    ");
    assert_snapshot!(check(|push| { created(push); push.commits.clear(); push.commit_count = Some(0); push.compare_url = None }), @"[Diaspora] Ann Author created branch main at aaaaaaaa");
}

#[test]
fn branches_go() {
    let text = check(|push| {
        push.change = RefChange::Deleted { before: Some(sha('b')) };
        push.commits.clear();
        push.commit_count = Some(0);
        push.compare_url = None;
    });
    assert_snapshot!(text, @"[Diaspora] Ann Author deleted branch main (was bbbbbbbb)");
    let unknown = check(|push| {
        push.change = RefChange::Deleted { before: None };
    });
    assert_snapshot!(unknown, @"[Diaspora] Ann Author deleted branch main");
}

#[test]
fn tags_come_move_and_go() {
    let tag = |change| {
        let fact = Fact::Tag(TagPush { tag: "v1.0".to_owned(), change, annotation: None, compare_url: None });
        told(&Event { fact, ..samples::of_kind("tag").unwrap() }, LineStyle::Compact)
    };
    assert_snapshot!(tag(RefChange::Created { after: sha('a') }), @"[Diaspora] Ann Author created tag v1.0 at aaaaaaaa");
    assert_snapshot!(tag(RefChange::Updated { before: sha('a'), after: sha('b') }), @"[Diaspora] Ann Author moved tag v1.0 from aaaaaaaa to bbbbbbbb");
    assert_snapshot!(tag(RefChange::Deleted { before: Some(sha('a')) }), @"[Diaspora] Ann Author deleted tag v1.0 (was aaaaaaaa)");
    assert_snapshot!(tag(RefChange::Deleted { before: None }), @"[Diaspora] Ann Author deleted tag v1.0");
}

#[test]
fn a_long_branch_hides_nothing() {
    let text = check(|push| {
        one(push);
        push.branch = "x".repeat(600);
    });
    assert!(text.contains("... (2 files): Tell of the menu - https://"), "{text}");
}

#[test]
fn another_forges_branches_are_linked_as_it_has_them() {
    let created = |forge| {
        let event = push(|push| {
            push.change = RefChange::Created { after: sha('a') };
            push.commits.clear();
            push.commit_count = Some(0);
        });
        told(&Event { forge, ..event }, LineStyle::GitLab)
    };
    assert!(created(Forge::GitLab).ends_with("/diaspora/-/branches"));
    assert!(created(Forge::GitHub).ends_with("/diaspora/branches"));
}

#[test]
fn gitlab_says_nothing_of_a_branch_that_goes_back_and_neither_does_its_style() {
    let event = push(|push| {
        push.commit_count = Some(0);
        push.commits.clear();
    });
    assert_eq!(told(&event, LineStyle::GitLab), "");
}
