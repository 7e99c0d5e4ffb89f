//! What is asked of libgit2: the newest commit of one branch or tag. Everything here blocks.
//!
//! Not here: connections to the outside (`bridge`).

use std::cell::RefCell;
use std::path::Path;

use git2::{
    AutotagOption, Direction, ErrorCode, FetchOptions, RemoteCallbacks, RemoteHead, RemoteRedirect,
    Repository, RepositoryOpenFlags,
};

use crate::limits::Limits;
use crate::{Commit, GitError};

/// Where the commit is kept in the repository of our own.
const KEPT: &str = "refs/bellhop/wanted";

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// Fetches over a bridge, into a temporary repository.
pub(crate) fn fetch(url: &str, reference: Option<&str>, limits: &Limits) -> Result<Commit, GitError> {
    let folder = tempfile::tempdir()?;
    let repository = Repository::init_bare(folder.path())?;
    let (name, default_branch) = {
        let mut remote = repository.remote_anonymous(url)?;
        // The connection is used for both: a second one might see another commit.
        remote.connect(Direction::Fetch)?;
        let heads = remote.list()?;
        let default_branch = default_branch(heads);
        let name = choose(heads, reference, default_branch.as_deref())?;
        let stopped = RefCell::new(None);
        let mut options = options(limits, &stopped);
        let fetched = remote.fetch(&[format!("+{name}:{KEPT}")], Some(&mut options), None);
        drop(options);
        if let Some(error) = stopped.into_inner() {
            return Err(error);
        }
        fetched?;
        (name, default_branch)
    };
    let id = repository.find_reference(KEPT)?.peel_to_commit()?.id();
    Ok(Commit::new(repository, id, (short(&name), default_branch), limits).keeping(folder))
}

fn options<'a>(limits: &'a Limits, stopped: &'a RefCell<Option<GitError>>) -> FetchOptions<'a> {
    let mut callbacks = RemoteCallbacks::new();
    callbacks.transfer_progress(move |progress| {
        let too_large = |limit, of| GitError::TooLarge { limit, of };
        let error = if progress.total_objects() > limits.objects {
            too_large(limits.objects as u64, "objects")
        } else if progress.received_bytes() as u64 > limits.bytes {
            too_large(limits.bytes, "bytes")
        } else {
            return true;
        };
        stopped.replace(Some(error));
        false
    });
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks)
        .depth(1)
        .download_tags(AutotagOption::None)
        .follow_redirects(RemoteRedirect::None)
        .update_fetchhead(false);
    options
}

/// The branch that `HEAD` stands for.
fn default_branch(heads: &[RemoteHead<'_>]) -> Option<String> {
    let head = heads.iter().find(|head| head.name() == "HEAD")?;
    head.symref_target()?.strip_prefix(BRANCHES).map(str::to_owned)
}

fn choose(
    heads: &[RemoteHead<'_>],
    reference: Option<&str>,
    default_branch: Option<&str>,
) -> Result<String, GitError> {
    if heads.is_empty() {
        return Err(GitError::Empty);
    }
    let is_there = |name: &String| heads.iter().any(|head| head.name() == name);
    match (reference, default_branch) {
        (None, None) => Err(GitError::NoDefaultBranch),
        (None, Some(branch)) => Ok(format!("{BRANCHES}{branch}")),
        (Some(name), _) => [BRANCHES, TAGS]
            .into_iter()
            .map(|kind| format!("{kind}{name}"))
            .find(is_there)
            .ok_or_else(|| GitError::NoReference { reference: name.to_owned() }),
    }
}

fn short(name: &str) -> String {
    let short = [BRANCHES, TAGS].into_iter().find_map(|kind| name.strip_prefix(kind));
    short.unwrap_or(name).to_owned()
}

/// Opens a repository of this machine.
pub(crate) fn open(path: &Path, reference: Option<&str>, limits: &Limits) -> Result<Commit, GitError> {
    // Exactly this folder, and none above it.
    let nowhere: [&Path; 0] = [];
    let opened = Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, nowhere);
    let repository = opened.map_err(|error| match error.code() {
        ErrorCode::NotFound => GitError::NotFound { reason: error.message().to_owned() },
        _ => GitError::Git(error),
    })?;
    let head = repository.find_reference("HEAD")?;
    let default_branch =
        head.symbolic_target().ok().flatten().and_then(|name| name.strip_prefix(BRANCHES)).map(str::to_owned);
    drop(head);
    let names = match (reference, &default_branch) {
        (None, None) => return Err(GitError::NoDefaultBranch),
        (None, Some(branch)) => vec![format!("{BRANCHES}{branch}")],
        (Some(name), _) => vec![format!("{BRANCHES}{name}"), format!("{TAGS}{name}")],
    };
    let there = names.into_iter().find(|name| repository.find_reference(name).is_ok());
    let Some(name) = there else {
        return Err(match reference {
            Some(name) => GitError::NoReference { reference: name.to_owned() },
            None => GitError::Empty,
        });
    };
    let id = repository.find_reference(&name)?.peel_to_commit()?.id();
    Ok(Commit::new(repository, id, (short(&name), default_branch), limits))
}
