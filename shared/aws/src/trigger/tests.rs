//! What a trigger does with a batch: who is handed over, what stays in the queue, and what is set aside.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;

use app::clock::Clock;
use app::queue::FAULTS_MAX;
use app::seal::Sealer;
use app::set_aside;
use embedded::Store;
use futures_util::future::{Either, select};
use payload::Secret;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A table, and a consumer that each item tells how it takes it.
struct House {
    app: App,
    clock: Clock,
    handled: RefCell<Vec<String>>,
    /// Rings when a consumer hangs.
    hangs: Notify,
    _folder: TempDir,
}

/// Two deaths of which nothing is known yet, and what one more fault than is borne takes.
const DEATHS_MAX: u32 = FAULTS_MAX + 3;

/// What was handled, and what was left.
type Seen = (Vec<String>, Vec<String>);

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(NOW);
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let app = App::with(Arc::new(store.table()), sealer, clock.clone(), app::clock::Chance::System);
        Self { app, clock, handled: RefCell::default(), hangs: Notify::new(), _folder: folder }
    }

    /// Hands over a batch: items written `group:body` or, at a later handover, `group:body:count`. An item's id is its
    /// body.
    async fn batch(&self, queue: QueueName, items: &[&str], time_left: Duration) -> Seen {
        let trigger = Trigger {
            queue,
            deferral: Deferral::QueueTimeout,
            app: &self.app,
            handler: async |run: &[&str]| self.consume(run).await,
        };
        let response = trigger.handle(event(items), NOW + time_left).await;
        let left = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
        (self.handled.take(), left.collect())
    }

    /// Hands over a batch to a process that dies as soon as a consumer hangs. `None` if it dies; what was handled till then
    /// can still be asked for.
    async fn lives_or_dies(&self, queue: QueueName, items: &[&str]) -> Option<Seen> {
        self.handled.take();
        let batch = pin!(self.batch(queue, items, PLENTY));
        let hangs = pin!(self.hangs.notified());
        match select(batch, hangs).await {
            Either::Left((seen, _)) => Some(seen),
            Either::Right(((), _)) => None,
        }
    }

    /// Hands over a batch to a process that dies over it. What was handled till then.
    async fn dies_over(&self, queue: QueueName, items: &[&str]) -> Vec<String> {
        let seen = self.lives_or_dies(queue, items).await;
        assert_eq!(seen, None, "nobody hangs");
        self.handled.take()
    }

    async fn consume(&self, run: &[&str]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for body in run {
            self.handled.borrow_mut().push((*body).to_owned());
            answers.push(match *body {
                "again" => Answer::Again { after: Duration::from_mins(1) },
                "soon" if self.handled.borrow().len() == 1 => {
                    Answer::Again { after: Duration::from_millis(1) }
                }
                "fault" => Answer::Fault,
                "panic" => panic!("as the test asked"),
                "slow" => {
                    self.clock.advance(Duration::from_secs(20));
                    Answer::Done
                }
                "hang" => {
                    self.hangs.notify_one();
                    std::future::pending().await
                }
                _ => Answer::Done,
            });
            if answers.last() != Some(&Answer::Done) {
                break;
            }
        }
        answers
    }

    /// What was set aside: the item, how many faults it had, and the last of them.
    async fn set_aside(&self, queue: QueueName) -> Vec<(String, u32, String)> {
        let all = (usize::MAX, Timestamp(i64::MAX));
        let tasks = set_aside::list(&self.app, queue, all).await.unwrap();
        tasks.into_iter().map(|task| (task.body, task.faults, task.reason)).collect()
    }
}

fn event(items: &[&str]) -> SqsEvent {
    let records = items.iter().map(|item| {
        let (group, item) = item.split_once(':').unwrap();
        // A body may be an object, and have colons of its own.
        let numbered = item.rsplit_once(':').filter(|(_, count)| count.parse::<u32>().is_ok());
        let (body, count) = numbered.unwrap_or((item, "1"));
        serde_json::json!({
            "messageId": body,
            "receiptHandle": "handle",
            "body": body,
            "attributes": { "MessageGroupId": group, "ApproximateReceiveCount": count, "SentTimestamp": "17" },
            "eventSource": "aws:sqs",
        })
    });
    serde_json::from_value(serde_json::json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

/// The same for a batch that nothing came before.
async fn check(queue: QueueName, items: &[&str], time_left: Duration) -> Seen {
    House::new().batch(queue, items, time_left).await
}

const PLENTY: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_batch_that_is_done_leaves_nothing() {
    for queue in [QueueName::Irker, QueueName::Http] {
        let (handled, left) = check(queue, &["a:1", "b:2"], PLENTY).await;
        assert_eq!((handled, left), (vec!["1".to_owned(), "2".to_owned()], vec![]));
    }
}

#[tokio::test]
async fn in_order_everything_of_the_group_waits_behind_what_is_not_done() {
    for trouble in ["again", "fault", "panic"] {
        let first = format!("a:{trouble}");
        let (mut handled, left) = check(QueueName::Irker, &[&first, "b:1", "a:2", "b:3"], PLENTY).await;
        // The panic of a run is looked for item by item.
        handled.dedup();
        assert_eq!(handled, [trouble, "1", "3"]);
        assert_eq!(left, [trouble, "2"]);
    }
}

#[tokio::test]
async fn in_order_what_comes_again_soon_is_waited_for_in_place() {
    let (handled, left) = check(QueueName::Irker, &["a:soon", "a:1"], PLENTY).await;
    assert_eq!((handled, left), (vec!["soon".to_owned(), "soon".to_owned(), "1".to_owned()], vec![]));
    let (handled, left) = check(QueueName::Irker, &["a:soon", "a:1"], item_time_max(QueueName::Irker)).await;
    assert_eq!((handled, left), (vec!["soon".to_owned()], vec!["soon".to_owned(), "1".to_owned()]));
}

#[tokio::test]
async fn without_order_each_item_stands_for_itself() {
    let items = ["a:panic", "a:1", "a:again", "a:2", "a:fault"];
    let (handled, mut left) = check(QueueName::Http, &items, PLENTY).await;
    left.sort();
    assert_eq!(handled.len(), items.len());
    assert_eq!(left, ["again", "fault", "panic"]);
}

#[tokio::test]
async fn what_could_not_be_ended_in_time_is_not_started() {
    for queue in [QueueName::Irker, QueueName::Http] {
        let (handled, left) =
            check(queue, &["a:slow", "b:1"], item_time_max(queue) + Duration::from_secs(10)).await;
        assert_eq!(handled, ["slow"], "{queue:?}");
        assert_eq!(left, ["1"], "{queue:?}");
    }
}

#[cfg(feature = "codebuild")]
#[tokio::test]
async fn the_end_of_a_build_comes_in_as_a_task() {
    let event = r#"a:{"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change", "detail":
        {"additional-information": {"source": {"location": "b/runs/7/0123456789ab-0.zip"}}}}"#;
    let (handled, _) = check(QueueName::Http, &[event], PLENTY).await;
    assert_eq!(handled, [r#"{"task":"run_job_v1","run":"0123456789ab","project":7}"#]);
}

#[test]
fn a_deadline_that_is_no_moment_ends_nothing() {
    let limits = Limits::of(QueueName::Http, NOW, NOW + PLENTY);
    assert_eq!(limits.latest_start + item_time_max(QueueName::Http), NOW + PLENTY);
    assert_eq!(limits.stop + ANSWER_TIME, NOW + PLENTY);
    let never = Timestamp(i64::MAX);
    assert_eq!(
        Limits::of(QueueName::Http, NOW, Timestamp(600_000)),
        Limits { latest_start: never, stop: never }
    );
}

#[tokio::test]
async fn what_always_fails_is_set_aside_after_five_faults_and_its_group_goes_on() {
    for (queue, trouble, reason) in [
        (QueueName::Irker, "fault", "the handler answered with a fault"),
        (QueueName::Irker, "panic", "the handler panicked"),
        (QueueName::Http, "fault", "the handler answered with a fault"),
        (QueueName::Runs, "panic", "the handler panicked"),
    ] {
        let house = House::new();
        for count in 1..FAULTS_MAX {
            let (_, left) = house.batch(queue, &[&format!("a:{trouble}:{count}")], PLENTY).await;
            assert_eq!(left, [trouble]);
            assert_eq!(house.set_aside(queue).await, []);
        }
        let batch = [&*format!("a:{trouble}:{FAULTS_MAX}"), "a:1"];
        let (mut handled, left) = house.batch(queue, &batch, PLENTY).await;
        handled.sort();
        assert_eq!((handled, left), (vec!["1".to_owned(), trouble.to_owned()], vec![]), "{queue:?}");
        let expected = [(trouble.to_owned(), FAULTS_MAX, reason.to_owned())];
        assert_eq!(house.set_aside(queue).await, expected, "{queue:?}");
    }
}

#[tokio::test]
async fn what_is_put_off_is_no_fault_however_often() {
    for queue in [QueueName::Irker, QueueName::Http] {
        let house = House::new();
        for count in 1..100 {
            let (_, left) = house.batch(queue, &[&format!("a:again:{count}")], PLENTY).await;
            assert_eq!(left, ["again"]);
        }
        assert_eq!(house.set_aside(queue).await, []);
    }
}

#[tokio::test]
async fn a_consumer_is_stopped_in_time_to_say_so() {
    let house = House::new();
    let trigger = Trigger {
        queue: QueueName::Http,
        deferral: Deferral::QueueTimeout,
        app: &house.app,
        handler: async |run: &[&str]| house.consume(run).await,
    };
    // Lambda's own time-outs are too long for a test.
    let limits = Limits { latest_start: NOW, stop: NOW + Duration::from_millis(20) };
    for count in 1..=FAULTS_MAX {
        let left = trigger.side_by_side(&event(&[&format!("a:hang:{count}"), "a:1"]).records, limits).await;
        assert_eq!(left.is_empty(), count == FAULTS_MAX, "at handover {count}");
    }
    let reason = "the handler took too long".to_owned();
    assert_eq!(house.set_aside(QueueName::Http).await, [("hang".to_owned(), FAULTS_MAX, reason)]);
}

/// What a process dies of is in its batch, and as nobody can answer any more, all of it comes again. From the second death
/// on, those that were in it are handled alone; what is done by then is not blamed.
#[tokio::test]
async fn what_kills_every_process_is_set_aside_and_its_neighbours_are_done() {
    let [first, last] = [["a:hang", "b:1", "c:2"], ["b:1", "c:2", "a:hang"]];
    let (http, irker) = (QueueName::Http, QueueName::Irker);
    for (queue, items) in [(http, first), (http, last), (irker, first), (irker, last)] {
        let house = House::new();
        let mut count = 1;
        let (mut handled, left) = loop {
            let batch = items.map(|item| format!("{item}:{count}"));
            if let Some(seen) = house.lives_or_dies(queue, &batch.each_ref().map(String::as_str)).await {
                break seen;
            }
            assert_eq!(house.set_aside(queue).await, [], "{queue:?}, after {count} deaths");
            assert!(count <= DEATHS_MAX, "{queue:?}: it goes on for ever");
            count += 1;
        };
        handled.sort();
        assert_eq!((handled, left), (vec!["1".to_owned(), "2".to_owned()], vec![]), "{queue:?}");
        let reason = "too many processes in a row died while they had the task".to_owned();
        assert_eq!(house.set_aside(queue).await, [("hang".to_owned(), FAULTS_MAX, reason)], "{queue:?}");
    }
}

/// A run is handed over as a whole; whoever of it kills the process is found out all the same.
#[tokio::test]
async fn the_one_of_a_run_that_kills_is_found_and_those_before_it_are_done() {
    let house = House::new();
    house.dies_over(QueueName::Irker, &["a:1", "a:hang", "a:2"]).await;
    house.dies_over(QueueName::Irker, &["a:1:2", "a:hang:2", "a:2:2"]).await;
    assert_eq!(house.dies_over(QueueName::Irker, &["a:1:3", "a:hang:3", "a:2:3"]).await, ["1", "hang"]);
    for count in 4..FAULTS_MAX + 3 {
        let batch = [format!("a:hang:{count}"), format!("a:2:{count}")];
        assert_eq!(house.dies_over(QueueName::Irker, &batch.each_ref().map(String::as_str)).await, ["hang"]);
    }
    let (handled, left) = house.batch(QueueName::Irker, &["a:hang:8", "a:2:8"], PLENTY).await;
    assert_eq!((handled, left), (vec!["2".to_owned()], vec![]));
    assert_eq!(house.set_aside(QueueName::Irker).await.len(), 1);
}

/// A head that waits for a week is in somebody's hands quite often, and processes die of other things, too.
#[tokio::test]
async fn deaths_count_only_in_a_row() {
    let house = House::new();
    let mut count = 1;
    for _ in 0..FAULTS_MAX * 2 {
        count += 1;
        // It comes with the very same name, and behaves.
        house.dies_over(QueueName::Http, &[&format!("a:again:{count}"), "b:hang"]).await;
        count += 1;
        let (_, left) = house.batch(QueueName::Http, &[&format!("a:again:{count}")], PLENTY).await;
        assert_eq!(left, ["again"]);
    }
    assert_eq!(house.set_aside(QueueName::Http).await, []);
}
