//! Bare repositories, made object by object: also such as git itself would not make.

use git2::{ObjectType, Oid, Repository, Signature, Time};
use tempfile::TempDir;

/// One line of a tree: its mode, its name, what it is.
pub(crate) struct Entry<'a>(pub(crate) &'a str, pub(crate) &'a [u8], pub(crate) Oid);

pub(crate) struct Bare {
    pub(crate) folder: TempDir,
    pub(crate) repository: Repository,
}

impl Bare {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path().join("p.git")).unwrap();
        repository.set_head("refs/heads/main").unwrap();
        Self { folder, repository }
    }

    /// `main` has two commits, the second of which adds `ci/chat.yml`; there is a branch `next` and a tag `v1`.
    pub(crate) fn usual() -> Self {
        let bare = Self::empty();
        let first = bare.commit("refs/heads/main", &[("README", "one\n")], &[]);
        let files =
            [("README", "one\n"), (".gitlab-ci.yml", "job: {script: a}\n"), ("ci/chat.yml", "x: 1\n")];
        let second = bare.commit("refs/heads/main", &files, &[first]);
        bare.commit("refs/heads/next", &[("NEXT", "two\n")], &[second]);
        bare.tag("v1", first);
        bare
    }

    fn tag(&self, name: &str, commit: Oid) {
        let commit = self.repository.find_object(commit, None).unwrap();
        self.repository.tag(name, &commit, &who(), "one", false).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}/p.git", self.folder.path().display())
    }

    pub(crate) fn blob(&self, content: &[u8]) -> Oid {
        self.repository.blob(content).unwrap()
    }

    /// Whatever it holds.
    pub(crate) fn tree(&self, entries: &[Entry<'_>]) -> Oid {
        let mut raw = Vec::new();
        for Entry(mode, name, id) in entries {
            raw.extend_from_slice(mode.as_bytes());
            raw.push(b' ');
            raw.extend_from_slice(name);
            raw.push(0);
            raw.extend_from_slice(id.as_bytes());
        }
        self.repository.odb().unwrap().write(ObjectType::Tree, &raw).unwrap()
    }

    pub(crate) fn commit_tree(&self, reference: &str, tree: Oid, parents: &[Oid]) -> Oid {
        let text = |id: &Oid| format!("parent {id}\n");
        let parents: String = parents.iter().map(text).collect();
        let raw =
            format!("tree {tree}\n{parents}author a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\n[skip ci]\n");
        let id = self.repository.odb().unwrap().write(ObjectType::Commit, raw.as_bytes()).unwrap();
        self.repository.reference(reference, id, true, "test").unwrap();
        id
    }

    fn commit(&self, reference: &str, files: &[(&str, &str)], parents: &[Oid]) -> Oid {
        let mut index = git2::Index::new().unwrap();
        for (path, text) in files {
            index
                .add(&git2::IndexEntry {
                    ctime: git2::IndexTime::new(0, 0),
                    mtime: git2::IndexTime::new(0, 0),
                    dev: 0,
                    ino: 0,
                    mode: 0o100_644,
                    uid: 0,
                    gid: 0,
                    file_size: 0,
                    id: self.blob(text.as_bytes()),
                    flags: 0,
                    flags_extended: 0,
                    path: path.as_bytes().to_vec(),
                })
                .unwrap();
        }
        let tree = index.write_tree_to(&self.repository).unwrap();
        self.commit_tree(reference, tree, parents)
    }
}

fn who() -> Signature<'static> {
    Signature::new("a", "a@b", &Time::new(0, 0)).unwrap()
}
