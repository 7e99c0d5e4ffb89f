//! The checks. Each says what it has found, also if it could not be made.

use std::collections::BTreeMap;
use std::time::Duration;

use app::backlog::{Backlog, Depth};
use app::clock::Timestamp;
use app::egress::{Guard, ResolveError};
use app::queue::QueueName;
use app::table::{Condition, Item, Key};
use app::{App, Causes, attention, irkerd, projects};
use config::{HttpHook, Project, TargetId, WebUrl};
use futures_util::StreamExt as _;
use futures_util::stream;
use relay::Outcome;
use relay::breaker::TargetState;
use relay::egress::Place;

use super::Finding;

/// How many places are looked at at the same time.
const AT_ONCE: usize = 8;

/// How long a task whose time has come may wait before that is odd. A target that is down keeps nothing in a queue for
/// longer (`app::parking`).
const WAIT_MAX: Duration = Duration::from_mins(20);

/// How far what was stored may be in the future: clocks of two machines differ by less.
const CLOCK_SKEW_MAX: Duration = Duration::from_mins(1);

/// How long the public URL may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the doctor writes, to see whether it can.
const TRACE: &str = "doctor";

pub(super) fn served(is_served: bool) -> Finding {
    if is_served {
        Finding::well("server", "it runs on this store")
    } else {
        Finding::bad("server", "none runs on this store", "start it: bellhop serve, or its systemd unit")
    }
}

/// The table, the key, the clock; and all projects that can be read.
pub(super) async fn store(app: &App) -> (Vec<Finding>, Vec<Project>) {
    let mut findings = vec![table(app).await];
    let listed = match crate::apply::all(app).await {
        Ok(listed) => listed,
        Err(error) => {
            findings.push(Finding::bad(
                "projects",
                Causes(error.as_ref()).to_string(),
                "look at the table and at who may read it",
            ));
            return (findings, Vec::new());
        }
    };
    let (mut found, mut newest) = (Vec::new(), None);
    for known in listed {
        match projects::find(app, known.id).await {
            Ok(Some(saved)) => {
                newest = newest.max(saved.updated_at);
                found.push(saved.project);
            }
            Ok(None) => {}
            Err(error) => findings.push(Finding::bad(
                format!("project {}", known.path),
                error.to_string(),
                "use the sealing key that its secrets were sealed with, or apply it anew with all its secrets",
            )),
        }
    }
    findings.push(match found.len() {
        0 => Finding::doubtful("projects", "there are none", "bellhop apply FILE makes them"),
        count => Finding::well("projects", format!("{count}, and the key opens their secrets")),
    });
    findings.push(clock(app.clock.now(), newest));
    (findings, found)
}

async fn table(app: &App) -> Finding {
    let advice = "look at the disk and the folder's owner; on AWS, at the table's name, region, credentials and their role";
    let key = Key::new(TRACE, TRACE);
    let document = "{}".to_owned();
    let item =
        Item { key: key.clone(), document, blob: None, expires_at: Some(app.clock.now() + CLOCK_SKEW_MAX) };
    let steps = async {
        app.table.put(item, Condition::Always).await?;
        app.table.get(&key).await?;
        app.table.delete(&key, Condition::Always).await
    };
    match steps.await {
        Ok(_) => Finding::well("store", "it can be read and written"),
        Err(error) => Finding::bad("store", Causes(&error).to_string(), advice),
    }
}

fn clock(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    match newest.filter(|newest| newest.since(now) > CLOCK_SKEW_MAX) {
        None => Finding::well("clock", crate::shown::moment(now)),
        Some(newest) => Finding::bad(
            "clock",
            format!(
                "it is {}, and a project was saved at {}",
                crate::shown::moment(now),
                crate::shown::moment(newest)
            ),
            "set the clock: signatures, retries and expiries go by it",
        ),
    }
}

/// How much waits, and what was set aside.
pub(super) async fn queues(backlog: &dyn Backlog) -> Vec<Finding> {
    let queues = backlog.queues();
    if queues.is_empty() {
        let advice = "set BELLHOP_IRKER_QUEUE_URL, BELLHOP_HTTP_QUEUE_URL and so on to the stack's outputs";
        return vec![Finding::doubtful("queues", "none is within reach", advice)];
    }
    let mut findings = Vec::new();
    for name in queues {
        findings.push(match backlog.depth(name).await {
            Ok(depth) => queue(name, depth),
            Err(error) => Finding::bad(
                format!("{} queue", name.as_str()),
                Causes(&error).to_string(),
                "look at its URL, and at sqs:GetQueueAttributes and sqs:GetQueueUrl of your role",
            ),
        });
    }
    findings
}

fn queue(name: QueueName, depth: Depth) -> Finding {
    let what = format!("{} queue", name.as_str());
    let Depth { ready, later, under_way, dead, waits_s } = depth;
    let state = format!("{ready} ready, {later} later, {under_way} under way, {dead} set aside");
    if dead > 0 {
        let queue = name.as_str();
        return Finding::bad(
            what,
            state,
            format!("see why: bellhop dlq ls --queue {queue}; then: bellhop dlq redrive"),
        );
    }
    match waits_s.filter(|waits| *waits > WAIT_MAX.as_secs()) {
        // In an ordered queue, all wait for the first: an irkerd that is down, and that has its own line here.
        Some(waits) if !name.is_ordered() => {
            let advice = "is a server running, and does it keep up? bellhop tail shows what it does";
            Finding::bad(what, format!("{state}; the first has waited for {} min", waits / 60), advice)
        }
        Some(waits) => Finding::doubtful(
            what,
            format!("{state}; the first has waited for {} min", waits / 60),
            "what it is for does not take it: see the targets below",
        ),
        None => Finding::well(what, state),
    }
}

/// Whether each irkerd takes a connection.
pub(super) async fn irkerds(guard: &Guard, projects: &[Project]) -> Vec<Finding> {
    let mut places: BTreeMap<String, ((&str, u16), Vec<&str>)> = BTreeMap::new();
    for project in projects {
        if let Some(irker) = project.irker.as_ref().filter(|irker| irker.active) {
            let (_, of) = places.entry(irker.irkerd()).or_insert((irker.place(), Vec::new()));
            of.push(project.path.as_str());
        }
    }
    let checks = places.into_iter().map(|(name, (place, of))| async move {
        let what = format!("irkerd {name} of {}", some(&of));
        match irkerd::probe(guard, place).await {
            Outcome::HandedOver => Finding::well(what, "it takes connections"),
            Outcome::Forbidden { reason } => {
                Finding::bad(what, reason, "if it is meant: --allow-egress, on AWS AllowEgress")
            }
            other => Finding::bad(
                what,
                other.to_string(),
                "start irkerd there, or mend server_host and server_port",
            ),
        }
    });
    stream::iter(checks).buffered(AT_ONCE).collect().await
}

/// Whether each host of a hook is known, and may be connected to.
pub(super) async fn hooks(guard: &Guard, projects: &[Project]) -> Vec<Finding> {
    let mut places: BTreeMap<String, (Place, Vec<String>)> = BTreeMap::new();
    let all = projects.iter().flat_map(|project| project.hooks.iter().map(move |hook| (project, hook)));
    for (project, hook) in all.filter(|(_, hook)| hook.active) {
        let Some(place) = place(hook) else { continue };
        let host = format!("{}:{}", place.host(), place.port());
        places
            .entry(host)
            .or_insert((place, Vec::new()))
            .1
            .push(format!("{} hook {}", project.path, hook.id));
    }
    let checks = places.into_iter().map(|(host, (place, of))| async move {
        let names: Vec<_> = of.iter().map(String::as_str).collect();
        let what = format!("host {host} of {}", some(&names));
        match guard.resolve(&place).await {
            Ok(_) => Finding::well(what, "it is known, and may be connected to"),
            Err(error @ ResolveError::Egress(_)) => {
                Finding::bad(what, error.to_string(), "if it is meant: --allow-egress, on AWS AllowEgress")
            }
            Err(error) => Finding::bad(what, error.to_string(), "mend the url, or the DNS"),
        }
    });
    stream::iter(checks).buffered(AT_ONCE).collect().await
}

fn place(hook: &HttpHook) -> Option<Place> {
    Place::of(&hook.address().ok()?).ok()
}

/// The first, and how many more.
fn some(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    }
}

/// The targets that are left alone or switched off, and those with something parked.
pub(super) async fn targets(app: &App, projects: &[Project]) -> Vec<Finding> {
    let troubles = match attention::list(app, |_| true).await {
        Ok(troubles) => troubles,
        Err(error) => return vec![Finding::bad("targets", error.to_string(), "look at the store")],
    };
    if troubles.is_empty() {
        return vec![Finding::well("targets", "none is left alone, and nothing is parked")];
    }
    let findings = troubles.into_iter().map(|trouble| {
        let (id, name) = match trouble.target {
            TargetId::Irker(project) => (project, "irker".to_owned()),
            TargetId::Hook(project, hook) => (project, hook.to_string()),
        };
        let path =
            projects.iter().find(|project| project.id == id).map_or("?", |project| project.path.as_str());
        let what = format!("target {name} of {path}");
        let state = match trouble.health.state {
            TargetState::Executable => "works",
            TargetState::TemporarilyDisabled { .. } => "left alone for a while",
            TargetState::Disabled { .. } => "switched off",
        };
        let state = format!("{state}, {} parked, {} waiting", trouble.parked, trouble.waiting);
        let advice = format!(
            "see why: bellhop log {path} --target {name} --failed; then: bellhop enable, bellhop replay"
        );
        match trouble.health.state {
            TargetState::Disabled { .. } => Finding::bad(what, state, advice),
            _ => Finding::doubtful(what, state, advice),
        }
    });
    findings.collect()
}

/// Whether Bellhop answers there: it knows no source of this name, and says so in its own words.
pub(super) async fn public_url(url: &WebUrl) -> Finding {
    let what = format!("public URL {}", url.as_str());
    let advice = "look at the TLS proxy, the DNS and the firewall";
    let question = format!("{}/hooks/{TRACE}", url.as_str());
    let client =
        reqwest::Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none()).build();
    let answer = match client {
        Ok(client) => client.post(question).body("{}").send().await,
        Err(error) => Err(error),
    };
    match answer {
        Err(error) => Finding::bad(what, Causes(&error).to_string(), advice),
        Ok(answer) => {
            let status = answer.status();
            let is_ours = answer.bytes().await.is_ok_and(|body| is_bellhops(&body));
            match (is_ours, url.as_str().starts_with("https:")) {
                (false, _) => {
                    Finding::bad(what, format!("something else answers, with status {status}"), advice)
                }
                (true, false) => {
                    Finding::doubtful(what, "Bellhop answers, in clear", "webhooks carry secrets: use https")
                }
                (true, true) => Finding::well(what, "Bellhop answers"),
            }
        }
    }
}

/// `{"error": "One sentence."}`
fn is_bellhops(body: &[u8]) -> bool {
    let answer: Result<serde_json::Value, _> = serde_json::from_slice(body);
    answer.is_ok_and(|answer| answer.get("error").is_some_and(serde_json::Value::is_string))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_queue_is_well_if_nothing_is_set_aside_and_nothing_waits_too_long() {
        let check = |name, depth| queue(name, depth).in_words();
        let depth = Depth { ready: 2, later: 1, ..Depth::default() };
        assert_snapshot!(check(QueueName::Http, depth), @"ok  http queue: 2 ready, 1 later, 0 under way, 0 set aside");
        let slow = Depth { waits_s: Some(3_600), ..depth };
        assert_snapshot!(check(QueueName::Http, slow), @r"
        BAD http queue: 2 ready, 1 later, 0 under way, 0 set aside; the first has waited for 60 min
              is a server running, and does it keep up? bellhop tail shows what it does
        ");
        assert_snapshot!(check(QueueName::Irker, slow), @r"
        ?  irker queue: 2 ready, 1 later, 0 under way, 0 set aside; the first has waited for 60 min
             what it is for does not take it: see the targets below
        ");
        assert_snapshot!(check(QueueName::Http, Depth { dead: 1, ..slow }), @r"
        BAD http queue: 2 ready, 1 later, 0 under way, 1 set aside
              see why: bellhop dlq ls --queue http; then: bellhop dlq redrive
        ");
    }

    #[test]
    fn a_clock_that_is_behind_what_was_stored_is_wrong() {
        let now = Timestamp(1_700_000_000_000);
        assert_snapshot!(clock(now, Some(now)).in_words(), @"ok  clock: 2023-11-14 22:13:20Z");
        assert_snapshot!(clock(now, Some(now + Duration::from_hours(1))).in_words(), @r"
        BAD clock: it is 2023-11-14 22:13:20Z, and a project was saved at 2023-11-14 23:13:20Z
              set the clock: signatures, retries and expiries go by it
        ");
    }

    #[test]
    fn only_bellhop_answers_like_bellhop() {
        assert!(is_bellhops(br#"{"error":"No source of this name."}"#));
        assert!(!is_bellhops(b"<html>") && !is_bellhops(br#"{"error":{"code":404}}"#));
    }

    #[tokio::test]
    async fn hosts_that_nobody_knows_or_may_reach_are_told_with_a_remedy() {
        let text = "[[project]]\npath = \"a/b\"\n[project.source]\nsecrets = [\"s\"]\n\
             [[project.hook]]\nurl = \"http://10.0.0.1/t0ken\"\n[[project.hook]]\nurl = \"http://nobody.invalid/\"\n\
             [[project.hook]]\nurl = \"https://nobody.invalid:80/\"\n[[project.hook]]\nurl = \"http://8.8.8.8/\"\n";
        let entry = crate::file::Syntax::Toml.read(text).unwrap().projects.remove(0);
        let project = entry.project(config::ProjectId(1), None, "x".parse().unwrap()).unwrap();
        let guard = Guard::with(relay::egress::Policy::default(), app::egress::Names::scripted([]));
        let findings = hooks(&guard, &[project]).await;
        let shown: Vec<_> = findings.iter().map(Finding::in_words).collect();
        assert_snapshot!(shown.join("\n"), @r"
        BAD host 10.0.0.1:80 of a/b hook 1: 10.0.0.1 is a private address, and --allow-egress (on AWS: AllowEgress) does not open 10.0.0.1:80
              if it is meant: --allow-egress, on AWS AllowEgress
        ok  host 8.8.8.8:80 of a/b hook 4: it is known, and may be connected to
        BAD host nobody.invalid:80 of a/b hook 2 and 1 more: the name nobody.invalid was not found: entity not found
              mend the url, or the DNS
        ");
    }
}
