use git::{Commit, Git, GitError, Limits, Remote, Wanted};

use crate::repository::Bare;

async fn fetch(git: &Git, bare: &Bare, reference: Option<&str>) -> Result<Commit, GitError> {
    let remote: Remote = bare.url().parse().unwrap();
    git.fetch(Wanted { remote: &remote, reference, credentials: None, addresses: Vec::new() }).await
}

#[tokio::test]
async fn a_repository_of_this_machine_is_read_where_it_is() {
    let bare = Bare::usual();
    let commit = fetch(&Git::default(), &bare, None).await.unwrap();
    assert_eq!((commit.reference(), commit.default_branch()), ("main", Some("main")));
    assert_eq!(commit.id(), bare.repository.revparse_single("main").unwrap().id().to_string());
    assert_eq!(commit.paths().unwrap(), [".gitlab-ci.yml", "README", "ci/chat.yml"]);
    assert_eq!(commit.read("ci/chat.yml", 100).unwrap().unwrap(), b"x: 1\n");
    assert!(!commit.is_fetched());
}

#[tokio::test]
async fn a_branch_or_a_tag_is_found_by_its_name() {
    let bare = Bare::usual();
    let git = Git::default();
    assert_eq!(fetch(&git, &bare, Some("next")).await.unwrap().paths().unwrap(), ["NEXT"]);
    let tag = fetch(&git, &bare, Some("v1")).await.unwrap();
    assert_eq!((tag.reference(), tag.paths().unwrap()), ("v1", vec!["README".to_owned()]));
    assert!(matches!(fetch(&git, &bare, Some("none")).await, Err(GitError::NoReference { .. })));
    assert!(matches!(fetch(&git, &Bare::empty(), None).await, Err(GitError::Empty)));
}

#[tokio::test]
async fn what_is_no_file_is_not_read_and_a_long_one_not_to_its_end() {
    let bare = Bare::usual();
    let commit = fetch(&Git::default(), &bare, None).await.unwrap();
    for path in ["none", "ci", "ci/", "/README", "./README", "ci/../README", "", "README/x", "../p.git/HEAD"]
    {
        assert_eq!(commit.read(path, 100).unwrap(), None, "{path}");
    }
    assert_eq!(commit.read("README", 2).unwrap().unwrap(), b"one");
}

#[tokio::test]
async fn more_files_than_there_may_be_are_not_listed() {
    let git = Git::within(Limits { paths: 3, ..Limits::default() });
    let bare = Bare::usual();
    let commit = fetch(&git, &bare, None).await.unwrap();
    let error = commit.paths().unwrap_err().to_string();
    assert_eq!(error, "the repository is too large: more than 3 files");
}

#[tokio::test]
async fn a_folder_without_a_repository_is_none() {
    let bare = Bare::usual();
    let inside: Remote = format!("{}/objects", bare.url()).parse().unwrap();
    let wanted = Wanted { remote: &inside, reference: None, credentials: None, addresses: Vec::new() };
    assert!(matches!(Git::default().fetch(wanted).await, Err(GitError::NotFound { .. })));
}
