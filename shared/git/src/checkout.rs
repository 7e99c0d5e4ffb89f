//! A commit's files, written into a fresh folder.
//!
//! A tree is data from outside: a name in it may be `..`, the same name may stand there as a link and as a folder, and few
//! objects may make a tree without end. So every folder and file is made anew and none is ever gone through that was
//! there before; what is there already is an error, not a place to write to.
//!
//! Not here: `.git`, filters, attributes, line endings.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use git2::Oid;

use crate::GitError;
use crate::commit::{Commit, Kind, kind};

/// The longest target of a link, in bytes: Linux's `PATH_MAX`.
const LINK_BYTES_MAX: usize = 4096;

pub(crate) struct Checkout<'a> {
    commit: &'a Commit,
    seen: usize,
    bytes_left: u64,
}

impl<'a> Checkout<'a> {
    pub(crate) fn new(commit: &'a Commit) -> Self {
        Self { commit, seen: 0, bytes_left: commit.limits().checkout_bytes }
    }

    pub(crate) fn write(mut self, root: &Path) -> Result<(), GitError> {
        let mut open = vec![(self.commit.tree()?.id(), PathBuf::new())];
        while let Some((tree, folder)) = open.pop() {
            for entry in &self.commit.repository().find_tree(tree)? {
                self.commit.count(&mut self.seen)?;
                let path = folder.join(checked(entry.name_bytes())?);
                let place = root.join(&path);
                match kind(&entry) {
                    Some(Kind::Folder) => {
                        fs::create_dir(&place)?;
                        open.push((entry.id(), path));
                    }
                    Some(Kind::Submodule) => fs::create_dir(&place)?,
                    Some(Kind::File { is_executable }) => self.file(entry.id(), &place, is_executable)?,
                    Some(Kind::Link) => self.link(entry.id(), &place, &folder)?,
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, id: Oid, place: &Path, is_executable: bool) -> Result<(), GitError> {
        let content = self.blob(id)?;
        let mode = if is_executable { 0o755 } else { 0o644 };
        // Follows no link, and writes into nothing that is there.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
        file.write_all(&content)?;
        Ok(())
    }

    fn link(&mut self, id: Oid, place: &Path, folder: &Path) -> Result<(), GitError> {
        let target = self.blob(id)?;
        if target.len() > LINK_BYTES_MAX || !is_inside(folder, Path::new(OsStr::from_bytes(&target))) {
            return self.file(id, place, false);
        }
        symlink(OsStr::from_bytes(&target), place)?;
        Ok(())
    }

    /// Its size is looked at before it is read.
    fn blob(&mut self, id: Oid) -> Result<Vec<u8>, GitError> {
        let (size, _) = self.commit.repository().odb()?.read_header(id)?;
        let left = self.bytes_left.checked_sub(size as u64);
        let limit = self.commit.limits().checkout_bytes;
        self.bytes_left = left.ok_or(GitError::TooLarge { limit, of: "bytes" })?;
        Ok(self.commit.repository().find_blob(id)?.content().to_vec())
    }
}

/// Whether a link in `folder`, which counts from the root, stays beneath the root. It may go up first and then down: one
/// that goes up again behind a name may have come elsewhere by that name, which may be a link as well.
fn is_inside(folder: &Path, target: &Path) -> bool {
    let mut depth = folder.components().count();
    let mut is_going_down = false;
    for part in target.components() {
        match part {
            Component::Normal(_) => is_going_down = true,
            Component::CurDir => {}
            Component::ParentDir if !is_going_down && depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    !target.as_os_str().is_empty()
}

/// The names that git refuses as well (`verify_path` in `read-cache.c`).
fn checked(name: &[u8]) -> Result<&OsStr, GitError> {
    let is_name = !matches!(name, b"" | b"." | b"..")
        && !name.iter().any(|byte| matches!(byte, b'/' | 0))
        && !name.eq_ignore_ascii_case(b".git");
    if is_name {
        return Ok(OsStr::from_bytes(name));
    }
    Err(GitError::Path { path: String::from_utf8_lossy(name).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_out_is_known_by_its_text() {
        let inside = |folder: &str, target: &str| is_inside(Path::new(folder), Path::new(target));
        assert!(inside("", "a") && inside("a/b", "../../c") && inside("a", "./../b/c"));
        assert!(
            !inside("", "..") && !inside("a", "../../c") && !inside("", "/etc/passwd") && !inside("", "")
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [&b".."[..], b".", b"", b"a/b", b"a\0b", b".git", b".GIT"] {
            assert!(matches!(checked(name), Err(GitError::Path { .. })), "{name:?}");
        }
        assert!(checked(b".gitlab-ci.yml").is_ok() && checked(b"...").is_ok());
    }
}
