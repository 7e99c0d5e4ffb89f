//! Where the tools are, and how a test says that one is missing.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

/// The top of the repository.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// Notes that a test did not run, for the end of `tests/run`, and says so now.
pub fn skip(reason: &str) {
    let line = format!("SKIPPED {reason}");
    say(&line);
    if let Some(list) = std::env::var_os("BELLHOP_SKIPPED") {
        let mut list =
            OpenOptions::new().append(true).create(true).open(list).expect("open the list of skips");
        writeln!(list, "{line}").expect("note the skip");
    }
}

/// Says something even if the test passes: the test runner would swallow a `println!`.
pub fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("write to standard error");
}

/// A program of the machine's, if it is there.
pub fn machine_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers live in a folder that is not everybody's to search.
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A program of the Python tools that `tests/run` brings, if it has.
pub(crate) fn python_tool(name: &str) -> Option<PathBuf> {
    let tool = test_tools().join("venv/bin").join(name);
    tool.is_file().then_some(tool)
}

/// Where `node` finds this package that `tests/run` brings, if it has.
pub(crate) fn node_modules(package: &str) -> Option<PathBuf> {
    let folder = test_tools().join("node");
    folder.join("node_modules").join(package).is_dir().then_some(folder)
}

fn test_tools() -> PathBuf {
    target_folder().join("test-tools")
}

/// Where everything goes that is made here: this very program is target/PROFILE/deps/it-HASH.
pub(crate) fn target_folder() -> PathBuf {
    let running = std::env::current_exe().expect("know what is running");
    running.ancestors().nth(3).expect("it is in a folder of cargo's").to_owned()
}

/// A port that nothing listens on and, being below those the system gives out itself, nothing else will take
/// meanwhile. For programs that must be told their port, or that are to come back on the same one.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    static TAKEN: AtomicU16 = AtomicU16::new(0);

    // Where to begin differs from process to process.
    let begin = std::process::id().wrapping_mul(37);
    for _ in 0..COUNT {
        let step = begin.wrapping_add(u32::from(TAKEN.fetch_add(1, Ordering::Relaxed)));
        let port = FIRST + u16::try_from(step % u32::from(COUNT)).expect("below COUNT");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("every port from {FIRST} on is taken");
}

/// What the environment asks of a test that can do more than it does any other time.
pub fn asked_for<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var_os(variable).and_then(|value| value.into_string().ok()?.parse().ok())
}
