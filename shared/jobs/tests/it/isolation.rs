use std::path::Path;

use app::executor::{Ending, Executor};

use crate::world::{World, log, user};

fn value<'a>(log: &'a str, name: &str) -> &'a str {
    let line = log.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("{name} is not in {log}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_made_from_nothing() {
    let world = World::new("job: {script: [env], variables: {MINE: '1'}}\n").knowing(&[("KEY", "k")]);
    let ended = world.run("job").await;
    let log = log(&ended);
    let mut names: Vec<_> = log
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .filter(|name| !name.starts_with("CI_") && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    names.sort_unstable();
    let expected = "BELLHOP_RUN CHAT_CHANNEL CHAT_INPUT CHAT_USER_ID CI GITLAB_CI HOME KEY MINE OLDPWD PATH PWD SHLVL TMPDIR _";
    let expected: Vec<_> =
        expected.split(' ').filter(|name| names.contains(name) || *name != "OLDPWD").collect();
    assert_eq!(names, expected);
    assert_eq!((value(&log, "CHAT_INPUT"), value(&log, "MINE"), value(&log, "KEY")), ("in", "1", "k"));
    assert_eq!(value(&log, "PWD"), value(&log, "CI_PROJECT_DIR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_nobodys_and_sees_no_input() {
    let world = World::new("job: {script: ['echo uid=$(id -u) groups=$(id -G)', 'cat', 'ulimit -d']}\n");
    let ended = world.run("job").await;
    assert_eq!(ended.ending, Ending::Succeeded);
    if user().is_some() {
        assert!(log(&ended).contains("uid=65534 groups=65534\n"), "{}", log(&ended));
    }
    assert!(log(&ended).contains("\n4194304\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_has_a_folder_of_its_own_that_goes_with_it() {
    let files = [
        (
            ".gitlab-ci.yml",
            "job: {script: ['bin/tool; touch new; mkdir ro; touch ro/x; chmod 555 ro; env']}\n",
        ),
        ("bin/tool", "#!/bin/sh\necho ran as $0\n"),
    ];
    let world = World::with(&files);
    let (one, two) = (log(&world.run("job").await), log(&world.run("job").await));
    assert!(one.contains("ran as bin/tool"));
    let (one, two) = (value(&one, "CI_PROJECT_DIR"), value(&two, "CI_PROJECT_DIR"));
    assert_ne!(one, two);
    assert!(!Path::new(one).parent().unwrap().exists() && !Path::new(two).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_bellhop_left_behind_goes_when_the_next_one_starts() {
    let world = World::new("job: {script: [env]}\n");
    let folder = value(&log(&world.run("job").await), "CI_PROJECT_DIR").to_owned();
    let folder = Path::new(&folder).parent().unwrap();
    // As if nobody had been there to remove it.
    std::fs::create_dir_all(folder.join("work/deep")).unwrap();
    let other = folder.with_file_name("bellhop-run-of-somebody-else");
    std::fs::create_dir_all(&other).unwrap();
    let house = world.folder.path().display().to_string();
    let mark = format!("{house}:left");
    let mut left = std::process::Command::new("sleep").arg("1000").env("BELLHOP_RUN", mark).spawn().unwrap();
    jobs::local::Local::new(&house, user(), app::clock::Clock::System);
    assert!(!left.wait().unwrap().success());
    assert!(!folder.exists() && other.exists());
    std::fs::remove_dir(&other).unwrap();
}

/// The job's processes are told by what they hold open: a pipe that ends when the last of them does.
async fn left(script: &str) -> (Ending, bool) {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").args(["-m", "666"]).arg(&pipe).status().unwrap().success());
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut reader = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&pipe).unwrap();
    let script = script.replace("PIPE", &pipe.display().to_string());
    let world = World::new(&format!("job:\n  script:\n    - |\n      {script}\n"));
    let ended = world.run("job").await;
    // Ends when nobody holds the other end any more; the test would hang where somebody does.
    let mut said = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said).await.unwrap();
    (ended.ending, said == b"begun\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_leaves_running_ends_with_it() {
    let background = "exec 9>PIPE; echo begun >&9; sleep 1000 & exit 0";
    assert_eq!(left(background).await, (Ending::Succeeded, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_what_has_moved_into_a_session_of_its_own() {
    let moved = "exec 9>PIPE; echo begun >&9; setsid sleep 1000 & sleep 0.2; exit 0";
    assert_eq!(left(moved).await, (Ending::Succeeded, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_with_their_executor() {
    let world = World::new("job: {script: [echo begun > $TMPDIR/begun, sleep 1000]}\n");
    world.local.start(&world.order("job").await).await.unwrap();
    let mark = format!("BELLHOP_RUN={}", world.folder.path().display());
    while count(&mark) == 0 {
        tokio::task::yield_now().await;
    }
    drop(world.local);
    while count(&mark) > 0 {
        tokio::task::yield_now().await;
    }
}

fn count(mark: &str) -> usize {
    let environment = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("environ")).ok();
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(environment);
    all.filter(|bytes| String::from_utf8_lossy(bytes).contains(mark)).count()
}
