//! Processes that do the product's work, and die.
//!
//! On Lambda, each invocation has a process for itself, which is used again; on one machine, one process does everything.
//! A process that dies takes all its invocations and caches with it.
//!
//! Not here: who has work done (`people`, `pump`).

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::App;
use app::clock::Chance;
use app::http_target::Outbound;
use app::queue::Queue;
use app::table::Table;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::executor::SimExecutor;
use crate::peers::Peers;
use crate::queue::SimQueue;
use crate::settings::sealer;
use crate::table::SimTable;
use crate::world::World;

/// A program that runs, with what it remembers.
struct Process {
    app: Arc<App>,
    is_dead: watch::Sender<bool>,
}

/// All that can be had of the product in a history.
pub(crate) struct House {
    pub(crate) world: Arc<World>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) peers: Peers,
    pub(crate) outbound: Outbound,
    pub(crate) executor: Arc<SimExecutor>,
    table: Arc<dyn Table>,
    chance: Chance,
    is_one_process: bool,
    /// Those that have nothing to do, by role.
    idle: Mutex<BTreeMap<&'static str, Vec<Process>>>,
}

/// Counts an invocation while it is under way, whatever becomes of it.
struct Busy<'a>(&'a World);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.stirred.notify_one();
    }
}

impl House {
    pub(crate) fn new(world: &Arc<World>, peers: Peers, (seed, is_one_process): (u64, bool)) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            queue: Arc::new(SimQueue(Arc::clone(world))),
            outbound: Outbound::over(peers.clone()),
            peers,
            executor: Arc::new(SimExecutor::new(world)),
            table: Arc::new(SimTable(Arc::clone(world))),
            chance: Chance::seeded(seed),
            is_one_process,
            idle: Mutex::default(),
        })
    }

    /// An `App` that remembers nothing.
    pub(crate) fn app(&self) -> App {
        let table = Arc::clone(&self.table);
        let app = App::with(table, sealer(), self.world.clock.clone(), self.chance.clone());
        // As the functions are: deliveries that are handled side by side are written together.
        if self.is_one_process { app } else { app.gathering() }
    }

    /// Has work done as one invocation, within a limit on Lambda. `None` if its process died over it.
    pub(crate) async fn have<F: Future>(
        &self,
        (role, limit): (&'static str, Duration),
        work: impl FnOnce(Arc<App>) -> F,
    ) -> Option<F::Output> {
        let process = self.process(role);
        let mut death = process.is_dead.subscribe();
        let invocation = self.world.invocation(role, process.is_dead.clone());
        self.world.busy.fetch_add(1, Ordering::Relaxed);
        let _busy = Busy(&self.world);
        let done = tokio::select! {
            biased;
            _ = death.wait_for(|is_dead| *is_dead) => None,
            done = World::within(Arc::clone(&invocation), work(Arc::clone(&process.app))) => Some(done),
            () = self.too_long(limit) => {
                self.world.tell(|| format!("{role} #{}: time is up", invocation.number));
                process.is_dead.send_replace(true);
                None
            }
        };
        if done.is_none() {
            invocation.disturb();
        }
        self.put_back(role, process);
        done
    }

    async fn too_long(&self, limit: Duration) {
        if self.is_one_process { pending().await } else { sleep(limit).await }
    }

    /// A deployment: all processes end when they have nothing to do.
    pub(crate) fn deploy(&self) {
        self.world.tell(|| "a deployment: all processes are new".to_owned());
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Vec<Process>>> {
        self.idle.lock().expect("nobody panics in it")
    }

    fn process(&self, role: &'static str) -> Process {
        let mut idle = self.idle();
        if self.is_one_process {
            // It stays there, for all others to be done in it, too.
            let all = idle.entry("").or_default();
            all.retain(|process| !*process.is_dead.borrow());
            if all.is_empty() {
                all.push(self.new_process());
            }
            return Process { app: Arc::clone(&all[0].app), is_dead: all[0].is_dead.clone() };
        }
        idle.entry(role).or_default().pop().unwrap_or_else(|| self.new_process())
    }

    fn new_process(&self) -> Process {
        Process { app: Arc::new(self.app()), is_dead: watch::Sender::new(false) }
    }

    fn put_back(&self, role: &'static str, process: Process) {
        if !self.is_one_process && !*process.is_dead.borrow() {
            self.idle().entry(role).or_default().push(process);
        }
    }
}
