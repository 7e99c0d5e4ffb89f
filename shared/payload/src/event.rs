//! What happened, whatever forge it happened on.
//!
//! Not here: how a forge spells it (one module per forge), how a target is told (`relay`). All texts are the
//! sender's, unclean: who prints one cleans it.

use crate::Forge;

/// One fact from one forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which kind of forge told it.
    pub forge: Forge,
    /// Who did it.
    pub actor: Actor,
    /// Where.
    pub repository: Repository,
    /// Not for public channels: a confidential issue, an internal comment.
    pub confidential: bool,
    /// What.
    pub fact: Fact,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The account's name, such as `jsmith`. GitLab of 2014 does not tell it.
    pub login: Option<String>,
    /// The person's name, such as `John Smith`.
    pub name: Option<String>,
    /// Whether the account is known to be a machine's.
    pub bot: bool,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its name as people write it, such as `Diaspora`.
    pub name: String,
    /// Namespace and name as in its URL, such as `mike/diaspora`.
    pub path: Option<String>,
    /// Its page, without a slash at the end.
    pub url: Option<String>,
    /// The branch that new work starts from.
    pub default_branch: Option<String>,
    /// Whether only members may see it, where the forge tells.
    pub private: Option<bool>,
}

/// The kinds of fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Commits came to a branch, or the branch came or went.
    Push(Push),
    /// A tag came, moved or went.
    Tag(TagPush),
}

/// A branch changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The branch, without `refs/heads/`. Never empty.
    pub branch: String,
    /// From what to what.
    pub change: RefChange,
    /// A page that shows the change.
    pub compare_url: Option<String>,
    /// Oldest first. Forges send the newest few only.
    pub commits: Vec<Commit>,
    /// How many commits were pushed, where the forge tells: `commits` may hold fewer.
    pub commit_count: Option<u64>,
    /// There were more commits than `commit_count`: Bitbucket Cloud stops counting at five.
    pub is_truncated: bool,
    /// Whether commits were taken away, where the forge tells.
    pub forced: Option<bool>,
}

/// A tag changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPush {
    /// The tag, without `refs/tags/`. Never empty.
    pub tag: String,
    /// From what to what.
    pub change: RefChange,
    /// The text of an annotated tag.
    pub annotation: Option<String>,
}

/// What a ref pointed to before and after. At least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefChange {
    /// The ref is new.
    Created {
        /// Where it points.
        after: Sha,
    },
    /// The ref is gone.
    Deleted {
        /// Where it pointed, where the forge tells.
        before: Option<Sha>,
    },
    /// The ref moved.
    Updated {
        /// Where it pointed.
        before: Sha,
        /// Where it points.
        after: Sha,
    },
}

impl RefChange {
    /// From the two ids that forges send, where zeros (40, or 64 in a SHA-256 repository) or nothing stand for "no
    /// commit". `None` if both do.
    pub(crate) fn new(before: Option<String>, after: Option<String>) -> Option<Self> {
        match (before.and_then(Sha::new), after.and_then(Sha::new)) {
            (Some(before), Some(after)) => Some(Self::Updated { before, after }),
            (None, Some(after)) => Some(Self::Created { after }),
            (before @ Some(_), None) => Some(Self::Deleted { before }),
            (None, None) => None,
        }
    }
}

/// A commit's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sha(String);

impl Sha {
    /// How many characters of an id people are shown, as in GitLab.
    const SHORT_CHARS: usize = 8;

    /// Takes an id; `None` for the empty text and the zeros that mean "no commit".
    pub(crate) fn new(id: String) -> Option<Self> {
        let is_none = id.bytes().all(|byte| byte == b'0');
        (!is_none).then_some(Self(id))
    }

    /// All of it.
    pub fn full(&self) -> &str {
        &self.0
    }

    /// As people are shown it: the first eight characters.
    pub fn short(&self) -> &str {
        let end = self.0.char_indices().nth(Self::SHORT_CHARS).map_or(self.0.len(), |(index, _)| index);
        &self.0[..end]
    }
}

/// One commit of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: Sha,
    /// The first line of its text; GitLab shortens a long one.
    pub title: String,
    /// Its author's name.
    pub author: String,
    /// Its page.
    pub url: Option<String>,
    /// How many files it touches, where the forge tells.
    pub files: Option<usize>,
}
