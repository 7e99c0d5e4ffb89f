use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git::{Git, GitError, Limits, Remote, Wanted};
use git2::Oid;
use tempfile::TempDir;

use crate::repository::{Bare, Entry};

async fn check_out(bare: &Bare, limits: Limits) -> Result<TempDir, GitError> {
    let remote: Remote = bare.url().parse().unwrap();
    let wanted = Wanted { remote: &remote, reference: None, credentials: None, addresses: Vec::new() };
    let commit = Git::within(limits).fetch(wanted).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("in");
    fs::create_dir(&root).unwrap();
    commit.check_out(&root).map(|()| folder)
}

async fn check(bare: &Bare, tree: &[Entry<'_>]) -> Result<TempDir, GitError> {
    bare.commit_tree("refs/heads/main", bare.tree(tree), &[]);
    check_out(bare, Limits::default()).await
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join("in").join(path)).unwrap()
}

#[tokio::test]
async fn files_programs_and_links_are_as_they_were_committed() {
    let bare = Bare::empty();
    let (text, link) = (bare.blob(b"text\n"), bare.blob(b"../a"));
    let inner = bare.tree(&[Entry("120000", b"b", link), Entry("100755", b"run", text)]);
    let other = Oid::from_bytes(&[7; 20]).unwrap();
    let tree =
        [Entry("100644", b"a", text), Entry("40000", b"dir", inner), Entry("160000", b"module", other)];
    let folder = check(&bare, &tree).await.unwrap();
    assert_eq!(read(&folder, "dir/b"), "text\n");
    let root = folder.path().join("in");
    assert_eq!(fs::read_link(root.join("dir/b")).unwrap(), Path::new("../a"));
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o111;
    assert_eq!((mode("a"), mode("dir/run") != 0), (0, true));
    assert_eq!(fs::read_dir(root.join("module")).unwrap().count(), 0);
    assert!(!root.join(".git").exists());
}

#[tokio::test]
async fn a_link_that_leads_out_becomes_a_file_that_says_where() {
    let bare = Bare::empty();
    let (out, root, up) =
        (bare.blob(b"../../../etc/passwd"), bare.blob(b"/etc/passwd"), bare.blob(b"d/x/.."));
    let tree = [Entry("120000", b"a", out), Entry("120000", b"b", root), Entry("120000", b"c", up)];
    let folder = check(&bare, &tree).await.unwrap();
    for (path, text) in [("a", "../../../etc/passwd"), ("b", "/etc/passwd"), ("c", "d/x/..")] {
        assert!(folder.path().join("in").join(path).symlink_metadata().unwrap().is_file(), "{path}");
        assert_eq!(read(&folder, path), text);
    }
}

#[tokio::test]
async fn nothing_is_ever_written_through_a_link() {
    let bare = Bare::empty();
    let (out, text) = (bare.blob(b"."), bare.blob(b"evil\n"));
    let inner = bare.tree(&[Entry("100644", b"f", text)]);
    for tree in [
        [Entry("120000", b"d", out), Entry("40000", b"d", inner)],
        [Entry("120000", b"f", out), Entry("100644", b"f", text)],
    ] {
        assert!(matches!(check(&bare, &tree).await, Err(GitError::Disk(_))));
    }
}

#[tokio::test]
async fn names_that_lead_out_of_the_folder_are_refused() {
    let bare = Bare::empty();
    let text = bare.blob(b"evil\n");
    let inner = bare.tree(&[Entry("100644", b"evil", text)]);
    for name in [&b".."[..], b".", b".git", b".GiT", b"a/../../b"] {
        let refused = check(&bare, &[Entry("40000", name, inner)]).await;
        assert!(matches!(refused, Err(GitError::Path { .. } | GitError::Git(_))), "{name:?}: {refused:?}");
    }
}

#[tokio::test]
async fn few_objects_that_make_files_without_end_are_stopped() {
    let bare = Bare::empty();
    let mut id = bare.tree(&[Entry("100644", b"f", bare.blob(&[b'x'; 1000]))]);
    for _ in 0..20 {
        id = bare.tree(&[Entry("40000", b"a", id), Entry("40000", b"b", id)]);
    }
    bare.commit_tree("refs/heads/main", id, &[]);
    let refused = check_out(&bare, Limits { paths: 500, ..Limits::default() }).await;
    assert!(matches!(refused, Err(GitError::TooLarge { limit: 500, of: "files" })));
    let refused = check_out(&bare, Limits { checkout_bytes: 50_000, ..Limits::default() }).await;
    assert!(matches!(refused, Err(GitError::TooLarge { limit: 50_000, of: "bytes" })));
}
