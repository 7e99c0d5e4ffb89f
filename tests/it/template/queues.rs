//! Queues and the functions that are fed from them: times and counts that have to fit together.

use app::parking::QUEUE_WAIT_MAX;
use app::queue::QueueName;
use config::limits::{JOB_TIMEOUT_S, RETRY_WAITS_MAX};
use relay::limits::{HTTP_AGE_MAX, IRKER_AGE_MAX};
use saphyr::Yaml;

use super::{at, check, entries, named, number};

/// AWS advises this many, so that a batch that was throttled does not become visible while it is being retried.
const TIMEOUTS_BEFORE_VISIBLE: i64 = 6;

/// How seldom a run may be looked at that takes as long as a run may.
const LOOKED_AT_EVERY_S: u32 = 300;

/// An SQS trigger of a function.
struct Trigger<'a> {
    function: &'a Yaml<'a>,
    event: &'a Yaml<'a>,
    queue: &'a Yaml<'a>,
    name: &'a str,
}

impl Trigger<'_> {
    /// By the resource's name.
    fn carries(&self) -> QueueName {
        match named(at(self.event, "Queue")) {
            "IrkerQueue" => QueueName::Irker,
            "HttpQueue" => QueueName::Http,
            "HttpOrderedQueue" => QueueName::HttpOrdered,
            "RunsQueue" => QueueName::Runs,
            other => panic!("{other} is no queue of ours"),
        }
    }
}

fn check_triggers(check_one: impl Fn(&Trigger<'_>)) {
    check(|resources| {
        let mut seen = 0;
        for (name, resource) in entries(resources) {
            let Some(events) = at(resource, "Properties").as_mapping_get("Events") else { continue };
            for (_, event) in entries(events) {
                if at(event, "Type").as_str() != Some("SQS") {
                    continue;
                }
                let event = at(event, "Properties");
                let queue = at(at(resources, named(at(event, "Queue"))), "Properties");
                let trigger = Trigger { function: at(resource, "Properties"), event, queue, name };
                assert_eq!(queue.contains_mapping_key("FifoQueue"), trigger.carries().is_ordered(), "{name}");
                check_one(&trigger);
                seen += 1;
            }
        }
        assert_eq!(seen, QueueName::ALL.len(), "each queue has its function");
    });
}

#[test]
fn a_queue_hides_a_batch_for_longer_than_its_function_may_take() {
    check_triggers(|trigger| {
        let (hidden, timeout) =
            (number(trigger.queue, "VisibilityTimeout"), number(trigger.function, "Timeout"));
        assert!(hidden >= TIMEOUTS_BEFORE_VISIBLE * timeout, "{}: {hidden} s, {timeout} s", trigger.name);
    });
}

#[test]
fn a_function_lives_long_enough_to_begin_something() {
    check_triggers(|trigger| {
        let timeout = number(trigger.function, "Timeout");
        let item = i64::try_from(aws::item_time_max(trigger.carries()).as_secs()).expect("some seconds");
        assert!(timeout > item, "{} would begin nothing within {timeout} s", trigger.name);
    });
}

#[test]
fn one_bad_delivery_does_not_fail_its_batch() {
    check_triggers(|trigger| {
        let responses = at(trigger.event, "FunctionResponseTypes").as_vec().expect("a list");
        assert!(
            responses.iter().any(|response| response.as_str() == Some("ReportBatchItemFailures")),
            "{}",
            trigger.name
        );
    });
}

#[test]
fn consumers_are_bounded_by_their_trigger_alone() {
    check_triggers(|trigger| {
        at(at(trigger.event, "ScalingConfig"), "MaximumConcurrency");
        assert!(!trigger.function.contains_mapping_key("ReservedConcurrentExecutions"), "{}", trigger.name);
    });
}

#[test]
fn what_is_given_up_is_kept_for_longer_than_what_is_tried() {
    check_triggers(|trigger| {
        check(|resources| {
            let redrive = at(trigger.queue, "RedrivePolicy");
            let dead_letters = at(at(resources, named(at(redrive, "deadLetterTargetArn"))), "Properties");
            let kept = number(trigger.queue, "MessageRetentionPeriod");
            assert!(number(dead_letters, "MessageRetentionPeriod") > kept, "{}", trigger.name);
            let is_fifo = |queue: &Yaml<'_>| queue.contains_mapping_key("FifoQueue");
            assert_eq!(is_fifo(trigger.queue), is_fifo(dead_letters), "{}", trigger.name);
        });
    });
}

#[test]
fn a_delivery_is_given_up_before_sqs_drops_it() {
    check_triggers(|trigger| {
        let tries = number(at(trigger.queue, "RedrivePolicy"), "maxReceiveCount");
        let shortest = tries * number(trigger.queue, "VisibilityTimeout");
        assert!(shortest < number(trigger.queue, "MessageRetentionPeriod"), "{}", trigger.name);
    });
}

#[test]
fn a_targets_trouble_makes_no_dead_letters() {
    check_triggers(|trigger| {
        let tries = number(at(trigger.queue, "RedrivePolicy"), "maxReceiveCount");
        // A hook's own schedule is the longest there is, and each attempt may have to wait for its turn under a rate.
        let attempts = 2 * (i64::try_from(RETRY_WAITS_MAX).expect("some") + 1);
        match trigger.carries() {
            QueueName::Irker => {
                let waited_s = tries * number(trigger.queue, "VisibilityTimeout");
                let parked_s = i64::try_from(IRKER_AGE_MAX.as_secs()).expect("some seconds");
                assert!(
                    waited_s > parked_s,
                    "SQS gives up after {waited_s} s, the schedule after {parked_s} s"
                );
            }
            QueueName::Http => assert!(tries > attempts, "{tries} receives, {attempts} looks"),
            QueueName::HttpOrdered => {
                let looks = i64::try_from(HTTP_AGE_MAX.as_secs() / QUEUE_WAIT_MAX.as_secs()).expect("some");
                assert!(tries > looks + attempts, "{tries} receives, {looks} looks, {attempts} more");
            }
            QueueName::Runs => {
                let looks = i64::from(JOB_TIMEOUT_S.end() / LOOKED_AT_EVERY_S);
                assert!(tries > looks, "{tries} receives, {looks} looks");
            }
        }
    });
}

#[test]
fn what_comes_along_with_a_waiting_head_counts_no_handover() {
    check_triggers(|trigger| {
        // The irker queue hands over what has piled up, and counts by age.
        if trigger.carries() == QueueName::HttpOrdered {
            assert_eq!(number(trigger.event, "BatchSize"), 1);
        }
    });
}
