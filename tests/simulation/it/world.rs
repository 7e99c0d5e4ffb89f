//! What everybody in a history shares: the time, the faults, what the table and the queues hold, and what was seen.
//!
//! A **process** is an `App` with its caches; an **invocation** is one piece of work of a process. A call that leaves a
//! process passes [`World::arrive`] before its effect and [`World::leave`] after it: there it takes its time, fails, or the
//! process dies.
//!
//! Not here: the effects (`table`, `queue`, `peers`), and who calls (`house`).

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use app::clock::{Clock, Timestamp};
use app::table::Key;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::defects::Defect;
use crate::dice::Dice;
use crate::faults::{Call, Fault, Faults};
use crate::peers::Book;
use crate::plan::Outage;
use crate::queue::Tasks;
use crate::table::Rows;

tokio::task_local! {
    /// Whose call it is. Calls of nobody are the tests' own: they take no time, and never fail.
    static UNDER_WAY: Arc<Invocation>;
}

/// When all histories begin.
pub(crate) const BEGIN: Timestamp = Timestamp(1_700_000_000_000);

/// One piece of work of a process.
pub(crate) struct Invocation {
    pub(crate) number: u32,
    /// What it is, for people.
    pub(crate) role: &'static str,
    /// Set when the process dies.
    pub(crate) is_dead: watch::Sender<bool>,
    /// Whether anything went wrong in it: then what it did may be done again.
    disturbed: AtomicBool,
}

impl Invocation {
    pub(crate) fn is_disturbed(&self) -> bool {
        self.disturbed.load(Ordering::Relaxed)
    }

    pub(crate) fn disturb(&self) {
        self.disturbed.store(true, Ordering::Relaxed);
    }
}

/// What a port says of a fault.
#[derive(Debug)]
pub(crate) struct Trouble(Fault);

impl Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "simulated: {:?}", self.0)
    }
}

impl std::error::Error for Trouble {}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) crashes: u64,
    pub(crate) duplicates: u64,
}

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) faults: Mutex<Faults>,
    /// From then on the dice throw no faults, and every peer is well.
    pub(crate) calm_at: Timestamp,
    outages: Vec<Outage>,
    noise: Mutex<Dice>,
    /// Whether every call takes as long as any other: for histories that are to be read.
    is_even: bool,
    pub(crate) defect: Option<Defect>,
    rows: Mutex<Rows>,
    tasks: Mutex<Tasks>,
    pub(crate) book: Mutex<Book>,
    pub(crate) counts: Mutex<Counts>,
    invocations: AtomicU32,
    /// How many are under way.
    pub(crate) busy: AtomicU32,
    /// Something was queued, answered or ended.
    pub(crate) stirred: Notify,
    /// A row was written that a sweep looks for.
    pub(crate) swept_for: Notify,
    /// The history as people read it; `None` if nobody does.
    pub(crate) tale: Option<Mutex<String>>,
}

/// How a world is.
pub(crate) struct Setting {
    pub(crate) faults: Faults,
    pub(crate) calm_at: Timestamp,
    pub(crate) outages: Vec<Outage>,
    pub(crate) noise: u64,
    pub(crate) is_even: bool,
    pub(crate) is_sqs: bool,
    pub(crate) defect: Option<Defect>,
    pub(crate) is_told: bool,
}

impl World {
    /// In a runtime whose time is paused.
    pub(crate) fn new(setting: Setting) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::with_tokio(BEGIN),
            faults: Mutex::new(setting.faults),
            calm_at: setting.calm_at,
            outages: setting.outages,
            noise: Mutex::new(Dice::new(setting.noise)),
            is_even: setting.is_even,
            defect: setting.defect,
            rows: Mutex::default(),
            tasks: Mutex::new(Tasks::new(setting.is_sqs)),
            book: Mutex::default(),
            counts: Mutex::default(),
            invocations: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            stirred: Notify::new(),
            swept_for: Notify::new(),
            tale: setting.is_told.then(Mutex::default),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now() >= self.calm_at
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("nobody panics in it")
    }

    pub(crate) fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().expect("nobody panics in it")
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics in it")
    }

    /// Any number below `end`.
    pub(crate) fn throw(&self, end: u64) -> u64 {
        if self.is_even { 0 } else { self.noise.lock().expect("nobody panics in it").below(end) }
    }

    pub(crate) fn invocation(&self, role: &'static str, is_dead: watch::Sender<bool>) -> Arc<Invocation> {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        Arc::new(Invocation { number, role, is_dead, disturbed: AtomicBool::new(false) })
    }

    /// Has work done as an invocation's.
    pub(crate) async fn within<F: Future>(invocation: Arc<Invocation>, work: F) -> F::Output {
        UNDER_WAY.scope(invocation, work).await
    }

    pub(crate) fn under_way() -> Option<Arc<Invocation>> {
        UNDER_WAY.try_with(Arc::clone).ok()
    }

    /// A call comes to a port: gives what else is to go wrong with it, or the error that it ends with.
    pub(crate) async fn arrive(
        &self,
        call: Call,
        about: impl Fn() -> String + Send,
    ) -> Result<Option<Fault>, Trouble> {
        let Some(invocation) = Self::under_way() else { return Ok(None) };
        self.pause(match self.throw(64) {
            0 => 1 + self.throw(400),
            few => 1 + few % 8,
        })
        .await;
        let fault = self.faults.lock().expect("nobody panics in it").next(call, self.is_calm());
        self.tell(|| format!("{} #{}: {}{}", invocation.role, invocation.number, about(), shown(fault)));
        if fault.is_some() {
            invocation.disturb();
        }
        match fault {
            Some(Fault::CrashBefore) => self.die(&invocation).await,
            Some(Fault::Slow(seconds)) => sleep(Duration::from_secs(seconds.into())).await,
            Some(Fault::ErrorBefore) => return Err(Trouble(Fault::ErrorBefore)),
            _ => {}
        }
        if self.is_out(call) {
            invocation.disturb();
            self.tell(|| format!("{} #{}: ... is out", invocation.role, invocation.number));
            return Err(Trouble(Fault::ErrorBefore));
        }
        Ok(fault)
    }

    /// A call has had its effect.
    pub(crate) async fn leave(&self, fault: Option<Fault>) -> Result<(), Trouble> {
        let Some(invocation) = Self::under_way() else { return Ok(()) };
        match fault {
            Some(Fault::CrashAfter) => self.die(&invocation).await,
            Some(fault @ (Fault::ErrorAfter | Fault::Part)) => return Err(Trouble(fault)),
            _ => {}
        }
        // Often enough for others to come between an effect and its answer.
        if self.throw(4) == 3 {
            self.pause(1 + self.throw(6)).await;
        }
        Ok(())
    }

    /// When the last outage, and the time of faults by dice, are over.
    pub(crate) fn troubled_until(&self) -> Timestamp {
        self.outages.iter().map(|outage| outage.until).fold(self.calm_at, Timestamp::max)
    }

    fn is_out(&self, call: Call) -> bool {
        let now = self.now();
        self.outages.iter().any(|outage| outage.of == call && (outage.from..outage.until).contains(&now))
    }

    async fn pause(&self, milliseconds: u64) {
        sleep(Duration::from_millis(milliseconds)).await;
    }

    /// The process of an invocation dies here. Nothing of it goes on.
    pub(crate) async fn die(&self, invocation: &Invocation) {
        self.counts.lock().expect("nobody panics in it").crashes += 1;
        self.tell(|| format!("{} #{}: dies", invocation.role, invocation.number));
        invocation.is_dead.send_replace(true);
        std::future::pending::<()>().await;
    }

    /// A row was written, or taken away.
    pub(crate) fn note_row(&self, key: &Key) {
        if ["due", "replay", "waiting-runs"].iter().any(|begin| key.partition.starts_with(begin)) {
            self.swept_for.notify_one();
        }
    }

    /// Adds a line to the tale.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let Some(tale) = &self.tale else { return };
        let since = self.now().since(BEGIN);
        let (hours, rest) = (since.as_secs() / 3_600, since.as_secs() % 3_600);
        let mut tale = tale.lock().expect("nobody panics in it");
        let at = format_args!("{hours:3}:{:02}:{:02}.{:03}", rest / 60, rest % 60, since.subsec_millis())
            .to_string();
        let _ = writeln!(tale, "{at}  {}", line());
    }
}

fn shown(fault: Option<Fault>) -> String {
    fault.map(|fault| format!("   <-- {fault:?}")).unwrap_or_default()
}
