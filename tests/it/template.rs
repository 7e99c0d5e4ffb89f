//! `template.yaml`: what has to fit together and no linter checks.
//!
//! Not here: whether it is valid (`sam validate --lint` and cfn-lint say that), and whether every function is in it
//! (`tidy` does).

use std::collections::BTreeSet;
use std::fs;

use app::parking::QUEUE_WAIT_MAX;
use app::queue::QueueName;
use config::limits::{JOB_TIMEOUT_S, RETRY_WAITS_MAX};
use end_to_end::workspace;
use relay::limits::{HTTP_AGE_MAX, IRKER_AGE_MAX};
use saphyr::{LoadableYamlNode, Yaml};

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

fn check(check: impl Fn(&Yaml<'_>)) {
    let template = fs::read_to_string(workspace().join("template.yaml")).expect("read template.yaml");
    let documents = Yaml::load_from_str(&template).expect("template.yaml is YAML");
    check(at(&documents[0], "Resources"));
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

#[test]
fn functions_know_the_queues_that_they_use() {
    check(|resources| {
        for (function, queues) in [
            ("ReceiveHook", &QueueName::DELIVERIES[..]),
            ("ReceiveCommand", &[QueueName::Runs]),
            ("RunJob", &[QueueName::Runs]),
            ("Sweep", &QueueName::ALL),
            ("RelayHttp", &[QueueName::Http, QueueName::HttpOrdered]),
        ] {
            let environment = at(at(at(resources, function), "Properties"), "Environment");
            let known: BTreeSet<_> = entries(at(environment, "Variables")).map(|(name, _)| name).collect();
            for queue in queues {
                let name = queue.as_str().to_uppercase().replace('-', "_");
                let variable = format!("BELLHOP_{name}_QUEUE_URL");
                assert!(known.contains(&*variable), "{function} has no {variable}");
            }
        }
    });
}

#[test]
fn what_is_kept_survives_the_stack() {
    check(|resources| {
        for (name, resource) in entries(resources) {
            let is_table = at(resource, "Type").as_str() == Some("AWS::DynamoDB::Table");
            // The other secret is the API's first token, which opens nothing once the API is gone.
            if is_table || name == "SealingKey" {
                for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                    assert_eq!(at(resource, policy).as_str(), Some("Retain"), "{name}");
                }
            }
        }
    });
}

#[test]
fn rights_are_named_one_by_one() {
    check(|resources| {
        for (name, resource) in entries(resources) {
            let mut actions = Vec::new();
            collect("Action", resource, &mut actions);
            let kind = at(resource, "Type").as_str();
            let gives_rights = ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::SQS::QueuePolicy"]
                .map(Some)
                .contains(&kind);
            assert_eq!(!actions.is_empty(), gives_rights, "{name}");
            assert!(actions.iter().all(|action| !action.contains('*')), "{name} may do {actions:?}");
        }
    });
}

/// A node's child, which must be there.
fn at<'a>(node: &'a Yaml<'a>, key: &str) -> &'a Yaml<'a> {
    node.as_mapping_get(key).unwrap_or_else(|| panic!("there is no {key}"))
}

fn number(node: &Yaml<'_>, key: &str) -> i64 {
    at(node, key).as_integer().unwrap_or_else(|| panic!("{key} is no number"))
}

fn entries<'a>(node: &'a Yaml<'a>) -> impl Iterator<Item = (&'a str, &'a Yaml<'a>)> {
    let mapping = node.as_mapping().expect("a mapping");
    mapping.iter().map(|(key, value)| (key.as_str().expect("a name"), value))
}

/// The resource in `!GetAtt Resource.Arn`.
fn named<'a>(node: &'a Yaml<'a>) -> &'a str {
    let Yaml::Tagged(tag, attribute) = node else { panic!("{node:?} names no resource") };
    assert_eq!(tag.suffix, "GetAtt");
    attribute.as_str().and_then(|text| text.strip_suffix(".Arn")).expect("the ARN of a resource")
}

/// All texts below a key, wherever that is.
fn collect<'a>(key: &str, node: &'a Yaml<'a>, found: &mut Vec<&'a str>) {
    match node {
        Yaml::Tagged(_, inner) => collect(key, inner, found),
        Yaml::Sequence(nodes) => nodes.iter().for_each(|node| collect(key, node, found)),
        Yaml::Mapping(mapping) => {
            for (name, value) in mapping {
                match (name.as_str() == Some(key), value.as_vec()) {
                    (true, Some(texts)) => found.extend(texts.iter().filter_map(|text| text.as_str())),
                    (true, None) => found.extend(value.as_str()),
                    (false, _) => collect(key, value, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_counted_from_the_log_is_what_the_log_says() {
    let said: String = ["relay.rs", "targets.rs"]
        .map(|file| {
            fs::read_to_string(workspace().join("shared/app/src").join(file)).expect("read a source file")
        })
        .concat();
    check(|resources| {
        let mut seen = 0;
        for (name, resource) in entries(resources) {
            if at(resource, "Type").as_str() != Some("AWS::Logs::MetricFilter") {
                continue;
            }
            let pattern = at(at(resource, "Properties"), "FilterPattern").as_str().expect("a pattern");
            let event = pattern.split('"').nth(1).expect("it names an event");
            assert_eq!(pattern, format!(r#"{{ $.message = "{event}" }}"#), "{name}");
            assert!(said.contains(&format!(r#""{event}""#)), "{name}: nothing logs {event}");
            seen += 1;
        }
        assert_eq!(seen, 2, "targets that are switched off, and deliveries that are parked");
    });
}
