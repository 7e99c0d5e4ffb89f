//! Alarms, what is counted from logs, and the dashboard: each of a thing that is there, and each with a place in the
//! runbook.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use end_to_end::workspace;
use saphyr::Yaml;
use serde_json::Value;

use super::{at, check, entries, name_in};

/// The namespace of what is counted from our own logs, as the template writes it.
const OURS: &str = "Bellhop/${AWS::StackName}";

/// What of AWS's own figures is looked at. A misspelt one would be silent for ever.
const OF_AWS: [(&str, &[&str]); 3] = [
    ("AWS/SQS", &["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"]),
    ("AWS/Lambda", &["Duration", "Errors", "Invocations", "Throttles", "Url5xxCount"]),
    (
        "AWS/DynamoDB",
        &[
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "SystemErrors",
            "WriteThrottleEvents",
        ],
    ),
];

/// How many figures a dashboard may show that costs nothing.
const FREE_FIGURES: usize = 50;

/// A figure that is looked at: namespace, name, and of which resource, if it is AWS's.
type Figure = (String, String, Option<String>);

#[test]
fn each_alarm_has_its_place_in_the_runbook_and_the_other_way_round() {
    let runbook = fs::read_to_string(workspace().join("infra/runbook.md")).expect("read the runbook");
    let (_, on_aws) = runbook.split_once("\n## Alarms\n").expect("it has a part about alarms");
    let on_aws = on_aws.split_once("\n## ").map_or(on_aws, |(part, _)| part);
    let places: Vec<_> = on_aws.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut alarms = Vec::new();
    check_alarms(|name, alarm| {
        let named = text(at(alarm, "AlarmName"));
        let named = named.strip_prefix("${AWS::StackName}-").expect("the stack's name first").to_owned();
        let described = text(at(alarm, "AlarmDescription"));
        assert!(described.ends_with(&format!(". infra/runbook.md#{named}")), "{name}: {described}");
        alarms.push(named);
    });
    assert_eq!(alarms, places, "in the same order");
}

#[test]
fn alarms_tell_somebody_and_know_what_silence_means() {
    check_alarms(|name, alarm| {
        for action in ["AlarmActions", "OKActions"] {
            assert!(alarm.contains_mapping_key(action), "{name} has no {action}");
        }
        let silence = at(alarm, "TreatMissingData").as_str();
        let is_bad = name == "SweepSilent";
        assert_eq!(silence, Some(if is_bad { "breaching" } else { "notBreaching" }), "{name}");
    });
}

#[test]
fn each_queue_and_each_function_has_its_alarm() {
    let mut watched = BTreeSet::new();
    check_alarms(|_, alarm| watched.extend(figures(alarm)));
    let is_watched = |figure: &str, of: &str| {
        watched.iter().any(|(_, name, resource)| name == figure && resource.as_deref() == Some(of))
    };
    check(|resources| {
        for (name, resource) in entries(resources) {
            match at(resource, "Type").as_str() {
                Some("AWS::SQS::Queue") => {
                    let is_fed = at(resource, "Properties").contains_mapping_key("RedrivePolicy");
                    let figure = if is_fed {
                        "ApproximateAgeOfOldestMessage"
                    } else {
                        "ApproximateNumberOfMessagesVisible"
                    };
                    assert!(is_watched(figure, name), "{name}");
                }
                Some("AWS::Serverless::Function") => {
                    // At a URL, what fails as a whole is a 5xx as well, and so is what the function answers itself.
                    let has_url = at(resource, "Properties").contains_mapping_key("FunctionUrlConfig");
                    let errors = if has_url { "Url5xxCount" } else { "Errors" };
                    assert!(is_watched(errors, name), "{name} {errors}");
                    assert!(is_watched("Throttles", name), "{name} Throttles");
                }
                Some("AWS::DynamoDB::Table") => {
                    for figure in ["ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors"] {
                        assert!(is_watched(figure, name), "{name} {figure}");
                    }
                }
                _ => {}
            }
        }
    });
}

#[test]
fn what_is_watched_is_there() {
    let (mut watched, mut counted) = (BTreeSet::new(), BTreeSet::new());
    check_alarms(|_, alarm| watched.extend(figures(alarm)));
    check_filters(|_, filter| {
        counted.insert(filter.figure.clone());
    });
    check(|resources| {
        let shown = shown(resources);
        assert!(shown.len() <= FREE_FIGURES, "a dashboard of {} figures costs money", shown.len());
        let shown: BTreeSet<_> = shown.into_iter().collect();
        for (namespace, name, resource) in watched.union(&shown) {
            if namespace == OURS {
                assert!(counted.contains(name), "nothing counts {name}");
            } else {
                let (_, known) =
                    OF_AWS.iter().find(|(known, _)| known == namespace).expect("a known namespace");
                assert!(known.contains(&&**name), "{namespace} has no {name}");
                let resource = resource.as_deref().expect("it is of a resource");
                at(resources, resource);
            }
        }
        let looked_at: BTreeSet<_> = watched.union(&shown).map(|(_, name, _)| name.clone()).collect();
        assert!(counted.is_subset(&looked_at), "what is counted costs, and nobody looks at {counted:?}");
    });
}

#[test]
fn what_is_counted_from_the_log_is_what_the_log_says() {
    let said = [("shared/app/src"), ("shared/aws/src"), ("shared/jobs/src")]
        .map(|folder| code(&workspace().join(folder)))
        .concat();
    check_filters(|name, filter| {
        for term in filter.pattern.trim_matches(['{', '}', ' ']).split(" && ") {
            let [field, _, value] = term.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{name}: {term}")
            };
            let field = field.strip_prefix("$.").expect("a field of the line");
            match field {
                "message" => assert!(said.contains(value), "{name}: nothing logs {value}"),
                "level" => assert_eq!(value, "\"ERROR\"", "{name}"),
                field => assert!(says(&said, field), "{name}: no line has {field}"),
            }
        }
        if let Some(field) = filter.value.strip_prefix("$.") {
            assert!(says(&said, field), "{name}: no line has {field}");
        }
    });
}

/// Whether a line of the log has a field.
fn says(code: &str, field: &str) -> bool {
    code.contains(&format!("        {field} = ")) || code.contains(&format!("({field} = "))
}

#[test]
fn failures_of_every_function_are_counted() {
    let mut logs = BTreeSet::new();
    check_filters(|_, filter| {
        if filter.figure == "FailuresLogged" {
            logs.insert(filter.log.clone());
        }
    });
    check(|resources| {
        let functions = entries(resources)
            .filter(|(_, resource)| at(resource, "Type").as_str() == Some("AWS::Serverless::Function"));
        let wanted: BTreeSet<_> = functions.map(|(name, _)| format!("{name}Log")).collect();
        assert_eq!(logs, wanted);
    });
}

fn check_alarms(mut check_one: impl FnMut(&str, &Yaml<'_>)) {
    let check_one = std::cell::RefCell::new(&mut check_one);
    check(|resources| {
        for (name, resource) in entries(resources) {
            if at(resource, "Type").as_str() == Some("AWS::CloudWatch::Alarm") {
                (check_one.borrow_mut())(name, at(resource, "Properties"));
            }
        }
    });
}

/// What is counted or measured in one log.
struct Filter {
    log: String,
    pattern: String,
    figure: String,
    value: String,
}

fn check_filters(mut check_one: impl FnMut(&str, &Filter)) {
    let check_one = std::cell::RefCell::new(&mut check_one);
    check(|resources| {
        for (name, resource) in entries(resources) {
            if at(resource, "Type").as_str() != Some("AWS::Logs::MetricFilter") {
                continue;
            }
            let properties = at(resource, "Properties");
            let [made] = &at(properties, "MetricTransformations").as_vec().expect("a list")[..] else {
                panic!("{name} makes one figure");
            };
            assert_eq!(text(at(made, "MetricNamespace")), OURS, "{name}");
            let filter = Filter {
                log: name_in(at(properties, "LogGroupName")).to_owned(),
                pattern: text(at(properties, "FilterPattern")),
                figure: text(at(made, "MetricName")),
                value: text(at(made, "MetricValue")),
            };
            (check_one.borrow_mut())(name, &filter);
        }
    });
}

/// What an alarm looks at: one figure, or the sum of several.
fn figures(alarm: &Yaml<'_>) -> Vec<Figure> {
    let figure = |metric: &Yaml<'_>| {
        let dimensions = metric.as_mapping_get("Dimensions").and_then(|list| list.as_vec());
        let resource =
            dimensions.and_then(|list| list.first()).map(|first| name_in(at(first, "Value")).to_owned());
        (text(at(metric, "Namespace")), text(at(metric, "MetricName")), resource)
    };
    let Some(several) = alarm.as_mapping_get("Metrics").and_then(|list| list.as_vec()) else {
        return vec![figure(alarm)];
    };
    let parts = several.iter().filter_map(|part| part.as_mapping_get("MetricStat"));
    parts.map(|part| figure(at(part, "Metric"))).collect()
}

/// What the dashboard shows.
fn shown(resources: &Yaml<'_>) -> Vec<Figure> {
    let body = text(at(at(at(resources, "Dashboard"), "Properties"), "DashboardBody"));
    let body: Value = serde_json::from_str(&body).expect("a dashboard is JSON");
    let widgets = body["widgets"].as_array().expect("it has widgets");
    let metrics =
        widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().expect("a list"));
    let figure = |metric: &Value| {
        let word = |place: usize| metric[place].as_str().map(str::to_owned);
        // `${HttpQueue.QueueName}`
        let resource = word(3).map(|value| {
            let inner = value.trim_start_matches("${").trim_end_matches('}').to_owned();
            inner.split('.').next().expect("a name").to_owned()
        });
        (word(0).expect("a namespace"), word(1).expect("a name"), resource)
    };
    metrics.map(figure).collect()
}

/// A text, with or without a tag such as `!Sub`; or a number.
fn text(node: &Yaml<'_>) -> String {
    match node {
        Yaml::Tagged(_, inner) => text(inner),
        node => node.as_str().unwrap_or_else(|| panic!("{node:?} is no text")).to_owned(),
    }
}

/// All code below a folder.
fn code(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("read a folder") {
        let path = entry.expect("read a folder").path();
        if path.is_dir() {
            all.push_str(&code(&path));
        } else {
            all.push_str(&fs::read_to_string(&path).expect("read a source file"));
        }
    }
    all
}
