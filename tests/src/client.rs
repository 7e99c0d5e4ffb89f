//! Other people's tools for GitLab's API, and for APIs in general: what they do with a running Bellhop.
//!
//! Not here: the packages. `tests/run` brings the Python ones; npm's, where there is npm.

use std::process::{Command, Output};

use crate::tools::{machine_program, node_modules, python_tool, skip};

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `python-gitlab`, the library.
    PythonGitlab,
    /// Its command, `gitlab`.
    GitlabCommand,
    /// `@gitbeaker/rest`, in JavaScript.
    Gitbeaker,
    /// `schemathesis`, which tries what an OpenAPI document promises.
    Schemathesis,
}

const PYTHON_GITLAB: &str = include_str!("client/python_gitlab.py");
const GITBEAKER: &str = include_str!("client/gitbeaker.mjs");

impl Client {
    /// Runs it with these arguments. `None`, said aloud, where it is not installed.
    ///
    /// # Panics
    /// If it ends with anything but 0.
    pub fn runs(self, arguments: &[&str]) -> Option<String> {
        let Some(mut command) = self.command() else {
            skip(&format!("the client {self:?}: it is not in target/test-tools"));
            return None;
        };
        let Output { status, stdout, stderr } = command.args(arguments).output().expect("run a client");
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{self:?}: {stdout}{stderr}");
        Some(stdout.into_owned())
    }

    fn command(self) -> Option<Command> {
        match self {
            Self::PythonGitlab => {
                python_tool("gitlab")?;
                let mut command = Command::new(python_tool("python")?);
                command.args(["-c", PYTHON_GITLAB]);
                Some(command)
            }
            Self::GitlabCommand => python_tool("gitlab").map(Command::new),
            Self::Gitbeaker => {
                let mut command = Command::new(machine_program("node")?);
                // Names of packages are looked for from where it runs.
                command.current_dir(node_modules("@gitbeaker/rest")?);
                command.args(["--input-type=module", "-e", GITBEAKER, "--"]);
                Some(command)
            }
            Self::Schemathesis => {
                let mut command = Command::new(python_tool("schemathesis")?);
                // It leaves files where it runs.
                command.current_dir(std::env::temp_dir()).arg("run");
                Some(command)
            }
        }
    }
}
