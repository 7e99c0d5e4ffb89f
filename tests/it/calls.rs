//! What an event costs in calls to AWS, counted where they arrive: the adapters that are deployed and the real SDK, before a
//! stand-in for AWS.
//!
//! Not here: what a call costs a function's processor and its owner's purse. `cargo run --release -p end-to-end --bin bench` says that.

use std::collections::BTreeMap;
use std::time::Duration;

use app::clock::{Clock, Timestamp};
use app::egress::Guard;
use app::http_target::Outbound;
use app::queue::QueueName;
use app::receive_hook::{Received, receive};
use app::{App, flow};
use aws::{Deferral, SqsQueue, Trigger};
use end_to_end::{AwsStub, HttpReceiver, Push, SOURCE_SECRET, ThreeHooks};
use payload::Payload;
use relay::egress::Policy;

const NOON: Timestamp = Timestamp(1_700_000_000_000);

/// Bellhop's two functions on the way of an event to HTTP targets, each with what it remembers, and a project with three.
struct Functions {
    aws: AwsStub,
    receiver: App,
    relay: App,
    queue: SqsQueue,
    outbound: Outbound,
    target: HttpReceiver,
}

impl Functions {
    async fn start() -> Self {
        let (aws, target) = (AwsStub::start(None).await, HttpReceiver::start().await);
        let bellhop = ThreeHooks::configure(&aws, target.url(), Clock::manual(NOON)).await;
        let guard = Guard::new(Policy::parse("127.0.0.1", "").expect("a policy"));
        let outbound = Outbound::new(guard).expect("a client");
        let (receiver, relay, queue) = (bellhop.app(), bellhop.app().gathering(), bellhop.queue());
        Self { aws, receiver, relay, queue, outbound, target }
    }

    /// A push comes in.
    async fn push(&self, id: &str) -> Received {
        let push = Push::fixture("gitlab/push");
        let headers =
            [("x-gitlab-token", SOURCE_SECRET), ("idempotency-key", id), ("x-gitlab-event", "Push Hook")];
        let header = |(name, value): (&str, &str)| {
            (name.parse::<http::HeaderName>().expect("a name"), value.parse().expect("a value"))
        };
        let headers = headers.into_iter().map(header).collect();
        let payload = Payload { headers: &headers, body: push.body() };
        receive(&self.receiver, &self.queue, &ThreeHooks::SOURCE.parse().expect("a source"), payload)
            .await
            .expect("it is received")
    }

    /// Lambda hands out what is in the queue, in one batch. How many items are left.
    async fn hand_out(&self) -> usize {
        let handler = async |run: &[&str]| app::relay_http::handle(&self.relay, &self.outbound, run).await;
        let trigger = Trigger::new(QueueName::Http, Deferral::QueueTimeout, &self.relay, handler);
        let batch = serde_json::from_value(self.aws.take_sent()).expect("a batch");
        let deadline = Clock::System.now() + Duration::from_mins(5);
        trigger.handle(batch, deadline).await.batch_item_failures.len()
    }

    /// How often each operation was called since this was asked for the last time.
    fn calls(&self) -> BTreeMap<String, usize> {
        self.aws.take_calls().into_iter().map(|(operation, called)| (operation, called.times)).collect()
    }
}

fn calls<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.into_iter().map(|(operation, times)| (operation.to_owned(), times)).collect()
}

#[tokio::test]
async fn a_warm_receiver_makes_two_calls_for_an_event_with_three_targets_and_reads_nothing() {
    let bellhop = Functions::start().await;
    bellhop.push("the first finds its configuration").await;
    bellhop.calls();

    let received = bellhop.push("another").await;

    assert!(matches!(received, Received::Accepted { deliveries: 3, .. }), "{received:?}");
    assert_eq!(bellhop.calls(), calls([("PutItem", 1), ("SendMessageBatch", 1)]));
    // Once it has answered, it writes what it has counted.
    flow::write(&bellhop.receiver).await;
    flow::write(&bellhop.receiver).await;
    assert_eq!(bellhop.calls(), calls([("BatchWriteItem", 1)]), "now and then, for all events since");
}

#[tokio::test]
async fn a_warm_relay_makes_two_calls_for_three_targets_with_their_records_and_the_log() {
    let bellhop = Functions::start().await;
    bellhop.push("the first finds its configuration").await;
    assert_eq!(bellhop.hand_out().await, 0);
    bellhop.push("another").await;
    bellhop.calls();

    assert_eq!(bellhop.hand_out().await, 0);

    assert_eq!(bellhop.calls(), calls([("BatchGetItem", 1), ("BatchWriteItem", 1)]));
    assert_eq!(bellhop.target.received_so_far().len(), 6);
    assert_eq!(bellhop.aws.rows("delivery#"), 6, "each has its record");
}

#[tokio::test]
async fn what_does_not_arrive_is_still_written_under_a_condition_each() {
    let bellhop = Functions::start().await;
    bellhop.push("the first finds its configuration").await;
    bellhop.hand_out().await;
    bellhop.push("another").await;
    bellhop.calls();
    bellhop.target.answers_next(503);

    assert_eq!(bellhop.hand_out().await, 1, "one stays in the queue");

    let counted = bellhop.calls();
    assert_eq!((counted["BatchGetItem"], counted["BatchWriteItem"]), (1, 1), "{counted:?}");
    assert_eq!(counted["PutItem"], 2, "its record, and its target's health");
    assert_eq!(bellhop.aws.rows("delivery#"), 6);
}
