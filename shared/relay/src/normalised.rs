//! An event as one JSON object with always the same fields, whatever its forge and kind: what `bellhop inspect` prints.
//!
//! Not here: reading payloads (`payload`), words for people (`irker`).

use payload::{
    Actor, Comment, Commit, Deployment, Emoji, Event, Fact, Forge, Item, Member, MergeRequest, Push,
    RefChange, Reference, Release, Repository, Run, Sha, Subject, TagPush, Topic,
};
use serde::Serialize;

/// Everything that can be said of an event. What the forge does not tell, or what its kind does not have, is `null`.
/// Fields are added over time, and never taken away. All texts are the sender's, unclean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Normalised<'a> {
    /// Always there: `gitlab`, `github`, `gitea`, `forgejo`, `gogs`, `bitbucket-cloud` or `bitbucket-server`.
    pub forge: Option<Forge>,
    /// As [`Fact::kind`] has it: `push`, `merge_request`, ... Of an ignored event, the forge's name for it.
    pub kind: Option<&'a str>,
    /// What was done, in [`payload::Action`]'s words: `opened`, `created`, ...
    pub action: Option<&'a str>,
    /// The sender's name for the delivery, the same when it is sent again.
    pub delivery_id: Option<&'a str>,
    /// Who did it: an object, with `null` where the forge is silent; `null` itself only if the event is ignored.
    pub actor: Option<Account<'a>>,
    /// Where; `null` for what belongs to none.
    pub repository: Option<Place<'a>>,
    /// The full name of the branch or tag: `refs/heads/main`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The branch that was pushed, ran or was deployed: `main`.
    pub branch: Option<&'a str>,
    /// The tag that was pushed, ran, was deployed or released: `v1.0`.
    pub tag: Option<&'a str>,
    /// Of a push: the commit that the ref pointed to; `null` if it is new.
    pub before: Option<&'a str>,
    /// Of a push: the commit that the ref points to; `null` if it is gone.
    pub after: Option<&'a str>,
    /// Of a push: whether the ref is new.
    pub created: Option<bool>,
    /// Of a push: whether the ref is gone.
    pub deleted: Option<bool>,
    /// Of a push: whether commits were taken away.
    pub forced: Option<bool>,
    /// Of a push: a page that shows the change.
    pub compare_url: Option<&'a str>,
    /// Of a push: how many commits there were, of which `commits` may hold fewer.
    pub commit_count: Option<u64>,
    /// Of a push: whether there were more commits than `commit_count`, since the forge stopped counting.
    pub truncated: Option<bool>,
    /// Of a push to a branch: oldest first.
    pub commits: Option<Vec<CommitLine<'a>>>,
    /// As people count it, such as 23 in `#23`. Of a comment or an emoji, that of its subject.
    pub number: Option<u64>,
    /// The title or the name: of a run, its name; of a deployment, the environment; of a comment or an emoji, that of
    /// its subject; of a tag, its annotation.
    pub title: Option<&'a str>,
    /// The page; of a comment, its own.
    pub url: Option<&'a str>,
    /// Where it stands after the action: [`payload::State`]; of a run or a deployment, [`payload::Status`].
    pub state: Option<&'a str>,
    /// Of a merge request: where the commits are.
    pub source_branch: Option<&'a str>,
    /// Of a merge request: where they are to go.
    pub target_branch: Option<&'a str>,
    /// Of a merge request: whether it is not ready to be merged.
    pub draft: Option<bool>,
    /// The commit that ran, was deployed or commented on.
    pub commit: Option<&'a str>,
    /// What a comment or an emoji is about: `commit`, `merge_request`, `issue`, `snippet`, or the forge's own word.
    pub topic: Option<&'a str>,
    /// What a comment says, in the forge's markup.
    pub text: Option<&'a str>,
    /// Of a comment: whether the forge wrote it itself, as a record of a change.
    pub system: Option<bool>,
    /// The emoji's name: `thumbsup`.
    pub emoji: Option<&'a str>,
    /// Of a pipeline or a job: what started it, in the forge's own word: `schedule`.
    pub trigger: Option<&'a str>,
    /// Of a pipeline or a job: how long it took, in whole seconds.
    pub duration_s: Option<u64>,
    /// Of a release: whether it is not for everybody yet.
    pub prerelease: Option<bool>,
    /// Who joined, changed role or left.
    pub member: Option<Account<'a>>,
    /// Where a member joined, if not in the repository: a group, an organisation.
    pub group: Option<&'a str>,
    /// The member's role, in the forge's own word: `Developer`.
    pub role: Option<&'a str>,
    /// Whether it is not for public channels; `null` only if the event is ignored.
    pub confidential: Option<bool>,
    /// Why nobody is told; `null` for an event.
    pub ignored: Option<&'a str>,
}

/// Somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Account<'a> {
    /// The account's name: `jsmith`.
    pub login: Option<&'a str>,
    /// The person's name: `John Smith`.
    pub name: Option<&'a str>,
    /// Whether it is known to be a machine's.
    pub bot: bool,
}

/// A repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// As in its URL: `mike/diaspora`.
    pub path: Option<&'a str>,
    /// As people write it: `Diaspora`.
    pub name: &'a str,
    /// Its page.
    pub url: Option<&'a str>,
    /// The branch that new work starts from.
    pub default_branch: Option<&'a str>,
    /// Whether only members may see it.
    pub private: Option<bool>,
}

/// One commit of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CommitLine<'a> {
    /// Its whole id.
    pub id: &'a str,
    /// The first line of its text.
    pub title: &'a str,
    /// Its author's name.
    pub author: &'a str,
    /// Its page.
    pub url: Option<&'a str>,
    /// How many files it touches.
    pub files: Option<usize>,
}

impl<'a> Normalised<'a> {
    /// Of an event. `delivery_id` is the sender's (`payload::delivery_id`).
    pub fn of(event: &'a Event, delivery_id: Option<&'a str>) -> Self {
        let Event { forge, actor, repository, confidential, fact } = event;
        let common = Self {
            forge: Some(*forge),
            kind: Some(fact.kind()),
            delivery_id,
            actor: Some(Account::of(actor)),
            repository: repository.as_ref().map(Place::of),
            confidential: Some(*confidential),
            ..Self::default()
        };
        match fact {
            Fact::Push(push) => common.push(push),
            Fact::Tag(push) => common.tag_push(push),
            Fact::MergeRequest(request) => common.merge_request(request),
            Fact::Comment(comment) => common.comment(comment),
            Fact::Pipeline(run) | Fact::Job(run) => common.run(run),
            Fact::Deployment(deployment) => common.deployment(deployment),
            Fact::Release(release) => common.release(release),
            Fact::Emoji(emoji) => common.reaction(emoji),
            Fact::Member(member) => common.membership(member),
            Fact::Issue(item) | Fact::WikiPage(item) | Fact::Milestone(item) | Fact::FeatureFlag(item) => {
                common.item(item)
            }
            Fact::Other(other) => common.item(&other.item),
        }
    }

    /// Of a payload that nobody is told of. `kind` is the forge's name for it (`payload::event_name`).
    pub fn ignored(
        forge: Forge,
        kind: Option<&'a str>,
        delivery_id: Option<&'a str>,
        reason: &'a str,
    ) -> Self {
        Self { forge: Some(forge), kind, delivery_id, ignored: Some(reason), ..Self::default() }
    }

    fn push(self, push: &'a Push) -> Self {
        Self {
            forced: push.forced,
            compare_url: push.compare_url.as_deref(),
            commit_count: push.commit_count,
            truncated: Some(push.is_truncated),
            commits: Some(push.commits.iter().map(CommitLine::of).collect()),
            ..self.branch(&push.branch).between(&push.change)
        }
    }

    fn tag_push(self, push: &'a TagPush) -> Self {
        Self {
            title: push.annotation.as_deref(),
            compare_url: push.compare_url.as_deref(),
            ..self.tag(&push.tag).between(&push.change)
        }
    }

    fn merge_request(self, request: &'a MergeRequest) -> Self {
        Self {
            source_branch: request.source_branch.as_deref(),
            target_branch: request.target_branch.as_deref(),
            draft: request.is_draft,
            ..self.item(&request.item)
        }
    }

    fn comment(self, comment: &'a Comment) -> Self {
        Self {
            action: Some(comment.action.as_str()),
            url: comment.url.as_deref(),
            text: Some(&comment.text),
            system: Some(comment.is_system),
            ..self.about(&comment.subject)
        }
    }

    fn run(self, run: &'a Run) -> Self {
        Self {
            action: run.action.as_ref().map(payload::Action::as_str),
            number: run.number,
            title: run.name.as_deref(),
            url: run.url.as_deref(),
            state: Some(run.status.as_str()),
            commit: run.commit.as_ref().map(Sha::full),
            trigger: run.source.as_deref(),
            duration_s: run.duration_s,
            ..self.on(run.reference.as_ref())
        }
    }

    fn deployment(self, deployment: &'a Deployment) -> Self {
        Self {
            action: deployment.action.as_ref().map(payload::Action::as_str),
            number: deployment.number,
            title: deployment.environment.as_deref(),
            url: deployment.url.as_deref(),
            state: Some(deployment.status.as_str()),
            commit: deployment.commit.as_ref().map(Sha::full),
            ..self.on(deployment.reference.as_ref())
        }
    }

    fn release(self, release: &'a Release) -> Self {
        let on = match &release.tag {
            Some(tag) => self.tag(tag),
            None => self,
        };
        Self { prerelease: release.is_prerelease, ..on.item(&release.item) }
    }

    fn reaction(self, emoji: &'a Emoji) -> Self {
        Self {
            action: Some(emoji.action.as_str()),
            url: emoji.url.as_deref(),
            emoji: Some(&emoji.name),
            ..self.about(&emoji.subject)
        }
    }

    fn membership(self, member: &'a Member) -> Self {
        Self {
            action: Some(member.action.as_str()),
            url: member.url.as_deref(),
            member: Some(Account::of(&member.account)),
            group: member.group.as_deref(),
            role: member.role.as_deref(),
            ..self
        }
    }

    fn item(self, item: &'a Item) -> Self {
        Self {
            action: item.action.as_ref().map(payload::Action::as_str),
            number: item.number,
            title: item.title.as_deref(),
            url: item.url.as_deref(),
            state: item.state.as_ref().map(payload::State::as_str),
            ..self
        }
    }

    fn about(self, subject: &'a Subject) -> Self {
        let topic = match &subject.topic {
            Topic::Commit => "commit",
            Topic::MergeRequest => "merge_request",
            Topic::Issue => "issue",
            Topic::Snippet => "snippet",
            Topic::Other(own) => own,
        };
        Self {
            number: subject.number,
            title: subject.title.as_deref(),
            commit: subject.commit.as_ref().map(Sha::full),
            topic: Some(topic),
            ..self
        }
    }

    fn on(self, reference: Option<&'a Reference>) -> Self {
        match reference {
            Some(Reference::Branch(branch)) => self.branch(branch),
            Some(Reference::Tag(tag)) => self.tag(tag),
            None => self,
        }
    }

    fn branch(self, branch: &'a str) -> Self {
        Self { reference: Some(format!("refs/heads/{branch}")), branch: Some(branch), ..self }
    }

    fn tag(self, tag: &'a str) -> Self {
        Self { reference: Some(format!("refs/tags/{tag}")), tag: Some(tag), ..self }
    }

    fn between(self, change: &'a RefChange) -> Self {
        let (action, before, after) = match change {
            RefChange::Created { after } => ("created", None, Some(after)),
            RefChange::Deleted { before } => ("deleted", before.as_ref(), None),
            RefChange::Updated { before, after } => ("updated", Some(before), Some(after)),
        };
        Self {
            action: Some(action),
            before: before.map(Sha::full),
            after: after.map(Sha::full),
            created: Some(matches!(change, RefChange::Created { .. })),
            deleted: Some(matches!(change, RefChange::Deleted { .. })),
            ..self
        }
    }
}

impl<'a> Account<'a> {
    fn of(Actor { login, name, bot }: &'a Actor) -> Self {
        Self { login: login.as_deref(), name: name.as_deref(), bot: *bot }
    }
}

impl<'a> Place<'a> {
    fn of(Repository { name, path, url, default_branch, private }: &'a Repository) -> Self {
        Self {
            path: path.as_deref(),
            name,
            url: url.as_deref(),
            default_branch: default_branch.as_deref(),
            private: *private,
        }
    }
}

impl<'a> CommitLine<'a> {
    fn of(Commit { id, title, author, url, files }: &'a Commit) -> Self {
        Self { id: id.full(), title, author, url: url.as_deref(), files: *files }
    }
}

#[cfg(test)]
mod tests;
