//! The real program `bellhop`, on a store of its own and a free port.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};

use reqwest::Client;
use tempfile::TempDir;

use crate::build::built;
use crate::operator::Operator;
use crate::program::Program;
use crate::projects::Project;
use crate::push::{Answered, Push};
use crate::small_disk::SmallDisk;

/// A server with its store. It can be killed and started again on the same store.
#[derive(Debug)]
pub struct Bellhop {
    store: TempDir,
    client: Client,
    running: Option<Running>,
    /// What it may connect to: options of `bellhop serve`.
    egress: &'static [&'static str],
    /// What earlier runs wrote to standard error.
    earlier_log: String,
}

#[derive(Debug)]
struct Running {
    program: Program,
    url: String,
}

impl Bellhop {
    /// Builds it if need be, and starts it on an empty store with these projects. It reaches the tests' peers, which are
    /// on 127.0.0.1.
    pub async fn start(projects: &[&Project]) -> Self {
        Self::start_with(projects, &["--allow-egress", "127.0.0.1"]).await
    }

    /// The same, and it speaks to nobody, whatever a test aims it at: nothing listens at the one port that is open.
    pub async fn secluded(projects: &[&Project]) -> Self {
        Self::start_with(projects, &["--allow-egress", "127.0.0.1", "--egress-port", "9"]).await
    }

    /// Not started yet, and without a store. Will reach the tests' peers.
    pub fn unborn() -> Self {
        let store = TempDir::new().expect("make a folder for the store");
        let (client, running, earlier_log) = (Client::new(), None, String::new());
        Self { store, client, running, egress: &["--allow-egress", "127.0.0.1"], earlier_log }
    }

    /// The same, with its store on a disk of its own.
    pub fn unborn_on(disk: &SmallDisk) -> Self {
        let store = TempDir::new_in(disk.path()).expect("make a folder for the store");
        Self { store, ..Self::unborn() }
    }

    async fn start_with(projects: &[&Project], egress: &'static [&'static str]) -> Self {
        let mut bellhop = Self { egress, ..Self::unborn() };
        for project in projects {
            bellhop.apply(project);
        }
        bellhop.start_again().await;
        bellhop
    }

    /// Loads a project; works beside a running server.
    ///
    /// # Panics
    /// If it is refused.
    pub fn apply(&self, project: &Project) {
        apply(project, Command::new(built("bellhop")).arg("apply").arg("--data").arg(self.folder()));
    }

    /// What `bellhop test` says of a project, and how it ends. Blocks for up to half a minute.
    pub fn tests(&self, project: &str) -> Output {
        let mut command = Command::new(built("bellhop"));
        command.arg("test").arg("--data").arg(self.folder()).arg(project);
        command.output().expect("run bellhop test")
    }

    /// What `bellhop apply` says of a project that it refuses.
    ///
    /// # Panics
    /// If it is taken.
    pub fn refuses(&self, project: &Project) -> String {
        let mut command = Command::new(built("bellhop"));
        let output = run_apply(project, command.arg("apply").arg("--data").arg(self.folder()));
        assert!(!output.status.success(), "bellhop apply takes:\n{}", project.to_toml());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A new token of scope admin; made beside a running server.
    pub fn token(&self) -> String {
        let mut command = Command::new(built("bellhop"));
        let output = command.arg("token").arg("--data").arg(self.folder()).output();
        let output = output.expect("run bellhop token");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a token is a text").trim().to_owned()
    }

    /// Where it keeps everything.
    pub fn folder(&self) -> PathBuf {
        self.store.path().join("data")
    }

    /// Somebody at a terminal on the same machine.
    pub fn operator(&self) -> Operator {
        Operator::on_store(&self.folder())
    }

    /// Starts the server, on another port than before, and waits until it takes connections.
    pub async fn start_again(&mut self) {
        self.kill();
        let mut program = Program::start(self.serve().env("RUST_LOG", "debug"));
        let url = program.prints("Bellhop's URL", listening_url).await;
        self.running = Some(Running { program, url });
    }

    /// Starts a server that a tracer has changed; see [`Self::serve`]. Says whether it lived to take connections.
    pub async fn start_traced(&mut self, traced: &mut Command) -> bool {
        self.kill();
        let mut program = Program::start(traced);
        let url = program.prints_or_ends("Bellhop's URL, or its end", listening_url).await;
        let lives = url.is_some();
        self.running = url.map(|url| Running { program, url });
        lives
    }

    /// What starts the server.
    pub fn serve(&self) -> Command {
        let mut serve = Command::new(built("bellhop"));
        serve.args(["serve", "--listen", "127.0.0.1:0"]).args(self.egress);
        serve.arg("--data").arg(self.folder());
        serve
    }

    /// Whether the server has died.
    pub fn has_died(&mut self) -> bool {
        self.running.as_mut().is_none_or(|running| running.program.has_ended())
    }

    /// Kills the server as a power cut would.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            self.earlier_log.push_str(&running.program.stderr());
        }
    }

    /// Asks the server to end (SIGTERM) and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        let running = self.running.take().expect("Bellhop is running");
        let (status, log) = running.program.terminate().await;
        self.earlier_log.push_str(&log);
        status
    }

    /// The same of one that may have died, or dies of it.
    pub async fn may_terminate(&mut self) {
        if !self.has_died() {
            self.terminate().await;
        }
        self.kill();
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("Bellhop is running").url
    }

    /// The token that is shown once, when a store is new.
    ///
    /// # Panics
    /// If the store was not new when the server was started.
    pub fn first_token(&self) -> String {
        let printed = self.running.as_ref().expect("Bellhop is running").program.stdout();
        let (_, behind) = printed.split_once("shown once: ").expect("the store was new");
        behind.lines().next().expect("a token").to_owned()
    }

    /// The most memory that the server has had so far, in KiB, as Linux counts it.
    pub fn peak_memory_kib(&self) -> u64 {
        let process = self.running.as_ref().expect("Bellhop is running").program.id();
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("read /proc");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Everything the server has written to standard error, at its most talkative, over all its runs.
    pub fn log(&self) -> String {
        let now = self.running.as_ref().map(|running| running.program.stderr()).unwrap_or_default();
        format!("{}{now}", self.earlier_log)
    }

    /// Posts to a source, and expects an answer.
    pub async fn receives(&self, source: &str, push: &Push) -> Answered {
        let url = format!("{}/hooks/{source}", self.url());
        push.post(&self.client, &url).await.expect("Bellhop answers")
    }

    /// The same of a server that may die meanwhile; then there is no answer.
    pub async fn may_receive(&self, source: &str, push: &Push) -> Option<Answered> {
        let url = format!("{}/hooks/{source}", self.running.as_ref()?.url);
        push.post(&self.client, &url).await.ok()
    }

    /// The status of a GET.
    pub async fn get(&self, path: &str) -> u16 {
        let response = self.client.get(format!("{}{path}", self.url())).send().await;
        response.expect("Bellhop answers").status().as_u16()
    }
}

/// From the line `Bellhop listens on http://127.0.0.1:PORT`.
fn listening_url(printed: &str) -> Option<String> {
    let start = printed.find("http://127.0.0.1:")?;
    // A number may still be half written while no end of line follows it.
    let (url, _) = printed[start..].split_once(char::is_whitespace)?;
    Some(url.trim_end_matches('/').to_owned())
}

/// What `bellhop demo` says and how it ends.
pub fn demonstration(arguments: &[&str]) -> Output {
    Command::new(built("bellhop")).arg("demo").args(arguments).output().expect("run bellhop demo")
}

/// Loads a project into a DynamoDB table.
///
/// # Panics
/// If it is refused.
pub fn apply_to_table(project: &Project, table: &str, environment: &[(&str, String)]) {
    let environment = environment.iter().map(|(name, value)| (name, value));
    apply(project, Command::new(built("bellhop")).arg("apply").envs(environment).args(["--table", table]));
}

/// What `bellhop COMMAND --table TABLE ARGUMENTS` says.
///
/// # Panics
/// If it fails.
pub fn on_table(
    (command, arguments): (&str, &[&str]),
    table: &str,
    environment: &[(&str, String)],
) -> String {
    let environment = environment.iter().map(|(name, value)| (name, value));
    let mut bellhop = Command::new(built("bellhop"));
    let output = bellhop.args([command, "--table", table]).args(arguments).envs(environment).output();
    let output = output.expect("run bellhop");
    let (said, complained) = (output.stdout, output.stderr);
    let [said, complained] = [said, complained].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "bellhop {command} {arguments:?} fails:\n{said}{complained}");
    said
}

fn apply(project: &Project, command: &mut Command) {
    let output = run_apply(project, command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "bellhop apply refuses:\n{}\n{said}", project.to_toml());
}

fn run_apply(project: &Project, command: &mut Command) -> Output {
    let folder = TempDir::new().expect("make a folder for the project");
    let file = folder.path().join("project.toml");
    std::fs::write(&file, project.to_toml()).expect("write the project");
    command.arg(&file).output().expect("run bellhop apply")
}
