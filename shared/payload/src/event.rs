//! What happened, whatever forge it happened on.
//!
//! The words are GitLab's where it has one, since most who read them know them from there; see [`crate::words`].
//!
//! Not here: how a forge spells it (one module per forge), how a target is told (`relay`). All texts are the
//! sender's, unclean: who prints one cleans it.

use crate::Forge;
use crate::words::{Action, State, Status};

/// One fact from one forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which kind of forge told it.
    pub forge: Forge,
    /// Who did it.
    pub actor: Actor,
    /// Where; `None` for what happens to an account, a group, an organisation or a whole instance.
    pub repository: Option<Repository>,
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
    /// Something happened to a merge request (a pull request), reviews and approvals included.
    MergeRequest(MergeRequest),
    /// Something happened to an issue, or to a work item of another type.
    Issue(Item),
    /// Somebody commented.
    Comment(Comment),
    /// A pipeline (a workflow run, a check suite) went on.
    Pipeline(Run),
    /// A job (a check run, a commit's status) went on.
    Job(Run),
    /// A deployment went on.
    Deployment(Deployment),
    /// A release came, changed or went.
    Release(Release),
    /// A page of a wiki came, changed or went. It has no number.
    WikiPage(Item),
    /// Something happened to a milestone.
    Milestone(Item),
    /// Somebody reacted with an emoji, or took it back.
    Emoji(Emoji),
    /// A feature flag was switched: its state is `active` or `inactive`.
    FeatureFlag(Item),
    /// Somebody joined, changed role or left.
    Member(Member),
    /// Anything else that a forge tells.
    Other(Other),
}

impl Fact {
    /// The kind in one word, as `bellhop inspect` shows it. Of [`Fact::Other`], the forge's own.
    pub fn kind(&self) -> &str {
        match self {
            Self::Push(_) => "push",
            Self::Tag(_) => "tag",
            Self::MergeRequest(_) => "merge_request",
            Self::Issue(_) => "issue",
            Self::Comment(_) => "comment",
            Self::Pipeline(_) => "pipeline",
            Self::Job(_) => "job",
            Self::Deployment(_) => "deployment",
            Self::Release(_) => "release",
            Self::WikiPage(_) => "wiki_page",
            Self::Milestone(_) => "milestone",
            Self::Emoji(_) => "emoji",
            Self::FeatureFlag(_) => "feature_flag",
            Self::Member(_) => "member",
            Self::Other(other) => &other.kind,
        }
    }
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
    /// A page that shows the change, where the forge links one.
    pub compare_url: Option<String>,
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
    pub fn new(id: String) -> Option<Self> {
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

/// A branch or a tag that something ran on or belongs to, without `refs/heads/` or `refs/tags/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
}

/// Something with a page of its own, which people open, change and close.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What was done to it. `None` where the forge does not tell, as GitLab's first webhooks and its tests.
    pub action: Option<Action>,
    /// As people count it within the repository, such as 23 in `#23`.
    pub number: Option<u64>,
    /// Its title, or its name.
    pub title: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Where it stands after the action.
    pub state: Option<State>,
}

/// A merge request, with what was done to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeRequest {
    /// Its number, title, page and state.
    pub item: Item,
    /// Where the commits are.
    pub source_branch: Option<String>,
    /// Where they are to go.
    pub target_branch: Option<String>,
    /// Not ready to be merged; `None` where the forge has no such thing, or does not tell.
    pub is_draft: Option<bool>,
}

/// What a comment or a reaction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Which kind of thing.
    pub topic: Topic,
    /// Its number; a commit has none.
    pub number: Option<u64>,
    /// Its title; of a commit, the first line of its text.
    pub title: Option<String>,
    /// The commit, if it is one.
    pub commit: Option<Sha>,
}

/// What people comment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A commit, or a line of its change.
    Commit,
    /// A merge request, or a line of its change.
    MergeRequest,
    /// An issue or a work item.
    Issue,
    /// A snippet.
    Snippet,
    /// Anything else, in the forge's own word, lower case: `discussion`, `epic`, `wiki_page`.
    Other(String),
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What was done: [`Action::Created`] where the forge does not tell.
    pub action: Action,
    /// What it is about.
    pub subject: Subject,
    /// The comment's own page.
    pub url: Option<String>,
    /// What it says, in the forge's markup.
    pub text: String,
    /// Written by the forge itself, as a record of a change.
    pub is_system: bool,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// [`Action::Awarded`] or [`Action::Revoked`].
    pub action: Action,
    /// The emoji's name, such as `thumbsup`.
    pub name: String,
    /// What it is about.
    pub subject: Subject,
    /// The page of what it is about.
    pub url: Option<String>,
}

/// A pipeline or a job, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What the forge says happened, where it says more than the status.
    pub action: Option<Action>,
    /// As people are shown it: GitLab's id, GitHub's run number.
    pub number: Option<u64>,
    /// The job's, the workflow's or the check's name. GitLab's pipelines seldom have one.
    pub name: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// What it runs on.
    pub reference: Option<Reference>,
    /// The commit it runs on.
    pub commit: Option<Sha>,
    /// What started it, in the forge's own word, such as `push` or `schedule`.
    pub source: Option<String>,
    /// How long it took, in whole seconds, once it is over.
    pub duration_s: Option<u64>,
}

/// A deployment, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What the forge says happened, where it says more than the status.
    pub action: Option<Action>,
    /// The forge's number for it.
    pub number: Option<u64>,
    /// Where to, such as `production`.
    pub environment: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Its page, or the job's that deploys.
    pub url: Option<String>,
    /// What is deployed.
    pub reference: Option<Reference>,
    /// The commit that is deployed.
    pub commit: Option<Sha>,
}

/// A release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its name and page; the number is the forge's.
    pub item: Item,
    /// The tag it stands on.
    pub tag: Option<String>,
    /// Not for everybody yet; `None` where the forge does not tell.
    pub is_prerelease: Option<bool>,
}

/// Somebody's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// [`Action::Added`], [`Action::Removed`], [`Action::Updated`] or the forge's own word.
    pub action: Action,
    /// Who it is about.
    pub account: Actor,
    /// Where, if it is not the event's repository: a group, an organisation, a team.
    pub group: Option<String>,
    /// The role, in the forge's own word, such as `Developer`.
    pub role: Option<String>,
    /// A page that shows it.
    pub url: Option<String>,
}

/// Anything that has no kind of its own here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The forge's own name for the event, such as `star` or `project_create`; lower case.
    pub kind: String,
    /// What it is about.
    pub item: Item,
}
