//! Many pushes in one line, when they come faster than IRC can be told of them.
//!
//! Not here: other events. Each of them is worth its line.

use std::collections::BTreeSet;

use config::{Pacing, ProjectId};
use payload::{Event, Fact, Push, RefChange};

use super::line::{Line, Paint};
use super::parts::{place, who};

/// From how many pushes on a line for all of them is worth it.
const PUSHES_MIN: usize = 3;

/// How many people and branches are named; the others are counted.
const NAMED_MAX: usize = 4;

/// A delivery that waits for irkerd.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Whose.
    pub project: ProjectId,
    /// What it tells of.
    pub events: &'a [Event],
    /// In how many lines, told by itself.
    pub lines: usize,
    /// How many deliveries, itself and those behind it, were told together when it was begun; 0 if it was not.
    pub begun_with: usize,
}

/// How many of the deliveries that wait, from the first on, are told together: at least one, if there is any.
///
/// What was begun together is ended together. Otherwise a run of pushes to one project is, if it is too long for irkerd
/// to take at once.
pub fn together(waiting: &[Waiting<'_>], pacing: Pacing) -> usize {
    let Some(first) = waiting.first() else { return 0 };
    let same = waiting.iter().take_while(|next| next.project == first.project).count();
    if first.begun_with > 0 {
        return first.begun_with.min(same);
    }
    let is_push = |next: &&Waiting<'_>| {
        next.project == first.project && next.begun_with == 0 && next.events.iter().all(tells_of_a_push)
    };
    let run = waiting.iter().take_while(is_push).count();
    let lines: usize = waiting[..run].iter().map(|next| next.lines).sum();
    let is_flood = run >= PUSHES_MIN && lines > pacing.lines_in_irkerd as usize;
    if pacing.coalesce && is_flood { run } else { 1 }
}

fn tells_of_a_push(event: &Event) -> bool {
    matches!(event.fact, Fact::Push(_) | Fact::Tag(_))
}

/// One line for many pushes, with their true counts; none for no events.
pub fn summary(events: &[&Event], colorize: bool) -> Option<Line> {
    let first = events.first()?;
    let mut people = Vec::new();
    for who in events.iter().map(|event| who(&event.actor)) {
        if !people.contains(&who) {
            people.push(who);
        }
    }
    let mut line = enumerate(place(first), &people, Paint::PLAIN, "others");
    line = line.words(" pushed ").foreign(Paint::COUNT, &events.len().to_string()).words(" times");
    line = tally(line, events);
    if let Some(url) = first.repository.as_ref().and_then(|repository| repository.url.as_ref()) {
        line = line.words(": ").foreign(Paint::URL, url);
    }
    Some(line.coloured(colorize))
}

/// What the pushes did, all together.
fn tally(line: Line, events: &[&Event]) -> Line {
    let mut branches: Vec<&str> = Vec::new();
    let (mut tags, mut created, mut deleted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut commits = Some(0_u64);
    let mut is_more = false;
    for event in events {
        match &event.fact {
            Fact::Push(push) => {
                let gone = matches!(push.change, RefChange::Deleted { .. });
                if gone {
                    deleted.insert(&push.branch);
                } else if !branches.contains(&push.branch.as_str()) {
                    branches.push(&push.branch);
                }
                if matches!(push.change, RefChange::Created { .. }) {
                    created.insert(&push.branch);
                }
                commits = if gone { commits } else { sum(commits, push) };
                is_more |= push.is_truncated;
            }
            Fact::Tag(push) => {
                tags.insert(&push.tag);
            }
            _ => {}
        }
    }
    let mut line = line;
    if !branches.is_empty() {
        line = match commits {
            Some(count) => {
                let more = if is_more { "+" } else { "" };
                let noun = if count == 1 && !is_more { "commit" } else { "commits" };
                line.words(": ")
                    .foreign(Paint::COUNT, &format!("{count}{more}"))
                    .words(&format!(" new {noun} to "))
            }
            None => line.words(" to "),
        };
        line = enumerate(line, &branches, Paint::REFERENCE, "other branches");
    }
    for (count, noun, nouns) in [
        (created.len(), "new branch", "new branches"),
        (deleted.len(), "branch deleted", "branches deleted"),
        (tags.len(), "tag", "tags"),
    ] {
        if count > 0 {
            line = line.words(&format!(", {count} {}", if count == 1 { noun } else { nouns }));
        }
    }
    line
}

/// Unknown as soon as one of them is.
fn sum(commits: Option<u64>, push: &Push) -> Option<u64> {
    Some(commits?.saturating_add(push.commit_count?))
}

/// `one, two, three and 4 others`.
fn enumerate(mut line: Line, names: &[&str], paint: Paint, others: &str) -> Line {
    let shown = if names.len() > NAMED_MAX { NAMED_MAX - 1 } else { names.len() };
    let left = names.len() - shown;
    for (index, name) in names[..shown].iter().enumerate() {
        let separator = match index {
            0 => "",
            _ if left == 0 && index == shown - 1 => " and ",
            _ => ", ",
        };
        line = line.words(separator).name(paint, name);
    }
    if left > 0 { line.words(&format!(" and {left} {others}")) } else { line }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use payload::{Actor, Forge, Parsed, Payload, Repository, Sha, TagPush};

    use super::*;
    use crate::limits::LINE_BYTES_MAX;

    const PUSH: &str = include_str!("../../../../tests/fixtures/gitlab/push.json");
    const ZEROS: &str = "0000000000000000000000000000000000000000";

    fn push(body: &str) -> Event {
        let payload = Payload { headers: &http::HeaderMap::new(), body: body.as_bytes() };
        let Ok(Parsed::Events(mut events)) = payload::parse(Forge::GitLab, payload) else { panic!() };
        events.remove(0)
    }

    fn by(who: &str, branch: &str) -> Event {
        let event = push(&PUSH.replace("refs/heads/master", &format!("refs/heads/{branch}")));
        Event { actor: Actor { name: Some(who.to_owned()), ..Actor::default() }, ..event }
    }

    fn read(events: &[Event]) -> String {
        let line = summary(&events.iter().collect::<Vec<_>>(), false).unwrap();
        line.render(LINE_BYTES_MAX).escape_debug().to_string()
    }

    #[test]
    fn nine_pushes_of_two_people_are_one_line_with_the_true_count() {
        let events: Vec<_> = (0..9).map(|n| by(["Ann", "Bob"][n % 2], ["main", "wip"][n / 5])).collect();
        assert_snapshot!(read(&events), @"[Diaspora] Ann and Bob pushed 9 times: 36 new commits to main and wip: http://example.com/mike/diaspora");
    }

    #[test]
    fn branches_that_come_and_go_and_tags_are_counted() {
        let before = "95790bf891e76fee5e1747ab589903a6a1f80f22";
        let after = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
        let mut events: Vec<_> = (0..7).map(|n| by("Ann", &format!("b{n}"))).collect();
        events.push(push(&PUSH.replace(before, ZEROS)));
        events.push(push(
            &PUSH
                .replace(&format!("\"after\":\"{after}\""), &format!("\"after\":\"{ZEROS}\""))
                .replace(&format!("\"after\": \"{after}\""), &format!("\"after\": \"{ZEROS}\"")),
        ));
        events.push(Event {
            repository: Some(Repository {
                name: "r".into(),
                path: None,
                url: None,
                default_branch: None,
                private: None,
            }),
            fact: Fact::Tag(TagPush {
                tag: "v1".into(),
                change: RefChange::Deleted { before: None::<Sha> },
                annotation: None,
                compare_url: None,
            }),
            ..push(PUSH)
        });
        assert_snapshot!(read(&events), @"[Diaspora] Ann and John Smith pushed 10 times: 32 new commits to b0, b1, b2 and 5 other branches, 1 new branch, 1 branch deleted, 1 tag: http://example.com/mike/diaspora");
    }

    #[test]
    fn only_a_flood_of_pushes_to_one_project_is_told_together() {
        let (push, issue) =
            ([by("Ann", "main")], [Event { fact: Fact::Issue(payload::Item::default()), ..by("Ann", "x") }]);
        let waiting =
            |project, events, lines| Waiting { project: ProjectId(project), events, lines, begun_with: 0 };
        let pacing = Pacing::default();
        let count = |waiting: &[Waiting<'_>]| together(waiting, pacing);
        assert_eq!(count(&[waiting(1, &push, 2); 10]), 10);
        assert_eq!(count(&[waiting(1, &push, 1); 4]), 1, "irkerd takes four lines at once");
        assert_eq!(count(&[waiting(1, &push, 4); 2]), 1, "two are not many");
        assert_eq!(together(&[waiting(1, &push, 2); 10], Pacing { coalesce: false, ..pacing }), 1);
        let mut mixed = vec![waiting(1, &push, 2); 10];
        mixed[4] = waiting(2, &push, 2);
        assert_eq!(count(&mixed), 4);
        mixed[3] = waiting(1, &issue, 1);
        assert_eq!(count(&mixed), 3);
        mixed[0].begun_with = 2;
        assert_eq!(count(&mixed), 2, "what was begun together");
        mixed[0].begun_with = 1;
        assert_eq!(count(&mixed), 1, "what was begun alone");
    }
}
