//! `infra/irkerd/irkerd-keeper`, which starts irkerd again when it breaks.

use std::process::Command;

use crate::program::Program;
use crate::tools::workspace;

/// A keeper at work.
#[derive(Debug)]
pub struct Keeper(Program);

impl Keeper {
    /// Starts it with its arguments: its own, and then the command that it keeps running.
    pub fn start(arguments: &[&str]) -> Self {
        // As its first line has it: irkerd comes with this Python.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(workspace().join("infra/irkerd/irkerd-keeper")).args(arguments);
        Self(Program::start_parent(&mut command))
    }

    /// What it and its command have written to standard error.
    pub fn log(&self) -> String {
        self.0.stderr()
    }

    /// Asks it to end, and waits until it and its command have. Gives its exit status.
    pub async fn ends(self) -> Option<i32> {
        self.0.terminate().await.0.code()
    }

    pub(crate) async fn listens_on(&mut self, port: u16) {
        self.0.listens_on(port).await;
    }
}
