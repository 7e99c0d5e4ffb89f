//! A git repository on this machine, as a forge keeps one.

use git2::{Repository, Signature};
use tempfile::TempDir;

/// A bare repository with one commit on its branch `main`.
#[derive(Debug)]
pub struct BareRepository {
    folder: TempDir,
}

impl BareRepository {
    /// With these files, by name; all of them at the top.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("make a folder for the repository");
        let repository = Repository::init_bare(folder.path()).expect("make a repository");
        repository.set_head("refs/heads/main").expect("name its branch");
        let mut tree = repository.treebuilder(None).expect("begin a tree");
        for (name, text) in files {
            let blob = repository.blob(text.as_bytes()).expect("keep a file");
            tree.insert(name, blob, 0o100_644).expect("put it into the tree");
        }
        let tree = tree.write().and_then(|id| repository.find_tree(id)).expect("keep the tree");
        let author = Signature::now("Ann", "ann@example.com").expect("a valid name");
        repository
            .commit(Some("refs/heads/main"), &author, &author, "Begin", &tree, &[])
            .expect("commit the tree");
        drop(tree);
        Self { folder }
    }

    /// Where it is, as git is told.
    pub fn url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }
}
