//! The guard on real sockets: what it refuses, no listener ever sees.
//!
//! Not here: the long list of what is refused (`relay::egress`); this is about nothing else being connected to.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use app::deliveries::{self, DeliveryState};
use app::egress::{Guard, Names};
use app::http_target::Outbound;
use app::irkerd::Irkerds;
use app::queue::Answer;
use app::receive_hook::Received;
use config::{HookId, ProjectId, TargetId};
use payload::Secret;
use relay::egress::Policy;
use relay::irker::Request;
use relay::{HttpRequest, Outcome};
use tokio::net::{TcpListener, TcpStream};

use super::world::{PUSH, Peer, World};

/// Somebody on this machine who is not to be disturbed.
struct Bystander(TcpListener);

impl Bystander {
    async fn at(address: SocketAddr) -> Self {
        Self(TcpListener::bind(address).await.unwrap())
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Connections are taken in the order in which they came: if this test's own is the first, no other was made.
    async fn has_seen_nobody(&self) {
        let own = TcpStream::connect(self.0.local_addr().unwrap()).await.unwrap();
        let (_, first) = self.0.accept().await.unwrap();
        assert_eq!(first, own.local_addr().unwrap(), "somebody came before");
    }
}

/// A guard for which names have these addresses: at the first lookup, at the second, and so on.
fn guard(allow: &str, names: &[(&str, &[&[&str]])]) -> Guard {
    let addresses =
        |answer: &&[&str]| -> Vec<IpAddr> { answer.iter().map(|address| address.parse().unwrap()).collect() };
    let script =
        names.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(addresses).collect()));
    Guard::with(Policy::parse(allow, "").unwrap(), Names::scripted(script))
}

async fn post(outbound: &Outbound, url: &str) -> Outcome {
    outbound.post(request(url)).await.outcome
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        url: Secret::new(url),
        headers: http::HeaderMap::default(),
        body: b"{}".to_vec(),
        timeout: Duration::from_secs(10),
        verify_tls: true,
    }
}

fn is_forbidden(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Forbidden { .. })
}

fn told(text: &str) -> Request {
    Request { server: "irc.example.net:6667".to_owned(), text: text.to_owned() }
}

#[tokio::test]
async fn no_hook_and_no_irkerd_on_this_machine_is_ever_connected_to() {
    let bystander = Bystander::at(([0, 0, 0, 0], 0).into()).await;
    let port = bystander.port();
    let guard = guard(
        "",
        &[
            ("inside.example.com", &[&["127.0.0.1"]]),
            ("mixed.example.com", &[&["8.8.8.8", "127.0.0.1"]]),
            ("mapped.example.com", &[&["::ffff:127.0.0.1"]]),
            ("zero.example.com", &[&["0.0.0.0"]]),
        ],
    );
    let outbound = Outbound::new(guard.clone()).unwrap();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.9.9.9",
        "0.0.0.0",
        "0",
        "localhost",
        "LOCALHOST.",
        "app.localhost",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::]",
        "[::1]",
        "inside.example.com",
        "INSIDE.example.com.",
        "mixed.example.com",
        "mapped.example.com",
        "zero.example.com",
    ];
    for host in hosts {
        for url in [format!("http://{host}:{port}/"), format!("https://user:pass@{host}:{port}/x")] {
            let outcome = post(&outbound, &url).await;
            assert!(is_forbidden(&outcome), "{url}: {outcome}");
        }
        let outcome = guard.hand_over((host, port), &[told("{}\n")]).await;
        assert!(is_forbidden(&outcome), "irkerd at {host}: {outcome}");
    }
    for url in ["http://example.com@127.0.0.1", "http://example.com\\@127.0.0.1", "http://１２７.０.０.１"]
    {
        let outcome = post(&outbound, &format!("{url}:{port}/")).await;
        assert!(is_forbidden(&outcome), "{url}: {outcome}");
    }
    bystander.has_seen_nobody().await;
}

#[tokio::test]
async fn a_name_that_changes_its_mind_reaches_what_was_judged_and_never_the_other() {
    let target = Peer::at("127.0.0.2", &[200]).await;
    let bystander = Bystander::at(([127, 0, 0, 1], target.port).into()).await;
    let answers: &[&[&str]] = &[&["127.0.0.2"], &["127.0.0.1"]];
    let url = format!("http://flips.example.com:{}/", target.port);

    // Looked up once for a request: a second time would find the other address.
    let outbound = Outbound::new(guard("127.0.0.2", &[("flips.example.com", answers)])).unwrap();
    assert_eq!(post(&outbound, &url).await, Outcome::Delivered { status: 200 });
    let outcome = post(&outbound, &url).await;
    assert!(is_forbidden(&outcome), "{outcome}");

    let guard = guard("127.0.0.2", &[("flips.example.com", answers)]);
    let irkerd = ("flips.example.com", target.port);
    assert!(!is_forbidden(&guard.hand_over(irkerd, &[]).await));
    assert!(is_forbidden(&guard.hand_over(irkerd, &[]).await));

    assert_eq!(target.heard().matches("POST /").count(), 1);
    bystander.has_seen_nobody().await;
}

#[tokio::test]
async fn what_is_open_on_one_port_is_closed_on_another() {
    let (target, bystander) = (Peer::http(&[200]).await, Bystander::at(([127, 0, 0, 1], 0).into()).await);
    let names: &[(&str, &[&[&str]])] = &[("ci.example.com", &[&["127.0.0.1"]])];
    let outbound = Outbound::new(guard(&format!("127.0.0.1:{}", target.port), names)).unwrap();
    for host in ["127.0.0.1", "localhost", "ci.example.com", "ci.example.com."] {
        let outcome = post(&outbound, &format!("http://{host}:{}/", target.port)).await;
        assert_eq!(outcome, Outcome::Delivered { status: 200 }, "{host}");
        let outcome = post(&outbound, &format!("http://{host}:{}/", bystander.port())).await;
        assert!(is_forbidden(&outcome), "{host}: {outcome}");
    }
    bystander.has_seen_nobody().await;
}

#[tokio::test]
async fn a_redirect_to_the_inside_is_not_followed() {
    let bystander = Bystander::at(([127, 0, 0, 1], 0).into()).await;
    let target = Peer::redirecting(format!("http://127.0.0.1:{}/", bystander.port())).await;
    let outbound = Outbound::new(guard(&format!("127.0.0.1:{}", target.port), &[])).unwrap();
    let outcome = post(&outbound, &target.url()).await;
    assert_eq!(outcome, Outcome::Refused { status: 302, retry_after_s: None });
    bystander.has_seen_nobody().await;
}

#[tokio::test]
async fn an_irkerd_is_found_at_whichever_of_its_addresses_it_is() {
    let irkerd = Peer::irkerd().await;
    let guard = guard("127.0.0.0/8", &[("irkerd.internal", &[&["127.0.0.3", "127.0.0.1"]])]);
    let outcome = guard.hand_over(("irkerd.internal", irkerd.port), &[told("hello\n")]).await;
    assert_eq!((outcome, irkerd.heard().as_str()), (Outcome::HandedOver, "hello\n"));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_not_reached_and_not_forbidden() {
    let guard = guard("", &[("empty.example.com", &[&[]])]);
    let outbound = Outbound::new(guard.clone()).unwrap();
    for host in ["unknown.example.com", "empty.example.com"] {
        let outcome = post(&outbound, &format!("https://{host}/")).await;
        assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome}");
        let outcome = guard.hand_over((host, 6659), &[]).await;
        assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome}");
    }
}

#[tokio::test]
async fn a_forbidden_delivery_says_why_and_goes_out_once_it_is_allowed() {
    const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));
    let mut world = World::new().await.unwrap();
    let allowing = std::mem::take(&mut world.guard);
    let target = Peer::http(&[200]).await;
    world.configure(None, &[format!("{}s3cret-path", target.url())]).await;
    let Received::Accepted { event, .. } = world.post("a", PUSH).await.unwrap() else { panic!() };

    let [Answer::Again { after }] = world.work().await[..] else { panic!("it is tried again") };
    let record = deliveries::find(&world.app, &event, HOOK).await.unwrap().unwrap();
    let said = record.attempts[0].outcome.to_string();
    assert_eq!(
        said,
        format!(
            "not allowed out: 127.0.0.1 is a loopback address, and --allow-egress (on AWS: AllowEgress) does not \
             open 127.0.0.1:{}",
            target.port
        )
    );
    assert!(target.heard().is_empty());

    world.guard = allowing;
    world.clock.advance(after);
    assert_eq!(world.work().await, [Answer::Done]);
    let record = deliveries::find(&world.app, &event, HOOK).await.unwrap().unwrap();
    assert_eq!(record.state, DeliveryState::Done);
}
