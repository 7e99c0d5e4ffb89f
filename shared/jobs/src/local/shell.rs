//! One bash and all that it starts: what it prints is collected, and it ends when it has ended, when its time is up, or
//! when somebody wants it to.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};

use super::log::Log;
use super::processes::{Group, MARK, end_marked};
use super::user::User;

/// How long what was printed last is waited for, once the shell has ended. It is in the pipe already; only a process that
/// got away keeps the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What every job finds, unless it says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
    TimedOut,
    Cancelled,
}

/// Where and as whom.
pub(super) struct Shell<'a> {
    /// The run's own folder: `work`, `home` and `tmp` are in it, and nothing of anybody else's.
    pub(super) folder: &'a Path,
    pub(super) variables: Vec<(String, String)>,
    pub(super) user: Option<User>,
    /// Whose processes these are.
    pub(super) mark: &'a str,
}

/// When it has to end.
pub(super) struct End<'a> {
    pub(super) deadline: Instant,
    pub(super) cancelled: &'a mut watch::Receiver<bool>,
}

impl Shell<'_> {
    /// Runs a script of the run's folder.
    pub(super) async fn run(&self, script: &str, end: End<'_>, log: &mut Log) -> io::Result<Exit> {
        let (reader, writer) = io::pipe()?;
        let mut command = self.command(script);
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let group = Group(pid.ok_or(io::ErrorKind::NotFound)?);
        let mut reader = pipe::Receiver::from_owned_fd(reader.into())?;
        let exit = {
            let mut buffer = vec![0; 64 * 1024];
            let mut is_open = true;
            loop {
                tokio::select! {
                    biased;
                    _ = end.cancelled.wait_for(|cancelled| *cancelled) => break Exit::Cancelled,
                    () = sleep_until(end.deadline) => break Exit::TimedOut,
                    read = reader.read(&mut buffer), if is_open => match read {
                        Ok(0) | Err(_) => is_open = false,
                        Ok(read) => log.push(&buffer[..read]),
                    },
                    status = child.wait() => {
                        let status = status?;
                        break status.code().map_or(Exit::Signal(status.signal().unwrap_or(0)), Exit::Code);
                    }
                }
            }
        };
        drop(group);
        let mark = self.mark.to_owned();
        // It ends processes; how many, and whether there were any, changes nothing.
        let _ = spawn_blocking(move || end_marked(&mark)).await;
        let mut rest = Vec::new();
        let _ = timeout(LAST_WORDS, read_on(&mut reader, &mut rest)).await;
        log.push(&rest);
        Ok(exit)
    }

    fn command(&self, script: &str) -> Command {
        let work = self.folder.join("work");
        let mut command = Command::new("/bin/bash");
        command
            .args(["--noprofile", "--norc"])
            .arg(self.folder.join(script))
            .current_dir(&work)
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("CI_PROJECT_DIR", &work)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env(MARK, self.mark)
            .stdin(Stdio::null())
            .process_group(0);
        if let Some(user) = self.user {
            // The standard library gives up all further groups with the user.
            command.gid(user.group).uid(user.id);
        }
        command
    }
}

/// No more than a pipe holds is left in it, so this needs no limit but its time.
async fn read_on(reader: &mut pipe::Receiver, rest: &mut Vec<u8>) {
    let mut buffer = vec![0; 64 * 1024];
    while rest.len() < app::executor::LOG_BYTES_MAX {
        match reader.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => rest.extend_from_slice(&buffer[..read]),
        }
    }
}
