//! Pushes of branches and tags
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events>).
//!
//! Not here: who pushed, and where (`place`).

use serde::Deserialize;

use super::{Scene, Told};
use crate::common::{RefName, file_count, first_line};
use crate::field::{Length, List, Number, Part, Text};
use crate::{Commit, Fact, Push, RefChange, Repository, Sha, TagPush};

/// Both kinds of push, of both ages.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PushPayload {
    before: Text,
    after: Text,
    #[serde(rename = "ref")]
    reference: Text,
    /// The text of an annotated tag.
    message: Text,
    /// The newest twenty, oldest first.
    commits: List<CommitPayload>,
    total_commits_count: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    id: Text,
    title: Text,
    message: Text,
    url: Text,
    author: Part<AuthorPayload>,
    added: Length,
    modified: Length,
    removed: Length,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthorPayload {
    name: Text,
}

pub(super) fn push(payload: PushPayload, scene: &mut Scene) -> Told {
    let change = RefChange::new(payload.before.0, payload.after.0).ok_or("a push from nothing to nothing")?;
    let repository = scene.repository.as_ref().ok_or("a push that names no repository")?;
    let reference = payload.reference.0.unwrap_or_default();
    match name(&reference, &scene.kind).ok_or("a push to neither a branch nor a tag")? {
        RefName::Branch(branch) => {
            let commits =
                payload.commits.0.map(|listed| listed.into_iter().filter_map(CommitPayload::commit));
            let commits: Option<Vec<_>> = commits.map(Iterator::collect);
            let listed = commits.as_ref().map(|commits| commits.len() as u64);
            let commits = commits.unwrap_or_default();
            Ok(Fact::Push(Push {
                branch: branch.to_owned(),
                compare_url: compare_url(repository, &change, &commits, scene.is_today),
                commit_count: payload.total_commits_count.0.or(listed),
                is_truncated: false,
                forced: None,
                commits,
                change,
            }))
        }
        RefName::Tag(tag) => Ok(Fact::Tag(TagPush {
            tag: tag.to_owned(),
            change,
            annotation: payload.message.0,
            compare_url: None,
        })),
    }
}

/// GitLab sends full refs; those who send in its name do not always.
fn name<'a>(reference: &'a str, kind: &str) -> Option<RefName<'a>> {
    let is_short = !reference.is_empty() && !reference.starts_with("refs/");
    let short = if kind == "tag_push" { RefName::Tag(reference) } else { RefName::Branch(reference) };
    RefName::parse(reference).or(is_short.then_some(short))
}

/// GitLab sends no link to the change, so it is built as GitLab's own pages do. A new branch is compared with the
/// parent of its first commit, as GitLab's irker integration does.
fn compare_url(
    repository: &Repository,
    change: &RefChange,
    commits: &[Commit],
    is_today: bool,
) -> Option<String> {
    let url = repository.url.as_deref()?;
    // GitLab moved its pages behind `/-/` in 12.0; the old form is what a GitLab of 2014 answers.
    let route = if is_today { "/-/compare" } else { "/compare" };
    match change {
        RefChange::Updated { before, after } => {
            Some(format!("{url}{route}/{}...{}", before.full(), after.full()))
        }
        RefChange::Created { after } => {
            let first = commits.first()?.id.full();
            Some(format!("{url}{route}/{first}^...{}", after.full()))
        }
        RefChange::Deleted { .. } => None,
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let files = file_count([self.added, self.modified, self.removed]);
        let text = self.title.0.or(self.message.0);
        Some(Commit {
            id: Sha::new(self.id.0?)?,
            title: text.as_deref().map(first_line).unwrap_or_default(),
            author: self.author.0.and_then(|author| author.name.0).unwrap_or_default(),
            url: self.url.0,
            files,
        })
    }
}
