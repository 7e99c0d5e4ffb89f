//! The program `bellhop`, as it is released, as a child of this one.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::param::clock_ticks_per_second;
use tempfile::TempDir;

/// How long a server may take to say where it listens: one that takes longer has failed.
const START_MAX: Duration = Duration::from_mins(2);

/// Builds the program, and says where it is.
pub(crate) fn build() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).context("this program is in a folder of cargo's")?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--package", "bellhop", "--target-dir"]).arg(target);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    ensure!(cargo.status()?.success(), "bellhop does not build");
    Ok(target.join("release/bellhop"))
}

/// A store with its projects, served or not.
pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    child: Child,
    address: String,
    /// How long it took until it listened.
    started_in: Duration,
}

/// What a running server has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) memory_mb: u64,
    pub(crate) cpu_s: f64,
}

impl Server {
    /// Loads projects into a new store, and serves it.
    pub(crate) fn with(program: &Path, projects: &str) -> Result<Self> {
        let mut server = Self { program: program.to_owned(), folder: TempDir::new()?, running: None };
        let file = server.folder.path().join("projects.toml");
        fs::write(&file, projects)?;
        let output =
            Command::new(program).arg("apply").arg(&file).arg("--data").arg(server.data()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        server.start()?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Serves what is there.
    pub(crate) fn start(&mut self) -> Result<()> {
        let began = Instant::now();
        let log = File::options().append(true).create(true).open(self.folder.path().join("log"))?;
        let mut child = Command::new(&self.program)
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-egress", "127.0.0.1", "--data"])
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("its output is ours")?);
        let mut line = String::new();
        while !line.starts_with("Bellhop listens on ") {
            line.clear();
            let is_over = said.read_line(&mut line)? == 0 || began.elapsed() > START_MAX;
            ensure!(!is_over, "the server does not come up: see {}", self.folder.path().display());
        }
        let address = line.trim_start_matches("Bellhop listens on http://").trim_end().to_owned();
        // It says no more than what fits into a pipe.
        child.stdout = Some(said.into_inner());
        self.running = Some(Running { child, address, started_in: began.elapsed() });
        Ok(())
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            running.child.kill()?;
            running.child.wait()?;
        }
        Ok(())
    }

    /// Where it listens: host and port.
    pub(crate) fn address(&self) -> &str {
        self.running.as_ref().map_or("", |running| &running.address)
    }

    /// How long it took until it listened.
    pub(crate) fn started_in(&self) -> Duration {
        self.running.as_ref().map(|running| running.started_in).unwrap_or_default()
    }

    /// What it has used since it was started.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let running = self.running.as_ref().context("it is running")?;
        let process = PathBuf::from(format!("/proc/{}", running.child.id()));
        let status = fs::read_to_string(process.join("status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let peak: u64 = peak.context("the system tells of memory")?.trim().parse()?;
        let stat = fs::read_to_string(process.join("stat"))?;
        // Behind the name in brackets, which may contain anything: proc(5).
        let (_, fields) = stat.rsplit_once(')').context("the system tells of time")?;
        let ticks: Vec<f64> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        #[expect(clippy::cast_precision_loss, reason = "a hundred, mostly")]
        let per_second = clock_ticks_per_second() as f64;
        Ok(Usage { memory_mb: peak / 1024, cpu_s: ticks.iter().sum::<f64>() / per_second })
    }

    /// How many bytes its store takes.
    pub(crate) fn store_bytes(&self) -> u64 {
        let sizes = fs::read_dir(self.data()).into_iter().flatten();
        sizes.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever drops it has what they wanted.
        let _ = self.kill();
    }
}

/// What it was measured on, for above the table.
pub(crate) fn machine() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let model = read("/proc/cpuinfo");
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let processors = available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{processors} x {}, load {} at the end", model.unwrap_or("a processor"), load.join(" "))
}
