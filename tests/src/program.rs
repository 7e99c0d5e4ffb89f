//! A real program, run for a test and ended with it. What it writes goes to files, so that nothing of it is lost if
//! it is killed, and a test can read it at any time.
//!
//! Programs stay in the process group of the tests: whoever ends that group (Ctrl-C, or `tests/run`) ends them too.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::waiting::{PATIENCE, eventually};

/// A running program; killed when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    output: TempDir,
    /// Whether it has children of its own, and ends them if it is asked to end itself.
    has_children: bool,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = TempDir::new().expect("make a folder for the output");
        let file = |name| File::create(output.path().join(name)).expect("make a file for the output");
        let child = command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("start {name}: {error}"));
        Self { name, child, output, has_children: false }
    }

    /// A program that has programs of its own to end.
    pub(crate) fn start_parent(command: &mut Command) -> Self {
        let mut program = Self::start(command);
        program.has_children = true;
        program
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        self.read("stdout")
    }

    pub(crate) fn stderr(&self) -> String {
        self.read("stderr")
    }

    fn read(&self, name: &str) -> String {
        let path: PathBuf = self.output.path().join(name);
        String::from_utf8_lossy(&std::fs::read(path).expect("read the output")).into_owned()
    }

    /// What `look` finds in the standard output, once it is there.
    pub(crate) async fn prints<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        eventually(what, || {
            self.assert_running();
            look(&self.stdout())
        })
        .await
    }

    /// The same of a program that may end before; then there is nothing.
    pub(crate) async fn prints_or_ends<T>(
        &mut self,
        what: &str,
        look: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        eventually(what, || {
            let has_ended = self.has_ended();
            look(&self.stdout()).map(Some).or(has_ended.then_some(None))
        })
        .await
    }

    /// Whether it is no more.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("look after the program").is_some()
    }

    /// Waits until it takes connections.
    pub(crate) async fn listens_on(&mut self, port: u16) {
        eventually(&format!("{} to listen on port {port}", self.name), || {
            self.assert_running();
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
    }

    fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().expect("look after the program") {
            panic!("{} ended by itself ({status}):\n{}\n{}", self.name, self.stdout(), self.stderr());
        }
    }

    /// Asks it to end, and waits until it has. Also returns what it wrote to standard error.
    pub(crate) async fn terminate(mut self) -> (ExitStatus, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("send SIGTERM");
        let what = format!("{} to end", self.name);
        let status = eventually(&what, || self.child.try_wait().expect("look after the program")).await;
        (status, self.stderr())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let asked_at = Instant::now();
        if self.has_children && kill_process(Pid::from_child(&self.child), Signal::TERM).is_ok() {
            while asked_at.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // It may have ended already: then there is nothing to kill, and that is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
