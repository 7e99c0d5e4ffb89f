//! A commit at hand: its id, its files. Everything here blocks, and is bounded.

use std::fmt;
use std::path::Path;

use git2::{FileMode, ObjectType, Oid, Repository, Tree, TreeEntry};
use tempfile::TempDir;

use crate::GitError;
use crate::checkout::Checkout;
use crate::limits::Limits;

/// A commit, with the repository that it is in.
pub struct Commit {
    // Before the folder that it may be in: fields are dropped in this order.
    repository: Repository,
    folder: Option<TempDir>,
    id: Oid,
    reference: String,
    default_branch: Option<String>,
    limits: Limits,
}

impl fmt::Debug for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Commit({} of {})", self.id, self.reference)
    }
}

/// What an entry of a tree is.
pub(crate) enum Kind {
    Folder,
    File {
        is_executable: bool,
    },
    Link,
    /// A commit of another repository.
    Submodule,
}

impl Commit {
    pub(crate) fn new(
        repository: Repository,
        id: Oid,
        (reference, default_branch): (String, Option<String>),
        limits: &Limits,
    ) -> Self {
        Self { repository, folder: None, id, reference, default_branch, limits: limits.clone() }
    }

    /// The same, with the folder that goes when it goes.
    pub(crate) fn keeping(self, folder: TempDir) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Its id, in hexadecimal digits.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The branch or tag that it was asked for by, without `refs/heads/` or `refs/tags/`.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The repository's default branch, if it has one.
    pub fn default_branch(&self) -> Option<&str> {
        self.default_branch.as_deref()
    }

    /// Whether its objects were fetched, and are not those of a repository of this machine.
    pub fn is_fetched(&self) -> bool {
        self.folder.is_some()
    }

    /// A file's first bytes, one more than `bytes_max` if it has them; `None` if there is no file of that path. Links are
    /// not followed.
    pub fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, GitError> {
        let is_path = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let entry = match self.tree()?.get_path(Path::new(path)) {
            Ok(entry) if is_path => entry,
            _ => return Ok(None),
        };
        if !matches!(kind(&entry), Some(Kind::File { .. })) {
            return Ok(None);
        }
        // Its size is known without reading it.
        let (size, _) = self.repository.odb()?.read_header(entry.id())?;
        if size > bytes_max.saturating_add(1) && size as u64 > self.limits.checkout_bytes {
            return Err(GitError::TooLarge { limit: self.limits.checkout_bytes, of: "bytes" });
        }
        let blob = self.repository.find_blob(entry.id())?;
        let content = blob.content();
        Ok(Some(content[..content.len().min(bytes_max.saturating_add(1))].to_vec()))
    }

    /// The paths of all files and links, in git's order.
    pub fn paths(&self) -> Result<Vec<String>, GitError> {
        let mut found = Vec::new();
        let mut seen = 0;
        let mut open = vec![(self.tree()?, String::new())];
        while let Some((tree, prefix)) = open.pop() {
            let mut folders = Vec::new();
            for entry in &tree {
                self.count(&mut seen)?;
                let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
                match kind(&entry) {
                    Some(Kind::Folder) => folders.push((self.repository.find_tree(entry.id())?, path + "/")),
                    Some(Kind::File { .. } | Kind::Link) => found.push(path),
                    Some(Kind::Submodule) | None => {}
                }
            }
            // The last one is looked at first.
            open.extend(folders.into_iter().rev());
        }
        found.sort();
        Ok(found)
    }

    /// Writes all files into a folder that is empty, and belongs to nobody else while this goes on.
    ///
    /// Links that lead out of the folder become files that hold their target, as git does where there are no links;
    /// submodules become empty folders, as git leaves them. There is no `.git`.
    pub fn check_out(&self, folder: &Path) -> Result<(), GitError> {
        Checkout::new(self).write(folder)
    }

    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn tree(&self) -> Result<Tree<'_>, GitError> {
        Ok(self.repository.find_commit(self.id)?.tree()?)
    }

    /// Counts one more path.
    pub(crate) fn count(&self, seen: &mut usize) -> Result<(), GitError> {
        *seen += 1;
        if *seen > self.limits.paths {
            return Err(GitError::TooLarge { limit: self.limits.paths as u64, of: "files" });
        }
        Ok(())
    }
}

/// `None` for what git does not know, either.
pub(crate) fn kind(entry: &TreeEntry<'_>) -> Option<Kind> {
    let mode = entry.filemode();
    let is = |known: FileMode| mode == i32::from(known);
    match entry.kind()? {
        ObjectType::Tree => Some(Kind::Folder),
        ObjectType::Commit => Some(Kind::Submodule),
        ObjectType::Blob if is(FileMode::Link) => Some(Kind::Link),
        ObjectType::Blob => Some(Kind::File { is_executable: is(FileMode::BlobExecutable) }),
        _ => None,
    }
}
