//! What the lines of all kinds have in common: where, who, which thing.
//!
//! Not here: what happened (`compact`, `items`, `runs`), GitLab's own wording (`gitlab`).

use payload::{Actor, Commit, Event, Forge, Reference, Sha, Subject, Topic};

use super::line::{Line, Paint};

/// A title of so many characters is shortened. This and the next: `Commit#title` of GitLab.
const TITLE_CHARS_MAX: usize = 99;

/// A shortened title has at most so many characters, `...` included.
const SHORTENED_TITLE_CHARS: usize = 81;

/// `[REPOSITORY] `, or nothing for what has no repository.
pub(super) fn place(event: &Event) -> Line {
    let line = match &event.repository {
        Some(repository) => Line::default().words("[").name(Paint::REPOSITORY, &repository.name).words("] "),
        None => Line::default(),
    };
    if event.confidential { line.words("(confidential) ") } else { line }
}

/// `[REPOSITORY] WHO`.
pub(super) fn opening(event: &Event) -> Line {
    place(event).name(Paint::PLAIN, who(&event.actor))
}

pub(super) fn who(actor: &Actor) -> &str {
    name(actor).unwrap_or("(somebody)")
}

/// A person's name, else an account's.
pub(super) fn name(actor: &Actor) -> Option<&str> {
    let Actor { name, login, .. } = actor;
    [name, login].into_iter().flatten().map(String::as_str).find(|text| !text.trim().is_empty())
}

/// One word for one thing, GitLab's or everybody else's, with the sign in front of its number.
#[derive(Clone, Copy)]
pub(super) struct Noun {
    pub(super) word: &'static str,
    pub(super) sign: char,
}

impl Noun {
    pub(super) const ISSUE: Self = Self { word: "issue", sign: '#' };
    pub(super) const WIKI_PAGE: Self = Self { word: "wiki page", sign: '#' };
    pub(super) const SNIPPET: Self = Self { word: "snippet", sign: '$' };
    pub(super) const MILESTONE: Self = Self { word: "milestone", sign: '%' };
    pub(super) const FEATURE_FLAG: Self = Self { word: "feature flag", sign: '#' };

    pub(super) fn merge_request(forge: Forge) -> Self {
        match forge {
            Forge::GitLab => Self { word: "merge request", sign: '!' },
            _ => Self { word: "pull request", sign: '#' },
        }
    }

    /// `issue #23`, or `issue`.
    pub(super) fn on(self, line: Line, number: Option<u64>) -> Line {
        numbered(line.words(self.word), self.sign, number)
    }
}

/// ` #23`, or nothing.
pub(super) fn numbered(line: Line, sign: char, number: Option<u64>) -> Line {
    match number {
        Some(number) => line.words(" ").foreign(Paint::NUMBER, &format!("{sign}{number}")),
        None => line,
    }
}

/// ` (TITLE)` behind what a comment or a reaction is about, or nothing.
pub(super) fn subject(line: Line, forge: Forge, subject: &Subject) -> Line {
    let line = match (&subject.topic, &subject.commit) {
        (Topic::Commit, Some(commit)) => line.words("commit ").foreign(Paint::SHA, commit.short()),
        (Topic::Commit, None) => line.words("a commit"),
        (Topic::MergeRequest, _) => Noun::merge_request(forge).on(line, subject.number),
        (Topic::Issue, _) => Noun::ISSUE.on(line, subject.number),
        (Topic::Snippet, _) => Noun::SNIPPET.on(line, subject.number),
        (Topic::Other(word), _) => numbered(line.name(Paint::PLAIN, &spaced(word)), '#', subject.number),
    };
    match titled(subject.title.as_deref()) {
        Some(title) => line.words(" (").foreign(Paint::PLAIN, &title).words(")"),
        None => line,
    }
}

/// `branch master`, as it stands in a sentence: a branch goes without saying.
pub(super) fn reference(line: Line, reference: &Reference) -> Line {
    match reference {
        Reference::Branch(branch) => line.name(Paint::REFERENCE, branch),
        Reference::Tag(tag) => line.words("tag ").name(Paint::REFERENCE, tag),
    }
}

/// ` (WHO, SHA)`: whose doing a run is, and of which commit; as much of it as is known.
pub(super) fn origin(line: Line, actor: &Actor, commit: Option<&Sha>) -> Line {
    let line = match (name(actor), commit) {
        (Some(name), Some(_)) => line.words(" (").name(Paint::PLAIN, name).words(", "),
        (Some(name), None) => return line.words(" (").name(Paint::PLAIN, name).words(")"),
        (None, Some(_)) => line.words(" ("),
        (None, None) => return line,
    };
    match commit {
        Some(commit) => line.foreign(Paint::SHA, commit.short()).words(")"),
        None => line,
    }
}

/// A title, shortened; `None` if it says nothing.
pub(super) fn titled(title: Option<&str>) -> Option<String> {
    title.map(str::trim).filter(|title| !title.is_empty()).map(shortened)
}

/// As `Commit#title` of GitLab: a title of a hundred characters or more ends at a word's end, in `...`.
pub(super) fn shortened(title: &str) -> String {
    const DOTS: &str = "...";
    if title.chars().nth(TITLE_CHARS_MAX).is_none() {
        return title.to_owned();
    }
    let room = SHORTENED_TITLE_CHARS - DOTS.len();
    let end_of = |chars: usize| title.char_indices().nth(chars).map_or(title.len(), |(index, _)| index);
    // A space right behind the room ends a word that fits.
    let word_end = title[..end_of(room + 1)].rfind(' ');
    format!("{}{DOTS}", &title[..word_end.unwrap_or_else(|| end_of(room))])
}

/// A forge's word as people write it: `review_requested` is `review requested`.
pub(super) fn spaced(word: &str) -> String {
    word.replace(['_', '-'], " ")
}

/// ` (2 files)`, where the forge tells.
pub(super) fn files(line: Line, commit: &Commit) -> Line {
    match commit.files {
        Some(count) => {
            let noun = if count == 1 { "file" } else { "files" };
            line.words(" (").foreign(Paint::FILES, &format!("{count} {noun}")).words(")")
        }
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_ends_at_a_word() {
        let words = "word ".repeat(19);
        assert_eq!(shortened(words.trim_end()), words.trim_end());
        assert_eq!(shortened(&"word ".repeat(20)), format!("{}...", "word ".repeat(15).trim_end()));
        assert_eq!(shortened(&"x".repeat(100)), format!("{}...", "x".repeat(78)));
    }

    #[test]
    fn a_blank_name_is_no_name() {
        let actor = |name: &str, login: &str| Actor {
            name: Some(name.to_owned()),
            login: Some(login.to_owned()),
            bot: false,
        };
        assert_eq!(who(&actor("Ann", "ann")), "Ann");
        assert_eq!(who(&actor(" ", "ann")), "ann");
        assert_eq!(who(&actor("", "")), "(somebody)");
    }
}
