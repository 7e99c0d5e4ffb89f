//! What people open, change and close: merge requests, issues, releases, wiki pages, milestones, feature flags; and who
//! joins and leaves.
//!
//! Not here: what people say about them (`comments`).

use payload::{Action, Actor, Event, Item, Member, MergeRequest, Other, Release, State};

use super::line::{Line, Paint};
use super::parts::{Noun, name, numbered, opening, place, spaced, titled};

/// What was done, in front of the thing and behind it.
struct Deed {
    verb: String,
    rest: String,
}

impl Deed {
    fn of(action: &Action) -> Self {
        let (verb, rest) = match action {
            Action::NewCommits => ("pushed new commits to", ""),
            Action::Unapproved => ("withdrew the approval of", ""),
            Action::ChangesRequested => ("requested changes on", ""),
            Action::Drafted => ("marked", " as a draft"),
            Action::Ready => ("marked", " as ready"),
            // `labeled`, `assigned`; but `review_requested` is no verb.
            Action::Other(own) if own.ends_with("ed") && own.chars().all(|c| c.is_ascii_lowercase()) => {
                (own.as_str(), "")
            }
            Action::Other(own) => {
                return Self { verb: "changed".to_owned(), rest: format!(" ({})", spaced(own)) };
            }
            known => (known.as_str(), ""),
        };
        Self { verb: verb.to_owned(), rest: rest.to_owned() }
    }
}

/// Whether the action says where the thing stands now.
fn tells_state(action: &Action) -> bool {
    matches!(
        action,
        Action::Created
            | Action::Opened
            | Action::Closed
            | Action::Reopened
            | Action::Merged
            | Action::Deleted
    )
}

/// `WHO did THING`, without its title. `thing` puts the thing there.
fn deed(event: &Event, item: &Item, thing: impl FnOnce(Line) -> Line) -> Line {
    let Some(action) = &item.action else { return standing(event, item, thing) };
    let deed = Deed::of(action);
    let line = opening(event).words(" ").name(Paint::PLAIN, &deed.verb).words(" ");
    let line = thing(line).name(Paint::PLAIN, &deed.rest);
    match &item.state {
        Some(state) if !tells_state(action) && !is_usual(state) => {
            line.words(" (").name(state_paint(state), &spaced(state.as_str())).words(")")
        }
        _ => line,
    }
}

/// What is told of a thing when nobody says what was done: GitLab's first webhooks, and its tests.
fn standing(event: &Event, item: &Item, thing: impl FnOnce(Line) -> Line) -> Line {
    let line = match name(&event.actor) {
        Some(_) => opening(event).words(": "),
        None => place(event),
    };
    let line = thing(line);
    match &item.state {
        Some(state) => line.words(" is ").name(state_paint(state), &spaced(state.as_str())),
        None => line,
    }
}

/// A state that goes without saying.
fn is_usual(state: &State) -> bool {
    matches!(state, State::Opened) || state.as_str() == "active"
}

fn state_paint(state: &State) -> Paint {
    match state {
        State::Opened | State::Merged => Paint::GOOD,
        State::Closed => Paint::BAD,
        State::Locked => Paint::WAITING,
        State::Other(_) => Paint::PLAIN,
    }
}

/// `: TITLE - URL`.
fn titled_and_linked(line: Line, item: &Item) -> Line {
    let line = match titled(item.title.as_deref()) {
        Some(title) => line.words(": ").foreign(Paint::PLAIN, &title),
        None => line,
    };
    line.maybe_url(" - ", item.url.as_ref())
}

pub(super) fn merge_request(event: &Event, request: &MergeRequest) -> Line {
    let noun = Noun::merge_request(event.forge);
    let line = deed(event, &request.item, |line| {
        let is_said =
            request.item.action == Some(Action::Drafted) || says_draft(request.item.title.as_deref());
        let is_draft = request.is_draft == Some(true) && !is_said;
        let line = noun.on(if is_draft { line.words("draft ") } else { line }, request.item.number);
        let shows_branches = matches!(
            request.item.action,
            None | Some(Action::Opened | Action::Reopened | Action::Merged | Action::Ready)
        );
        match (&request.source_branch, &request.target_branch) {
            (Some(source), Some(target)) if shows_branches => line
                .words(" (")
                .name(Paint::REFERENCE, source)
                .words(" -> ")
                .name(Paint::REFERENCE, target)
                .words(")"),
            _ => line,
        }
    });
    titled_and_linked(line, &request.item)
}

/// Whether a title says that it is a draft: on GitLab that makes it one.
fn says_draft(title: Option<&str>) -> bool {
    let title = title.unwrap_or_default().trim_start_matches(['[', '(']).to_lowercase();
    title.starts_with("draft") || title.starts_with("wip")
}

pub(super) fn issue(event: &Event, item: &Item) -> Line {
    titled_and_linked(deed(event, item, |line| Noun::ISSUE.on(line, item.number)), item)
}

/// What people know by its name: a wiki page, a milestone, a feature flag. The number only stands in for a missing name.
pub(super) fn named(event: &Event, item: &Item, noun: Noun) -> Line {
    let line = deed(event, item, |line| match titled(item.title.as_deref()) {
        Some(title) => line.words(noun.word).words(" ").name(Paint::NUMBER, &title),
        None => noun.on(line, item.number),
    });
    line.maybe_url(" - ", item.url.as_ref())
}

pub(super) fn feature_flag(event: &Event, item: &Item) -> Line {
    let (state, paint) = match item.state.as_ref().map(State::as_str) {
        Some("active") => ("on", Paint::GOOD),
        Some("inactive") => ("off", Paint::BAD),
        _ => return named(event, item, Noun::FEATURE_FLAG),
    };
    let line = opening(event).words(" switched feature flag ");
    let line = match titled(item.title.as_deref()) {
        Some(title) => line.name(Paint::NUMBER, &title).words(" "),
        None => line,
    };
    line.foreign(paint, state).maybe_url(" - ", item.url.as_ref())
}

pub(super) fn release(event: &Event, release: &Release) -> Line {
    let name = titled(release.item.title.as_deref());
    let line = deed(event, &release.item, |line| {
        let line = line.words(if release.is_prerelease == Some(true) { "prerelease" } else { "release" });
        match (&name, &release.tag) {
            (Some(name), Some(tag)) if name != tag => {
                line.words(" ").name(Paint::NUMBER, name).words(" (").name(Paint::REFERENCE, tag).words(")")
            }
            (Some(name), _) => line.words(" ").name(Paint::NUMBER, name),
            (None, Some(tag)) => line.words(" ").name(Paint::REFERENCE, tag),
            (None, None) => numbered(line, '#', release.item.number),
        }
    });
    line.maybe_url(" - ", release.item.url.as_ref())
}

pub(super) fn member(event: &Event, member: &Member) -> Line {
    let account = name(&member.account).unwrap_or("(somebody)");
    let is_own = event.actor.login.is_some() && event.actor.login == member.account.login;
    let group = |line: Line| match &member.group {
        Some(group) => line.name(Paint::REPOSITORY, group),
        None => line.words("the project"),
    };
    let person = |line: Line| line.name(Paint::PLAIN, account);
    // Not every forge says who did it.
    let doer = name(&event.actor).filter(|_| !is_own);
    let by = |verb: &str| place(event).name(Paint::PLAIN, doer.unwrap_or(account)).words(verb);
    let (line, role) = match (&member.action, doer) {
        (Action::Added, Some(_)) => (group(person(by(" added ")).words(" to ")), " as "),
        (Action::Added, None) if is_own => (group(by(" joined ")), " as "),
        (Action::Added, None) => (group(by(" was added to ")), " as "),
        (Action::Removed, Some(_)) => (group(person(by(" removed ")).words(" from ")), ", was "),
        (Action::Removed, None) if is_own => (group(by(" left ")), ", was "),
        (Action::Removed, None) => (group(by(" is no longer in ")), ", was "),
        (Action::Updated, Some(_)) => (group(person(by(" changed the role of ")).words(" in ")), " to "),
        (Action::Updated, None) => (group(by(" has another role in ")), ": "),
        (own, Some(_)) => {
            let line = person(by(": ")).words(" in ");
            (group(line).words(" (").name(Paint::PLAIN, &spaced(own.as_str())).words(")"), ", ")
        }
        (own, None) => {
            (group(by(" in ")).words(" (").name(Paint::PLAIN, &spaced(own.as_str())).words(")"), ", ")
        }
    };
    let line = match &member.role {
        Some(text) => line.words(role).name(Paint::PLAIN, text),
        None => line,
    };
    line.maybe_url(" - ", member.url.as_ref())
}

/// A sentence for what has no kind of its own: the forge's own words, and what is known of the thing.
pub(super) fn other(event: &Event, other: &Other) -> Line {
    let line = match &event.actor {
        Actor { name: None, login: None, .. } => place(event),
        _ => opening(event).words(": "),
    };
    let line = numbered(line.name(Paint::PLAIN, &spaced(&other.kind)), '#', other.item.number);
    let happened = match (&other.item.action, &other.item.state) {
        (Some(action), _) => Some(action.as_str()),
        (None, state) => state.as_ref().map(State::as_str),
    };
    let line = match happened {
        Some(word) => line.words(" ").name(Paint::PLAIN, &spaced(word)),
        None => line,
    };
    titled_and_linked(line, &other.item)
}
