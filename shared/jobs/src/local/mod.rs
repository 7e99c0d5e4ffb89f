//! The executor of this machine: a job's scripts in bash, as GitLab's runner runs them.
//!
//! The commit is checked out into a folder of the run's own, which goes with the run. The shell sees an environment made
//! from nothing, no input, and an end: of time, of memory, of what it may print. When it ends, everything that it started
//! ends. Under root it runs as somebody who may do nothing.
//!
//! **This is no prison.** Whoever may push to the branch runs programs on this machine, with its network, and sees what
//! everybody on it sees. Without root, a job is Bellhop's own user, and could read what Bellhop can.
//!
//! A run lives in this process and ends with it; then it is lost, and said to be. An `after_script` has five minutes, and
//! there is none after a time-out or a cancel.
//!
//! Not here: containers (a job with an `image` is refused), and everything that `find` refuses already.

mod folder;
mod log;
mod processes;
mod script;
mod shell;
mod user;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::clock::Clock;
use app::executor::{Ended, Ending, Executor, ExecutorError, Found, Handle, Order, Progress, Started};
use app::ids::RunId;
use async_trait::async_trait;
use config::Project;
use payload::Secret;
use tokio::sync::watch;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

use folder::{AFTER_SCRIPT, RunFolder, SCRIPT};
use log::Log;
use processes::end_marked;
use shell::{End, Exit, Shell};

pub use user::{User, UserError};

/// How many jobs run at the same time: each may take a processor, and memory.
const RUNS_AT_ONCE: usize = 4;

/// How long an `after_script` may take: the runner's own limit.
const AFTER_SCRIPT_MAX: Duration = Duration::from_mins(5);

/// How long an end is known: whoever follows the run looks every few seconds.
const ENDED_KEPT: Duration = Duration::from_mins(10);

/// The executor of this machine. Dropping it ends all that it runs.
pub struct Local {
    house: String,
    user: Option<User>,
    clock: Clock,
    runs: Arc<Mutex<HashMap<RunId, Slot>>>,
}

/// A run of this process.
struct Slot {
    ended: watch::Receiver<Option<Ended>>,
    cancel: watch::Sender<bool>,
    task: AbortHandle,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Local {
    /// `house` tells the processes of this Bellhop from those of another one on the same machine, as the path of its
    /// store does. What a former process of it has left running, or on the disk, goes. `user` runs the jobs, where it is root who asks.
    pub fn new(house: &str, user: Option<User>, clock: Clock) -> Self {
        let local = Self { house: house.to_owned(), user, clock, runs: Arc::default() };
        end_marked(&format!("{house}:"));
        folder::remove_left(&folder::prefix(house));
        local
    }

    fn slots<T>(&self, look: impl FnOnce(&mut HashMap<RunId, Slot>) -> T) -> T {
        look(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // The tasks hold the slots as well.
        self.slots(HashMap::clear);
    }
}

#[async_trait]
impl Executor for Local {
    async fn start(&self, order: &Order) -> Result<Started, ExecutorError> {
        let started = Started { handle: Handle(order.run.to_string()), url: None };
        if self.slots(|slots| slots.contains_key(&order.run)) {
            return Ok(started);
        }
        if order.is_repeated {
            return Err(ExecutorError::InDoubt);
        }
        let found = order.found.clone().ok_or_else(|| refused("the job was not looked up"))?;
        if let Some(image) = &found.job.image {
            return Err(refused(&format!(
                "the job {} wants the image {}, and Bellhop's own machine runs jobs without containers: \
                 `image` cannot be honoured",
                found.job.name, image.name
            )));
        }
        let (cancel, mut cancelled) = watch::channel(false);
        let (ended, end) = watch::channel(None);
        let work = Work {
            found,
            secrets: secrets(&order.project),
            timeout: order.timeout,
            mark: format!("{}:{}", self.house, order.run),
            prefix: folder::prefix(&self.house),
            user: self.user,
            clock: self.clock.clone(),
        };
        let (runs, run) = (Arc::clone(&self.runs), order.run.clone());
        self.slots(|slots| {
            let at_work = slots.values().filter(|slot| slot.ended.borrow().is_none()).count();
            if at_work >= RUNS_AT_ONCE {
                return Err(ExecutorError::Unavailable("as many jobs run as may at the same time".into()));
            }
            let task = tokio::spawn(async move {
                let outcome = work.execute(&mut cancelled).await;
                // Nobody looks any more if the executor is gone.
                let _ = ended.send(Some(outcome));
                tokio::time::sleep(ENDED_KEPT).await;
                runs.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
            });
            slots.insert(order.run.clone(), Slot { ended: end, cancel, task: task.abort_handle() });
            Ok(started)
        })
    }

    async fn look(
        &self,
        _: &Project,
        handle: &Handle,
        patience: Duration,
    ) -> Result<Progress, ExecutorError> {
        let end = handle
            .0
            .parse()
            .ok()
            .and_then(|run: RunId| self.slots(|slots| slots.get(&run).map(|slot| slot.ended.clone())));
        let Some(mut end) = end else { return Ok(Progress::Ended(lost())) };
        match timeout(patience, end.wait_for(Option::is_some)).await {
            Err(_) => Ok(Progress::Running { look_after: Duration::ZERO }),
            Ok(ended) => Ok(Progress::Ended(ended.ok().and_then(|ended| ended.clone()).unwrap_or_else(lost))),
        }
    }

    async fn cancel(&self, _: &Project, handle: &Handle) -> Result<(), ExecutorError> {
        if let Ok(run) = handle.0.parse::<RunId>() {
            self.slots(|slots| slots.get(&run).map(|slot| slot.cancel.send_replace(true)));
        }
        Ok(())
    }
}

fn refused(reason: &str) -> ExecutorError {
    ExecutorError::Refused { reason: reason.to_owned() }
}

fn lost() -> Ended {
    Ended { ending: Ending::Lost, log: Vec::new(), took: Duration::ZERO }
}

fn secrets(project: &Project) -> Vec<Secret> {
    let jobs = project.jobs.iter().flat_map(|jobs| &jobs.variables);
    jobs.map(|variable| variable.value.clone()).collect()
}

/// One run, with all that it takes.
struct Work {
    found: Found,
    secrets: Vec<Secret>,
    timeout: Duration,
    mark: String,
    /// Of its folder's name.
    prefix: String,
    user: Option<User>,
    clock: Clock,
}

impl Work {
    /// As often as the job says, while it fails.
    async fn execute(&self, cancelled: &mut watch::Receiver<bool>) -> Ended {
        let began = Instant::now();
        let mut tries_left = self.found.job.retry;
        loop {
            let (ending, log) = self.attempt(cancelled).await;
            if tries_left == 0 || !matches!(ending, Ending::Failed { .. }) {
                return Ended { ending, log, took: began.elapsed() };
            }
            tries_left -= 1;
        }
    }

    async fn attempt(&self, cancelled: &mut watch::Receiver<bool>) -> (Ending, Vec<u8>) {
        let mut log = Log::new(self.secrets.clone());
        let deadline = Instant::now() + self.timeout;
        let folder = match self.prepare().await {
            Ok(folder) => folder,
            Err(reason) => return (Ending::NotStarted { reason }, log.end("")),
        };
        match self.scripts(folder.path(), End { deadline, cancelled }, &mut log).await {
            Ok(exit) => {
                let (ending, words) = self.ending(exit);
                (ending, log.end(&words))
            }
            Err(error) => {
                let reason = format!("bash cannot be started: {error}");
                (Ending::NotStarted { reason }, log.end(""))
            }
        }
    }

    async fn prepare(&self) -> Result<RunFolder, String> {
        let (files, job, user) = (Arc::clone(&self.found.files), self.found.job.clone(), self.user);
        let prefix = self.prefix.clone();
        let made = spawn_blocking(move || RunFolder::make(&prefix, &*files, &job, user)).await;
        made.map_err(|_| "the commit could not be checked out".to_owned())?
            .map_err(|error| format!("the commit could not be checked out: {error}"))
    }

    async fn scripts(&self, folder: &Path, end: End<'_>, log: &mut Log) -> io::Result<Exit> {
        let mut shell =
            Shell { folder, variables: self.found.variables.clone(), user: self.user, mark: &self.mark };
        let now = || self.clock.now().seconds();
        let title = "Executing \"step_script\" stage of the job script";
        log.push(script::section_start("step_script", title, now()).as_bytes());
        let exit = shell.run(SCRIPT, End { deadline: end.deadline, cancelled: end.cancelled }, log).await?;
        log.push(script::section_end("step_script", now()).as_bytes());
        if self.found.job.after_script.is_empty() || matches!(exit, Exit::TimedOut | Exit::Cancelled) {
            return Ok(exit);
        }
        let status = if exit == Exit::Code(0) { "success" } else { "failed" };
        shell.variables.push(("CI_JOB_STATUS".to_owned(), status.to_owned()));
        log.push(script::section_start("after_script", "Running after_script", now()).as_bytes());
        let deadline = Instant::now() + AFTER_SCRIPT_MAX;
        // Whatever becomes of it, the job has ended as it has.
        let _ = shell.run(AFTER_SCRIPT, End { deadline, cancelled: end.cancelled }, log).await;
        log.push(script::section_end("after_script", now()).as_bytes());
        Ok(exit)
    }

    fn ending(&self, exit: Exit) -> (Ending, String) {
        match exit {
            Exit::Code(0) => (Ending::Succeeded, script::succeeded()),
            Exit::Code(code) => {
                (Ending::Failed { exit_code: Some(code) }, script::failed(&format!("exit code {code}")))
            }
            Exit::Signal(signal) => {
                (Ending::Failed { exit_code: None }, script::failed(&format!("signal {signal}")))
            }
            Exit::TimedOut => {
                let words = format!("execution took longer than {} seconds", self.timeout.as_secs());
                (Ending::TimedOut, script::failed(&words))
            }
            Exit::Cancelled => (Ending::Cancelled, script::failed("canceled")),
        }
    }
}
