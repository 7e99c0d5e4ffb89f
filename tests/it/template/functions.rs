//! What each function is told, and what it may do.

use std::collections::BTreeSet;

use app::queue::QueueName;
use saphyr::Yaml;

use super::{at, check, collect, entries, name_in};

/// A function, its actions at the table, the queues that it sends to, and those that feed it.
type Rights = (&'static str, &'static [&'static str], &'static [QueueName], &'static [QueueName]);

/// What a function does with the table, as its code calls it (`aws::DynamoTable`), and with queues: which it sends to, and
/// which feed it. Read off the use cases that its `main` wires, so that a right more or less is seen in a review.
const RIGHTS: [Rights; 7] = [
    // `gitlab_runs::wake`: what comes in may be the end of a run.
    ("ReceiveHook", &["BatchWriteItem", "GetItem", "PutItem", "Query"], &QueueName::ALL, &[]),
    (
        "ReceiveCommand",
        &["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"],
        &[QueueName::Runs],
        &[],
    ),
    (
        "RelayIrker",
        &["BatchGetItem", "BatchWriteItem", "GetItem", "PutItem", "Query"],
        &[],
        &[QueueName::Irker],
    ),
    (
        "RelayHttp",
        &["BatchGetItem", "BatchWriteItem", "GetItem", "PutItem", "Query"],
        &[],
        &[QueueName::Http, QueueName::HttpOrdered],
    ),
    (
        "RunJob",
        &["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"],
        &[QueueName::Runs],
        &[QueueName::Runs],
    ),
    ("Sweep", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query"], &QueueName::ALL, &[]),
    // A run is cancelled on a page.
    (
        "ServeApi",
        &["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"],
        &QueueName::ALL,
        &[],
    ),
];

/// What may be done by those who are no function, or by functions besides: reviewed one by one.
const OTHER_RIGHTS: [&str; 3] = ["JobRole", "StartBuilds", "BuildEndedToRuns"];

#[test]
fn functions_know_the_queues_that_they_use() {
    check(|resources| {
        for (function, _, sends, fed_by) in RIGHTS {
            let environment = at(at(at(resources, function), "Properties"), "Environment");
            let known: BTreeSet<_> = entries(at(environment, "Variables")).map(|(name, _)| name).collect();
            // Of one queue alone it need not know the URL, unless it puts off what it got from there.
            let puts_off = fed_by.iter().filter(|_| function != "RelayIrker");
            for queue in sends.iter().chain(puts_off) {
                let name = queue.as_str().to_uppercase().replace('-', "_");
                let variable = format!("BELLHOP_{name}_QUEUE_URL");
                assert!(known.contains(&*variable), "{function} has no {variable}");
            }
        }
    });
}

#[test]
fn a_function_may_do_what_its_code_does_and_no_more() {
    check(|resources| {
        let mut roles = BTreeSet::new();
        for (function, table, sends, fed_by) in RIGHTS {
            let role = name_in(at(at(at(resources, function), "Properties"), "Role")).to_owned();
            let rights = rights(at(resources, &role));
            let on = |service: &str, resource: &str| -> BTreeSet<&str> {
                let on = rights
                    .iter()
                    .filter(|(action, on)| action.starts_with(service) && on.contains(&resource));
                on.map(|(action, _)| action.split_once(':').expect("a service").1).collect()
            };
            assert_eq!(on("dynamodb:", "Table"), table.iter().copied().collect(), "{function} and the table");
            for queue in QueueName::ALL {
                let mut wanted = BTreeSet::new();
                if sends.contains(&queue) {
                    wanted.insert("SendMessage");
                }
                if fed_by.contains(&queue) {
                    wanted.extend(["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]);
                    wanted.extend((function != "RelayIrker").then_some("ChangeMessageVisibility"));
                }
                assert_eq!(on("sqs:", resource_of(queue)), wanted, "{function} and {}", queue.as_str());
            }
            let log = format!("{function}Log");
            assert_eq!(on("logs:", &log), BTreeSet::from(["CreateLogStream", "PutLogEvents"]), "{function}");
            for (action, resource) in &rights {
                let is_ours =
                    ["dynamodb:", "sqs:", "logs:"].iter().any(|service| action.starts_with(service));
                let is_place = function == "RelayIrker" && action.starts_with("ec2:");
                assert!(is_ours || is_place, "{function} may {action} on {resource:?}");
                assert!(is_place || !resource.contains(&"*"), "{function} may {action} on everything");
            }
            roles.insert(role);
        }
        for (name, resource) in entries(resources) {
            let gives_rights = ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::SQS::QueuePolicy"]
                .map(Some)
                .contains(&at(resource, "Type").as_str());
            let is_known = roles.contains(name) || OTHER_RIGHTS.contains(&name);
            assert_eq!(gives_rights, is_known, "{name} gives rights that nobody has looked at");
        }
    });
}

fn resource_of(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Irker => "IrkerQueue",
        QueueName::Http => "HttpQueue",
        QueueName::HttpOrdered => "HttpOrderedQueue",
        QueueName::Runs => "RunsQueue",
    }
}

/// Each action of a role's own policies, with what it may be done on.
fn rights<'a>(role: &'a Yaml<'a>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut statements = Vec::new();
    find_statements(at(at(role, "Properties"), "Policies"), &mut statements);
    let each = |statement: &&'a Yaml<'a>| {
        let (mut actions, mut on) = (Vec::new(), Vec::new());
        collect("Action", statement, &mut actions);
        texts(at(statement, "Resource"), &mut on);
        actions.into_iter().map(move |action| (action, on.clone())).collect::<Vec<_>>()
    };
    statements.iter().flat_map(each).collect()
}

fn find_statements<'a>(node: &'a Yaml<'a>, found: &mut Vec<&'a Yaml<'a>>) {
    match node {
        Yaml::Tagged(_, inner) => find_statements(inner, found),
        Yaml::Sequence(nodes) => nodes.iter().for_each(|node| find_statements(node, found)),
        Yaml::Mapping(mapping) if node.contains_mapping_key("Effect") => {
            assert!(mapping.len() >= 3, "an effect, actions and what on");
            found.push(node);
        }
        Yaml::Mapping(mapping) => mapping.iter().for_each(|(_, node)| find_statements(node, found)),
        _ => {}
    }
}

/// The texts in a node, the `.Arn` of resources left out.
fn texts<'a>(node: &'a Yaml<'a>, found: &mut Vec<&'a str>) {
    match node {
        Yaml::Tagged(_, inner) => texts(inner, found),
        Yaml::Sequence(nodes) => nodes.iter().for_each(|node| texts(node, found)),
        _ => found.extend(node.as_str().map(|text| text.trim_end_matches(".Arn"))),
    }
}

#[test]
fn what_is_kept_survives_the_stack() {
    check(|resources| {
        for (name, resource) in entries(resources) {
            let is_table = at(resource, "Type").as_str() == Some("AWS::DynamoDB::Table");
            // The other secrets open nothing once the API is gone.
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
            assert!(actions.iter().all(|action| !action.contains('*')), "{name} may do {actions:?}");
        }
    });
}

#[test]
fn one_host_name_leads_every_address_to_its_function() {
    check(|resources| {
        let distribution = at(at(at(resources, "Distribution"), "Properties"), "DistributionConfig");
        let behaviours = at(distribution, "CacheBehaviors").as_vec().expect("a list");
        let led = |path: &str| {
            let fits =
                |behaviour: &&Yaml<'_>| fits(at(behaviour, "PathPattern").as_str().expect("a pattern"), path);
            let behaviour = behaviours.iter().find(fits).unwrap_or(at(distribution, "DefaultCacheBehavior"));
            at(behaviour, "TargetOriginId").as_str().expect("a name").to_owned()
        };
        for (path, function) in [
            ("/hooks/diaspora", "receive-hook"),
            ("/healthz", "receive-hook"),
            ("/commands/diaspora-slack", "receive-command"),
            ("/callbacks/0123", "receive-command"),
            ("/api/v4/projects/mike%2Fdiaspora/integrations/slack_slash_commands/trigger", "receive-command"),
            ("/api/v4/projects/1/services/mattermost_slash_commands/trigger", "receive-command"),
            ("/api/v4/projects/mike%2Fdiaspora/hooks", "serve-api"),
            ("/api/v4/projects/1/integrations/slack-slash-commands", "serve-api"),
            ("/projects/1/hooks/1", "serve-api"),
            ("/link/0123", "serve-api"),
            ("/", "serve-api"),
        ] {
            assert_eq!(led(path), function, "{path}");
        }
    });
}

/// As `CloudFront` has it: a star is any text, slashes included.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(left) = path.strip_prefix(begin) else { return false };
    (0..=left.len()).filter(|at| left.is_char_boundary(*at)).any(|at| fits(rest, &left[at..]))
}
