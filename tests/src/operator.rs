//! Somebody at a terminal, who runs commands of `bellhop` on one store and reads what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use tempfile::TempDir;

use crate::build::built;
use crate::program::Program;
use crate::waiting::PATIENCE;

/// An operator of one Bellhop, with a folder for files.
#[derive(Debug)]
pub struct Operator {
    folder: TempDir,
    store: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Operator {
    /// On this machine, with an empty store.
    pub fn on_one_machine() -> Self {
        let folder = TempDir::new().expect("make a folder");
        let store = folder.path().join("data").to_str().expect("a path in UTF-8").to_owned();
        Self { folder, store: vec!["--data".to_owned(), store], environment: Vec::new() }
    }

    /// On this machine, with a store that is there.
    pub fn on_store(store: &Path) -> Self {
        let store = store.to_str().expect("a path in UTF-8").to_owned();
        Self { store: vec!["--data".to_owned(), store], ..Self::on_one_machine() }
    }

    /// Where the store of this machine is.
    ///
    /// # Panics
    /// If it is a table.
    pub fn store(&self) -> &Path {
        let [option, folder] = &self.store[..] else { panic!("it has a place") };
        assert_eq!(option, "--data", "it is on this machine");
        Path::new(folder)
    }

    /// Of a deployed Bellhop, with this table.
    pub fn on_table(table: &str, environment: &[(&str, String)]) -> Self {
        let folder = TempDir::new().expect("make a folder");
        let mut operator =
            Self { folder, store: vec!["--table".to_owned(), table.to_owned()], environment: Vec::new() };
        operator.knows(environment);
        operator
    }

    /// Sets environment variables for all commands to come.
    pub fn knows(&mut self, environment: &[(&str, String)]) {
        let variables = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.environment.extend(variables);
    }

    /// Writes a file, and says where it is.
    pub fn writes(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, text).expect("write a file");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// How a command ends: `bellhop COMMAND --data ... ARGUMENTS`.
    pub fn runs(&self, command: &[&str]) -> Output {
        self.command(command).output().expect("run bellhop")
    }

    /// Starts a command that goes on until it is stopped, and waits until it says all of this.
    pub async fn watches(&self, command: &[&str], expected: &[&str]) -> String {
        let mut program = Program::start(&mut self.command(command));
        let said_all =
            |said: &str| expected.iter().all(|expected| said.contains(expected)).then(|| said.to_owned());
        program.prints(&format!("bellhop {command:?} to say {expected:?}"), said_all).await
    }

    /// Starts a command, and kills it as soon as something is so.
    ///
    /// # Panics
    /// If that does not come about in time.
    pub async fn is_killed_at(&self, command: &[&str], is_so: impl AsyncFn() -> bool) {
        let _killed_then = Program::start(&mut self.command(command));
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "bellhop {command:?} does not come so far");
        }
    }

    /// `bellhop COMMAND --data ... ARGUMENTS`, to be run.
    pub fn command(&self, command: &[&str]) -> Command {
        let (name, arguments) = command.split_first().expect("a command");
        // The words of two-word commands come first.
        let words = arguments.iter().take_while(|word| matches!(**word, "ls" | "show" | "redrive")).count();
        let mut bellhop = Command::new(built("bellhop"));
        bellhop.arg(name).args(&arguments[..words]).args(&self.store).args(&arguments[words..]);
        bellhop.envs(self.environment.iter().map(|(name, value)| (name, value)));
        bellhop
    }

    /// What a command says.
    ///
    /// # Panics
    /// If it fails.
    pub fn hears(&self, command: &[&str]) -> String {
        let output = self.runs(command);
        let (said, complained) = (output.stdout, output.stderr);
        let [said, complained] =
            [said, complained].map(|text| String::from_utf8(text).expect("it speaks UTF-8"));
        assert!(output.status.success(), "bellhop {command:?} fails:\n{said}{complained}");
        said
    }

    /// Why a command is refused.
    ///
    /// # Panics
    /// If it is not.
    pub fn is_refused(&self, command: &[&str]) -> String {
        let output = self.runs(command);
        assert!(!output.status.success(), "bellhop {command:?} succeeds");
        String::from_utf8(output.stderr).expect("it speaks UTF-8").trim_end().to_owned()
    }
}
