//! A run, where it stands, and the steps from there: each is a function that refuses what does not follow.
//!
//! ```text
//! Waiting ──consent──> Queued ──begin──> Starting ──began──> Running ──end──> Ended
//!    └──────────────expire, stop, end (from any of them)──────────────────────┘
//! ```
//!
//! Not here: how two steps at the same time are kept apart (`runs`: one of them is made, and the other one looks again).

use std::time::Duration;

use chatops::Named;
use chatops::output::Excerpt;
use serde::{Deserialize, Serialize};

use crate::chat::{Asked, News};
use crate::clock::Timestamp;
use crate::executor::{Ending, Handle, Started};
use crate::ids::RunId;

/// One execution of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// Who asked for it, and where.
    pub asked: Asked,
    /// The job's name, as it was typed.
    pub job: String,
    /// What was typed behind it, letter by letter; empty if nothing was.
    pub arguments: String,
    /// Where it stands.
    pub state: State,
    /// Who consented to it, if it took consent.
    pub consented_by: Option<Named>,
    /// Who wants it stopped.
    pub stopped_by: Option<Named>,
    /// Where the job was found; `None` before, or where only GitLab knows.
    pub found: Option<Commit>,
    /// Where people can see it, if its executor has a page for it.
    pub url: Option<String>,
    /// How long it may take, in seconds; known once the job is found.
    pub timeout_s: Option<u64>,
    /// How many posts its command's address took: five are too many.
    pub posts: u32,
    /// What chat was told.
    pub told: Vec<News>,
}

/// A commit, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// In hexadecimal digits.
    pub id: String,
    /// The branch or tag.
    pub reference: String,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// For consent.
    Waiting {
        /// Whose.
        consent: Consent,
        /// Until when; then it is over.
        until: Timestamp,
    },
    /// For its turn.
    Queued,
    /// Somebody is about to begin it, or has died over that.
    Starting {
        /// Which executor, by the name that the settings have for it.
        executor: String,
        /// Since when.
        since: Timestamp,
    },
    /// At work.
    Running {
        /// Which executor, by the name that the settings have for it.
        executor: String,
        /// The executor's name for it.
        handle: Handle,
        /// Since when.
        since: Timestamp,
    },
    /// Over.
    Ended(End),
}

/// Whose consent a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The caller's own, since a rule says so.
    Caller,
    /// Another person's, since a rule says so.
    SecondPerson,
    /// The caller's own, since the job is manual.
    Manual,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How.
    #[serde(flatten)]
    pub how: How,
    /// When.
    pub at: Timestamp,
    /// How long it ran, without waiting, in milliseconds.
    pub took_ms: u64,
    /// What chat is shown of its log: masked, clean and cut.
    pub output: String,
    /// How many bytes of that were left out.
    pub left_out_bytes: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// As the executor says.
    Executed(Ending),
    /// There is no such job, or it is hidden, or none for chat.
    NotScheduled,
    /// It may take longer than a chat can be answered without a bot.
    NeedsBot,
    /// Nobody consented in time.
    Expired,
}

impl How {
    /// One word for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Executed(Ending::Succeeded) => "succeeded",
            Self::Executed(Ending::Failed { .. }) => "failed",
            Self::Executed(Ending::TimedOut) => "timed_out",
            Self::Executed(Ending::Cancelled) => "cancelled",
            Self::Executed(Ending::NotStarted { .. }) => "not_started",
            Self::Executed(Ending::Lost) => "lost",
            Self::NotScheduled => "not_scheduled",
            Self::NeedsBot => "needs_bot",
            Self::Expired => "expired",
        }
    }
}

/// Why a step was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The run has ended.
    #[error("the run is over")]
    Over,
    /// Nobody's consent is needed, or not any more.
    #[error("the run does not wait for consent")]
    NotWaiting,
    /// It is still time to consent.
    #[error("the run still waits for consent")]
    StillWaiting,
    /// Somebody else made this step before.
    #[error("the run has got further already")]
    Further,
}

impl Run {
    /// A run that is asked for, and waits for nothing.
    pub fn new(id: RunId, asked: Asked, job: &str, arguments: &str) -> Self {
        Self {
            id,
            asked,
            job: job.to_owned(),
            arguments: arguments.to_owned(),
            state: State::Queued,
            consented_by: None,
            stopped_by: None,
            found: None,
            url: None,
            timeout_s: None,
            posts: 0,
            told: Vec::new(),
        }
    }

    /// Its end, if it has ended.
    pub fn end(&self) -> Option<&End> {
        if let State::Ended(end) = &self.state { Some(end) } else { None }
    }

    /// Has it wait for consent, whose it turns out to need.
    pub fn wait(&mut self, consent: Consent, until: Timestamp) -> Result<(), StepError> {
        match self.state {
            State::Queued if self.consented_by.is_none() => {
                self.state = State::Waiting { consent, until };
                Ok(())
            }
            State::Ended(_) => Err(StepError::Over),
            _ => Err(StepError::Further),
        }
    }

    /// Lets it go on, by somebody whose consent was found to count.
    pub fn consent(&mut self, by: &Named) -> Result<(), StepError> {
        match self.state {
            State::Waiting { .. } => {
                self.consented_by = Some(by.clone());
                self.state = State::Queued;
                Ok(())
            }
            State::Ended(_) => Err(StepError::Over),
            _ => Err(StepError::NotWaiting),
        }
    }

    /// Ends it, if nobody has consented in time.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), StepError> {
        match self.state {
            State::Waiting { until, .. } if until <= now => self.finish(End::unstarted(How::Expired, now)),
            State::Waiting { .. } => Err(StepError::StillWaiting),
            State::Ended(_) => Err(StepError::Over),
            _ => Err(StepError::NotWaiting),
        }
    }

    /// Before its executor is asked to begin it.
    pub fn begin(&mut self, executor: &str, now: Timestamp) -> Result<(), StepError> {
        match self.state {
            State::Queued => {
                self.state = State::Starting { executor: executor.to_owned(), since: now };
                Ok(())
            }
            State::Ended(_) => Err(StepError::Over),
            State::Waiting { .. } => Err(StepError::StillWaiting),
            State::Starting { .. } | State::Running { .. } => Err(StepError::Further),
        }
    }

    /// After its executor has said that it begins nothing now.
    pub fn put_back(&mut self) -> Result<(), StepError> {
        match self.state {
            State::Starting { .. } => {
                self.state = State::Queued;
                Ok(())
            }
            State::Ended(_) => Err(StepError::Over),
            _ => Err(StepError::Further),
        }
    }

    /// After its executor has begun it.
    pub fn began(&mut self, started: Started, now: Timestamp) -> Result<(), StepError> {
        match &self.state {
            State::Starting { executor, .. } => {
                let executor = executor.clone();
                self.state = State::Running { executor, handle: started.handle, since: now };
                self.url = started.url;
                Ok(())
            }
            State::Ended(_) => Err(StepError::Over),
            _ => Err(StepError::Further),
        }
    }

    /// Stops it: at once if no executor has it yet, else once that has been told.
    pub fn stop(&mut self, by: &Named, now: Timestamp) -> Result<(), StepError> {
        match self.state {
            State::Ended(_) => return Err(StepError::Over),
            State::Waiting { .. } | State::Queued => {
                self.state = State::Ended(End::unstarted(How::Executed(Ending::Cancelled), now));
            }
            State::Starting { .. } | State::Running { .. } => {}
        }
        // Of two, the first one did it.
        self.stopped_by.get_or_insert_with(|| by.clone());
        Ok(())
    }

    /// Ends it.
    pub fn finish(&mut self, end: End) -> Result<(), StepError> {
        if self.end().is_some() {
            return Err(StepError::Over);
        }
        self.state = State::Ended(end);
        Ok(())
    }
}

impl End {
    /// Of a run that printed nothing.
    pub fn unstarted(how: How, now: Timestamp) -> Self {
        Self { how, at: now, took_ms: 0, output: String::new(), left_out_bytes: 0 }
    }

    /// What chat is shown of its log.
    pub fn excerpt(&self) -> Excerpt {
        Excerpt { text: self.output.clone(), left_out_bytes: self.left_out_bytes }
    }

    /// How long it ran, without waiting.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.took_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    type Made = Result<(), StepError>;
    type Make<'a> = &'a dyn Fn(&mut Run) -> Made;
    /// What becomes of a step from waiting, queued, starting, running and ended.
    type FromEach = [Made; 5];

    /// A run as it stands in the table, at this point of its way.
    fn run(state: &str) -> Run {
        let kept = format!(
            r#"{{
                "id": "0123456789ab",
                "asked": {{
                    "id": "d", "project": 7, "command": "ops", "platform": "slack", "team_id": "T1",
                    "channel": {{"id": "C1", "name": "ops"}}, "user": {{"id": "U1", "name": "ann"}},
                    "slash": "/bellhop", "at": 1699999999000, "response_url": "c2VhbGVk"
                }},
                "job": "ls", "arguments": "-l", "state": {state}, "consented_by": null, "stopped_by": null,
                "found": null, "url": null, "timeout_s": null, "posts": 0, "told": ["progress"]
            }}"#
        );
        serde_json::from_str(&kept).unwrap()
    }

    const WAITING: &str = r#"{"state": "waiting", "consent": "second_person", "until": 1700000000000}"#;
    const QUEUED: &str = r#"{"state": "queued"}"#;
    const STARTING: &str = r#"{"state": "starting", "executor": "local", "since": 1700000000000}"#;
    const RUNNING: &str =
        r#"{"state": "running", "executor": "local", "handle": "7", "since": 1700000000000}"#;
    const ENDED: &str = r#"{"state": "ended", "how": "executed", "ending": "failed", "exit_code": 1,
        "at": 1700000000000, "took_ms": 12, "output": "x", "left_out_bytes": 0}"#;

    #[test]
    fn what_is_written_is_read_again() {
        for state in [WAITING, QUEUED, STARTING, RUNNING, ENDED] {
            let read = run(state);
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Run>(&written).unwrap(), read, "{written}");
        }
    }

    #[test]
    fn a_step_is_made_from_where_it_leads_on_and_from_nowhere_else() {
        use StepError::{Further, NotWaiting, Over, StillWaiting};
        let ann = Named { id: "U1".to_owned(), name: "ann".to_owned() };
        let started = || Started { handle: Handle("7".to_owned()), url: None };
        let end = || End::unstarted(How::NotScheduled, NOW);
        let steps: [(&str, Make<'_>, FromEach); 7] = [
            (
                "wait",
                &|run| run.wait(Consent::Manual, NOW),
                [Err(Further), Ok(()), Err(Further), Err(Further), Err(Over)],
            ),
            (
                "consent",
                &|run| run.consent(&ann),
                [Ok(()), Err(NotWaiting), Err(NotWaiting), Err(NotWaiting), Err(Over)],
            ),
            (
                "expire",
                &|run| run.expire(NOW),
                [Ok(()), Err(NotWaiting), Err(NotWaiting), Err(NotWaiting), Err(Over)],
            ),
            (
                "begin",
                &|run| run.begin("local", NOW),
                [Err(StillWaiting), Ok(()), Err(Further), Err(Further), Err(Over)],
            ),
            (
                "began",
                &|run| run.began(started(), NOW),
                [Err(Further), Err(Further), Ok(()), Err(Further), Err(Over)],
            ),
            ("stop", &|run| run.stop(&ann, NOW), [Ok(()), Ok(()), Ok(()), Ok(()), Err(Over)]),
            ("finish", &|run| run.finish(end()), [Ok(()), Ok(()), Ok(()), Ok(()), Err(Over)]),
        ];
        for (name, step, expected) in steps {
            for (state, expected) in [WAITING, QUEUED, STARTING, RUNNING, ENDED].into_iter().zip(expected) {
                let (mut changed, before) = (run(state), run(state));
                assert_eq!(step(&mut changed), expected, "{name} from {state}");
                assert!(expected.is_ok() || changed == before, "{name} from {state} changes what it refuses");
            }
        }
        let mut early = run(WAITING);
        assert_eq!(early.expire(Timestamp(NOW.0 - 1)), Err(StillWaiting));
    }

    #[test]
    fn who_stopped_it_first_has_stopped_it() {
        let [ann, bob] = ["ann", "bob"].map(|id| Named { id: id.to_owned(), name: String::new() });
        let mut running = run(RUNNING);
        running.stop(&ann, NOW).unwrap();
        running.stop(&bob, NOW).unwrap();
        assert_eq!((running.stopped_by.as_ref(), running.end()), (Some(&ann), None));
        let mut queued = run(QUEUED);
        queued.stop(&bob, NOW).unwrap();
        assert_eq!(queued.end().map(|end| &end.how), Some(&How::Executed(Ending::Cancelled)));
    }
}
