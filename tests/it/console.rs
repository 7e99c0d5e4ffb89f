//! The web console in a real browser: the story of somebody who sets up a project, the newcomer's path, and no barriers.
//!
//! Pictures of every page are kept in `target/screenshots`.
//!
//! Not here: each page's own rules (`shared/console/tests`).

use std::process::Command;
use std::time::{Duration, Instant};

use end_to_end::{Bellhop, Browser, HttpReceiver, IrcNetwork, IrkerSink, built, say};

/// How wide the pictures are: a laptop's window, and a phone.
const WIDTHS: [u32; 2] = [1280, 390];

/// The path of a newcomer may take no longer, typing aside. The most of it is irkerd, which says a line a second.
const NEWCOMER_MAX: Duration = Duration::from_mins(1);

/// A picture of the page in each width, and no barrier on it in light or dark.
async fn looks_well(browser: &mut Browser, name: &str) {
    for width in WIDTHS {
        browser.is_wide(width).await;
        for scheme in ["light", "dark"] {
            browser.prefers(scheme).await;
            browser.takes_picture(&format!("{name}-{scheme}")).await;
            let barriers = browser.barriers().await.unwrap_or_default();
            assert!(barriers.is_empty(), "{name}, {scheme}, {width} pixels: {barriers:#?}");
        }
    }
    browser.prefers("light").await;
    browser.is_wide(WIDTHS[0]).await;
}

async fn signs_in(browser: &mut Browser, bellhop: &Bellhop) {
    browser.goes_to(bellhop.url()).await;
    browser.types("token", &bellhop.first_token()).await;
    browser.presses("Sign in").await;
    assert_eq!(browser.url().await, format!("{}/", bellhop.url()));
}

/// What a page says to copy, run by a shell as it is pasted.
fn paste(command: &str) {
    let output = Command::new("sh").arg("-c").arg(command).output().expect("run a shell");
    assert!(output.status.success(), "{command}: {output:?}");
}

#[tokio::test]
async fn somebody_sets_up_a_project_and_sees_a_delivery() {
    let Some(mut browser) = Browser::start("the console in a browser").await else { return };
    let (bellhop, target) = (Bellhop::start(&[]).await, HttpReceiver::start().await);
    let irkerd = IrkerSink::start().await;

    browser.goes_to(bellhop.url()).await;
    looks_well(&mut browser, "sign-in").await;
    browser.types("token", "bhp-wrong").await;
    browser.presses("Sign in").await;
    assert_eq!(browser.reads("#token-problem").await, "The token is wrong.");
    signs_in(&mut browser, &bellhop).await;

    browser.goes_to(&format!("{}/projects/new", bellhop.url())).await;
    looks_well(&mut browser, "new-project").await;
    browser.types("path", "mike/diaspora").await;
    browser.presses("Create project").await;
    let curl = browser.reads("#curl").await;
    looks_well(&mut browser, "created").await;

    let project = format!("{}/projects/2", bellhop.url());
    irker_form(&mut browser, &format!("{project}/irker"), irkerd.port()).await;
    hook_form(&mut browser, &format!("{project}/hooks"), target.url()).await;
    target.receives().await;

    paste(&curl);
    target.receives().await;
    browser.goes_to(&project).await;
    delivery_is_seen_and_resent(&mut browser, &project).await;
    target.receives().await;

    slash_command(&mut browser, &project).await;
    browser.goes_to(&project).await;
    looks_well(&mut browser, "project").await;
    for page in ["", "/projects", "/tokens"] {
        browser.goes_to(&format!("{}{page}", bellhop.url())).await;
        looks_well(&mut browser, if page.is_empty() { "overview" } else { &page[1..] }).await;
    }
    browser.close().await;
}

async fn irker_form(browser: &mut Browser, page: &str, port: u16) {
    browser.goes_to(page).await;
    browser.types("server_host", "127.0.0.1").await;
    browser.types("server_port", &port.to_string()).await;
    browser.types("default_irc_uri", "irc://irc.example.net/").await;
    browser.types("recipients", "#diaspora a,b http://h/#c").await;
    browser.presses("Save changes").await;
    let understood = browser.reads("#understood").await;
    for said in [
        "irc://irc.example.net:6667/diaspora",
        "A channel or nick holds no commas, spaces, slashes or control characters (one entry, one channel).",
        "Only irc:// and ircs:// URLs are understood.",
    ] {
        assert!(understood.contains(said), "{said}: {understood}");
    }
    looks_well(browser, "irker-refused").await;

    browser.types("recipients", "#diaspora").await;
    browser.presses("Test settings").await;
    let tested = browser.reads("#tested").await;
    assert!(
        tested.contains("irc://irc.example.net:6667/diaspora") && tested.contains("Handed over to irkerd"),
        "{tested}"
    );
    looks_well(browser, "irker-tested").await;
}

async fn hook_form(browser: &mut Browser, page: &str, url: &str) {
    browser.goes_to(page).await;
    looks_well(browser, "hooks-none").await;
    browser.presses("New hook").await;
    browser.types("name", "build server").await;
    browser.types("url", url).await;
    for part in
        ["Branches, states and machines", "Secrets, headers and variables", "What is sent, and how fast"]
    {
        browser.unfolds(part).await;
    }
    looks_well(browser, "hook-form").await;
    browser.presses("Save changes").await;
    browser.presses("Test").await;
    assert!(browser.reads("main").await.contains("delivered 200"));
    looks_well(browser, "hook-tested").await;
    browser.goes_to(page).await;
    looks_well(browser, "hooks").await;
}

async fn delivery_is_seen_and_resent(browser: &mut Browser, project: &str) {
    let log = format!("{project}/deliveries/hook-1");
    let started = Instant::now();
    let attempt = loop {
        // The attempt is logged when it is over, a moment after the target has it.
        browser.goes_to(&log).await;
        let links = browser.links().await;
        let attempts: Vec<_> =
            links.into_iter().filter(|link| link.starts_with(&format!("{log}/"))).collect();
        if let [newest, _test] = &attempts[..] {
            break newest.clone();
        }
        assert!(started.elapsed() < NEWCOMER_MAX, "the delivery is not in the log: {attempts:?}");
    };
    looks_well(browser, "deliveries").await;
    browser.goes_to(&attempt).await;
    let shown = browser.reads("main").await;
    assert!(shown.contains("Hello, IRC") && shown.contains("delivered 200"), "{shown}");
    looks_well(browser, "delivery").await;
    browser.presses("Resend").await;
    assert!(browser.reads("main").await.contains("In the queue again"));
}

async fn slash_command(browser: &mut Browser, project: &str) {
    browser.goes_to(&format!("{project}/commands")).await;
    browser.presses("Add Slack").await;
    browser.types("secret", "s1gning").await;
    browser.types("access", "[[rule]]\nusers = [\"U2CERLKJA\"]\njobs = [\"deploy-*\"]").await;
    browser.presses("Save changes").await;
    assert_eq!(browser.reads("#sentences").await, "U2CERLKJA may run deploy-*.");
    looks_well(browser, "command").await;
    for page in ["commands", "jobs", "runs", "audit"] {
        browser.goes_to(&format!("{project}/{page}")).await;
        looks_well(browser, page).await;
    }
}

/// Start, open the page, make a project, paste what it says, see the line: no step needs a file.
#[tokio::test]
async fn a_newcomer_comes_from_nothing_to_a_line_on_irc() {
    let Some(network) = IrcNetwork::start("the newcomer's path").await else { return };
    let Some(mut browser) = Browser::start("the newcomer's path").await else { return };
    let channel = network.join("#first").await;
    // Whoever is new has it built already.
    built("bellhop");
    let started = Instant::now();

    let bellhop = Bellhop::start(&[]).await;
    signs_in(&mut browser, &bellhop).await;
    browser.goes_to(&format!("{}/projects/new", bellhop.url())).await;
    browser.types("path", "my/first").await;
    browser.types("recipients", &format!("{}first", network.uri())).await;
    browser.unfolds("Where irkerd is").await;
    browser.types("server_host", "127.0.0.1").await;
    browser.types("server_port", &network.irker_port().to_string()).await;
    browser.presses("Create project").await;
    paste(&browser.reads("#curl").await);

    let heard = channel.hears().await;
    let took = started.elapsed();
    assert!(heard.contains("Hello, IRC") && heard.contains('\u{3}'), "{heard}");
    assert!(took < NEWCOMER_MAX, "{took:?}");
    say(&format!("a newcomer's first line was on IRC {} ms after the start", took.as_millis()));
    browser.close().await;
}
