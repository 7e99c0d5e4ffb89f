//! Pushes in few lines: one for one commit; of many commits a summary, the newest of them, and how many more there are.
//!
//! Not here: GitLab's own wording (`gitlab`), which shows the oldest of the newest twenty.

use payload::{Commit, Event, Push, RefChange, Sha, TagPush};

use super::gitlab::{commit_line, with_short_ids};
use super::line::{Line, Paint};
use super::parts::{files, name, opening, shortened, titled};

pub(super) fn branch(event: &Event, push: &Push, commits_max: usize) -> Vec<Line> {
    if matches!(push.change, RefChange::Deleted { .. }) {
        return vec![summary(event, push)];
    }
    if let (Some(1), [commit], false) = (push.commit_count, &push.commits[..], push.is_truncated)
        && commits_max > 0
    {
        return vec![single(event, push, commit)];
    }
    let mut lines = vec![summary(event, push)];
    let newest: Vec<_> = push.commits.iter().rev().take(commits_max).collect();
    lines.extend(newest.iter().map(|commit| commit_line(event, push, commit, Line::name)));
    if let Some(more) = more(push, newest.len())
        && let Some(oldest_shown) = lines.pop_if(|_| !newest.is_empty())
    {
        lines.push(oldest_shown.ending(&format!(" ({more})")));
    }
    lines
}

/// How many commits there are: as many as the forge says, and never fewer than it sends.
pub(super) fn known_commits(push: &Push) -> u64 {
    push.commit_count.unwrap_or_default().max(push.commits.len() as u64)
}

/// How many commits are not shown, as far as the forge tells.
fn more(push: &Push, shown: usize) -> Option<String> {
    match (known_commits(push) - shown as u64, push.is_truncated) {
        (0, false) => None,
        (0, true) => Some("and more".to_owned()),
        (more, false) => Some(format!("+{more} more")),
        (more, true) => Some(format!("+{more} or more")),
    }
}

fn is_forced(push: &Push) -> bool {
    push.forced == Some(true) && matches!(push.change, RefChange::Updated { .. })
}

/// `pushed`, or what it was instead.
fn verb(push: &Push) -> &'static str {
    if is_forced(push) { " force-pushed " } else { " pushed " }
}

/// Who, branch, commit, files, title, address.
fn single(event: &Event, push: &Push, commit: &Commit) -> Line {
    let line = opening(event).words(verb(push)).foreign(Paint::SHA, commit.id.short());
    let line = if name(&event.actor) == Some(commit.author.as_str()) || commit.author.trim().is_empty() {
        line
    } else {
        line.words(" by ").name(Paint::PLAIN, &commit.author)
    };
    let place = if matches!(push.change, RefChange::Created { .. }) { " to new branch " } else { " to " };
    let line = files(line.words(place).name(Paint::REFERENCE, &push.branch), commit);
    let line = match titled(Some(&commit.title)) {
        Some(title) => line.words(": ").foreign(Paint::PLAIN, &title),
        None => line,
    };
    line.maybe_url(" - ", commit.url.as_ref().or(push.compare_url.as_ref()))
}

/// What became of the branch, and how many commits came with it.
fn summary(event: &Event, push: &Push) -> Line {
    let line = opening(event);
    let branch = |line: Line| line.name(Paint::REFERENCE, &push.branch);
    let line = match (&push.change, count(push)) {
        (RefChange::Deleted { before }, _) => {
            let line = branch(line.words(" deleted branch "));
            return match before {
                Some(before) => line.words(" (was ").foreign(Paint::SHA, before.short()).words(")"),
                None => line,
            };
        }
        (RefChange::Created { .. }, Some(count)) => {
            commits(branch(line.words(" created branch ")).words(" with "), &count)
        }
        (RefChange::Created { after }, None) => {
            branch(line.words(" created branch ")).words(" at ").foreign(Paint::SHA, after.short())
        }
        (RefChange::Updated { .. }, Some(count)) => {
            branch(commits(line.words(verb(push)), &count).words(" to "))
        }
        (RefChange::Updated { before, after }, None) => {
            // A branch that moves without new commits goes back to older ones; but not every forge counts.
            let verb = match (is_forced(push), push.commit_count) {
                (true, _) => " force-pushed ",
                (false, Some(_)) => " moved branch ",
                (false, None) => " pushed to ",
            };
            branch(line.words(verb))
                .words(" (")
                .foreign(Paint::SHA, before.short())
                .words(" to ")
                .foreign(Paint::SHA, after.short())
                .words(")")
        }
    };
    match &push.compare_url {
        Some(url) => line.url(": ", &with_short_ids(url, push)),
        None => line,
    }
}

/// How many commits came: the forge's count, else as many as there are. `None` for none.
fn count(push: &Push) -> Option<Count> {
    let known = known_commits(push);
    (known > 0).then_some(Count { known, or_more: push.is_truncated })
}

struct Count {
    known: u64,
    or_more: bool,
}

fn commits(line: Line, count: &Count) -> Line {
    let plus = if count.or_more { "+" } else { "" };
    let noun = if count.known == 1 && !count.or_more { "commit" } else { "commits" };
    line.foreign(Paint::COUNT, &format!("{}{plus}", count.known)).words(&format!(" {noun}"))
}

pub(super) fn tag(event: &Event, push: &TagPush) -> Line {
    let line = opening(event);
    let tag = |line: Line| line.name(Paint::REFERENCE, &push.tag);
    let line = match &push.change {
        RefChange::Created { after } => {
            tag(line.words(" created tag ")).words(" at ").foreign(Paint::SHA, after.short())
        }
        RefChange::Deleted { before: None } => tag(line.words(" deleted tag ")),
        RefChange::Deleted { before: Some(before) } => {
            tag(line.words(" deleted tag ")).words(" (was ").foreign(Paint::SHA, before.short()).words(")")
        }
        RefChange::Updated { before, after } => tag(line.words(" moved tag "))
            .words(" from ")
            .foreign(Paint::SHA, before.short())
            .words(" to ")
            .foreign(Paint::SHA, after.short()),
    };
    let first_line = push.annotation.as_deref().and_then(|text| text.trim().lines().next());
    match first_line {
        Some(text) => line.words(": ").foreign(Paint::PLAIN, &shortened(text)),
        None => line,
    }
}

/// What became of a ref, in one word, and the commits before and after.
pub(super) fn change(change: &RefChange) -> (&'static str, Option<&Sha>, Option<&Sha>) {
    match change {
        RefChange::Created { after } => ("created", None, Some(after)),
        RefChange::Deleted { before } => ("deleted", before.as_ref(), None),
        RefChange::Updated { before, after } => ("updated", Some(before), Some(after)),
    }
}
