//! A thing that Bellhop does is done again and again, and each time it dies one step later, until it comes through.
//!
//! Without `BELLHOP_CRASHES`, some of those steps are tried.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::Command;
use std::time::{Duration, Instant};

use app::clock::Chance;
use end_to_end::{
    Bellhop, CrashPoint, HttpReceiver, IrkerSink, Operator, Project, Tracer, calls_in, eventually, say,
};
use tempfile::TempDir;

use super::{below, is_whole, seed};
use crate::words::{farewell, said_of};

/// Whatever leaves a trace: in the store, the folder, or with a peer.
const STEPS: &str = "pwrite64,fdatasync,fsync,ftruncate,unlink,linkat,renameat2,sendto,writev";

/// How many steps are tried unless all are asked for.
const SHARE: usize = 8;

/// Makes of a command one that is watched, or that dies.
type Traced<'a> = &'a dyn Fn(&Command) -> Command;

/// Does a thing once, to see its steps, and once for each of them.
async fn walk(what: &str, life: impl AsyncFn(Traced<'_>)) {
    let Some(tracer) = Tracer::find(&format!("dying at each step of: {what}")) else { return };
    let folder = TempDir::new().expect("make a folder");
    let watched = folder.path().join("watched");
    life(&|command| tracer.watches(command, STEPS, &watched)).await;
    let all = calls_in(&watched);
    assert!(all.len() > SHARE, "{what}: only {} steps were seen", all.len());
    let steps = if is_whole() { all.clone() } else { some(&all) };
    for step in &steps {
        life(&|command| tracer.kills(command, step)).await;
    }
    say(&format!("| {what} | {} steps, died at {} | nothing lost |", all.len(), steps.len()));
}

fn some(all: &[CrashPoint]) -> Vec<CrashPoint> {
    let chance = Chance::seeded(seed());
    (0..SHARE).map(|_| all[below(all.len(), &chance)].clone()).collect()
}

#[tokio::test]
async fn a_first_start_that_dies_anywhere_is_followed_by_one_that_works() {
    walk("a first start", async |traced| {
        let mut bellhop = Bellhop::unborn();
        bellhop.start_traced(&mut traced(&bellhop.serve())).await;
        bellhop.start_again().await;
        assert_eq!(bellhop.get("/healthz").await, 200);
        assert!(bellhop.token().starts_with("bhp-"), "whoever missed the welcome gets in");
    })
    .await;
}

#[tokio::test]
async fn a_push_arrives_wherever_the_server_dies_on_its_way() {
    walk("a start, a push, its deliveries, the end", async |traced| {
        let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
        let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
        let mut bellhop = Bellhop::unborn();
        bellhop.apply(&project);
        let push = farewell("walked").with_id("walked");
        let has_arrived = || !irkerd.heard_so_far().is_empty() && !builder.received_so_far().is_empty();

        bellhop.start_traced(&mut traced(&bellhop.serve())).await;
        let answered = bellhop.may_receive("diaspora", &push).await;
        let mut has_died = || bellhop.has_died();
        eventually("it to arrive, or a death", || (has_arrived() || has_died()).then_some(())).await;
        bellhop.may_terminate().await;
        bellhop.start_again().await;
        // A forge that heard nothing sends it again.
        if answered.is_none() {
            let again = bellhop.receives("diaspora", &push).await;
            assert!(matches!(again.status, 200 | 202), "{}: {}", again.status, again.body);
        }
        eventually("it to arrive", || has_arrived().then_some(())).await;

        let (said, posted) = (irkerd.heard_so_far(), builder.received_so_far());
        assert!(said.iter().all(|line| *line == said_of("walked")), "{said:?}");
        assert!(posted.iter().all(|received| received.body == push.body()));
        assert!(said.len() <= 2 && posted.len() <= 2, "one death repeats it once, at the most");
    })
    .await;
}

/// How long a saving that was cut off keeps others waiting, and then some.
const SAVING_MAX: Duration = Duration::from_secs(75);

#[tokio::test]
async fn a_configuration_can_be_applied_again_wherever_its_applying_died() {
    let cut_off = RefCell::new(Vec::new());
    walk("a configuration is applied", async |traced| {
        let operator = Operator::on_one_machine();
        operator.hears(&["apply", &operator.writes("before.toml", &configuration("before"))]);
        let after = operator.writes("after.toml", &configuration("after"));
        let apply = operator.command(&["apply", &after]);
        let output = traced(&apply).output().expect("run bellhop apply");

        let exported = operator.hears(&["export"]);
        let projects: Vec<_> = exported.split("[[project]]").skip(1).collect();
        assert_eq!(projects.len(), 2, "{exported}");
        if output.status.success() {
            assert!(!exported.contains("before"), "{exported}");
        }
        cut_off.borrow_mut().push((operator, after));
    })
    .await;
    for (operator, after) in cut_off.take() {
        apply_again(&operator, &after).await;
    }
}

/// Two projects that change in all their parts.
fn configuration(when: &str) -> String {
    let project = |name: &str| {
        format!(
            "[[project]]\npath = \"g/{name}\"\n[project.source]\nid = \"{name}-{when}\"\nsecrets = [\"s3cret-{when}\"]\n\
             [project.irker]\nrecipients = \"irc://irc.example.net/{name}-{when}\"\n\
             [[project.hook]]\nname = \"{when}\"\nurl = \"https://{when}.example.com/\"\n"
        )
    };
    format!("{}{}", project("one"), project("two"))
}

/// In the share that all tests have, nobody waits for a saving's lease.
async fn apply_again(operator: &Operator, file: &str) {
    let start = Instant::now();
    loop {
        let output = operator.runs(&["apply", file]);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            assert!(!operator.hears(&["export"]).contains("before"));
            assert!(
                operator.hears(&["apply", file]).contains("Nothing changes"),
                "a second time it changes nothing"
            );
            return;
        }
        assert!(complaint.contains("try again in a minute"), "{complaint}");
        if !is_whole() {
            return;
        }
        assert!(start.elapsed() < SAVING_MAX, "{complaint}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn a_replay_brings_all_back_wherever_its_program_died() {
    walk("a replay", async |traced| {
        let builder = HttpReceiver::start().await;
        let mut bellhop = Bellhop::start(&[&Project::named("diaspora/diaspora").to_http(&builder)]).await;
        let branches = ["one", "two", "three"];
        for branch in branches {
            assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
        }
        // Each push, and how often it came.
        let came = || {
            let mut times: HashMap<Vec<u8>, usize> = HashMap::new();
            for received in builder.received_so_far() {
                *times.entry(received.body).or_default() += 1;
            }
            times
        };
        let all_came = |least: usize| {
            let came = came();
            (came.len() == branches.len() && came.values().all(|times| *times >= least)).then_some(())
        };
        eventually("all to come", || all_came(1)).await;
        bellhop.may_terminate().await;

        let operator = bellhop.operator();
        let whole = ["replay", "diaspora/diaspora", "--since", "1h", "--state", "all", "--rate", "100"];
        let output = traced(&operator.command(&whole)).output().expect("run bellhop replay");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let id = said.strip_prefix("Replay ").and_then(|said| said.split_once(' ')).map(|(id, _)| id);
            operator.hears(&id.map_or(whole.to_vec(), |id| vec!["replay", "--go-on", id]));
        }
        bellhop.start_again().await;

        eventually("all to come again", || all_came(2)).await;
        let came = came();
        assert!(came.values().all(|times| *times <= 3), "{:?}", came.values());
    })
    .await;
}
