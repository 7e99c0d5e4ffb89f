//! An executor of jobs that keeps its port's contract: it knows a run by its id, and begins it once.
//!
//! Not here: what a job does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::clock::Timestamp;
use app::executor::{Ended, Ending, Executor, ExecutorError, Handle, Order, Progress, Started};
use async_trait::async_trait;
use config::Project;

use crate::defects::Defect;
use crate::faults::Call;
use crate::world::World;

/// A run, as its executor knows it.
#[derive(Clone, Debug)]
pub(crate) struct Executed {
    ends_at: Timestamp,
    is_cancelled: bool,
    /// How often it was told to begin as if for the first time.
    pub(crate) begun: u32,
}

pub(crate) struct SimExecutor {
    world: Arc<World>,
    pub(crate) runs: Mutex<BTreeMap<String, Executed>>,
}

impl SimExecutor {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), runs: Mutex::default() }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Executed>> {
        self.runs.lock().expect("nobody panics in it")
    }
}

#[async_trait]
impl Executor for SimExecutor {
    async fn start(&self, order: &Order) -> Result<Started, ExecutorError> {
        let world = &self.world;
        let name = order.run.to_string();
        let about = || format!("start {name}{}", if order.is_repeated { ", once more" } else { "" });
        // Before its effect, it says so; after it, it may be asked once more.
        let fault = world.arrive(Call::Execute, about).await;
        let fault = fault.map_err(|trouble| ExecutorError::Unavailable(Box::new(trouble)))?;
        {
            let lasts = Duration::from_secs(1 + world.throw(400));
            let ends_at = world.now() + lasts;
            let mut runs = self.runs();
            let executed =
                runs.entry(name.clone()).or_insert(Executed { ends_at, is_cancelled: false, begun: 0 });
            let is_twice = world.defect == Some(Defect::BeginsTwice) && executed.begun == 1;
            executed.begun += u32::from(!order.is_repeated || is_twice);
        }
        world.leave(fault).await.map_err(|_| ExecutorError::InDoubt)?;
        Ok(Started { handle: Handle(name), url: None })
    }

    async fn look(&self, _: &Project, handle: &Handle, _: Duration) -> Result<Progress, ExecutorError> {
        let world = &self.world;
        let unavailable = |trouble| ExecutorError::Unavailable(Box::new(trouble));
        let fault =
            world.arrive(Call::Execute, || format!("look at {}", handle.0)).await.map_err(unavailable)?;
        let known = self.runs().get(&handle.0).cloned();
        world.leave(fault).await.map_err(unavailable)?;
        let Some(known) = known else {
            return Ok(ended(Ending::Lost));
        };
        if known.is_cancelled {
            return Ok(ended(Ending::Cancelled));
        }
        let left = known.ends_at.since(world.now());
        if left.is_zero() {
            return Ok(ended(Ending::Succeeded));
        }
        Ok(Progress::Running { look_after: left.clamp(Duration::from_secs(1), Duration::from_mins(1)) })
    }

    async fn cancel(&self, _: &Project, handle: &Handle) -> Result<(), ExecutorError> {
        let world = &self.world;
        let unavailable = |trouble| ExecutorError::Unavailable(Box::new(trouble));
        let fault =
            world.arrive(Call::Execute, || format!("cancel {}", handle.0)).await.map_err(unavailable)?;
        if let Some(run) = self.runs().get_mut(&handle.0)
            && run.ends_at > world.now()
        {
            run.is_cancelled = true;
        }
        world.leave(fault).await.map_err(unavailable)
    }
}

fn ended(ending: Ending) -> Progress {
    // A job that prints the project's token: it is masked before it is kept.
    let log = b"hello\nPLANTED-gitlab-token\n".to_vec();
    Progress::Ended(Ended { ending, log, took: Duration::from_secs(1) })
}
