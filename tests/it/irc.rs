//! The way to IRC as a whole, on real irkerd and ngircd: who hears what, and what is left when something dies.
//!
//! Not here: what irkerd does on a bad day that the real one has only by chance (`irker_sink`).

use std::time::Instant;

use end_to_end::{Bellhop, IrcNetwork, Project, eventually, say};

use crate::words::{farewell, said_of};

/// A key lets one in and is seen nowhere, and a person is reached.
#[tokio::test]
async fn a_channel_with_a_key_and_a_person_hear_of_it_and_nobody_sees_the_key() {
    let Some(network) = IrcNetwork::start("a keyed channel and a nick").await else { return };
    let channel = network.join(&format!("#keyed {}", IrcNetwork::KEY)).await;
    let ada = network.be("ada").await;
    let recipients = format!("#keyed?key={} ada,isnick", IrcNetwork::KEY);
    let project = Project::named("diaspora/diaspora").on_irc(&network, &recipients);
    let bellhop = Bellhop::start(&[&project]).await;

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);

    assert_eq!(channel.hears().await, said_of("one"));
    assert_eq!(ada.hears().await, said_of("one"));
    let tested = bellhop.tests("diaspora/diaspora");
    let shown = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success() && shown.contains("/keyed?key=***: handed over to irkerd in"), "{shown}");
    assert_eq!(channel.hears().await, "test from Bellhop, project diaspora/diaspora");
    assert_eq!(ada.hears().await, "test from Bellhop, project diaspora/diaspora");
    for text in [&bellhop.log(), &*shown] {
        assert!(!text.contains(IrcNetwork::KEY), "{text}");
    }
}

#[tokio::test]
async fn a_test_of_the_settings_says_what_is_the_matter() {
    let Some(mut network) = IrcNetwork::start("a test without irkerd").await else { return };
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora ada,isnick");
    let bellhop = Bellhop::start(&[&project]).await;
    network.stop_irkerd();

    let tested = bellhop.tests("diaspora/diaspora");
    let shown = String::from_utf8_lossy(&tested.stdout);
    assert!(!tested.status.success(), "{shown}");
    let refusal = "/diaspora: not reached: the connection was refused: irkerd is not running there";
    assert!(shown.contains(refusal), "{shown}");

    let nobody = bellhop.tests("diaspora/nobody");
    let complaint = String::from_utf8_lossy(&nobody.stderr);
    assert!(complaint.contains("there is no project diaspora/nobody"), "{complaint}");
}

/// What irkerd held dies with it, and that is little; everything else arrives, once and in order.
#[tokio::test]
async fn an_irkerd_that_dies_takes_no_more_than_what_it_held() {
    const HELD_MAX: usize = 2;
    let Some(mut network) = IrcNetwork::start("irkerd dies at work").await else { return };
    let channel = network.join("#diaspora").await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let project = project.with_setting(&format!("lines_in_irkerd = {HELD_MAX}\ncoalesce = false"));
    let bellhop = Bellhop::start(&[&project]).await;
    let branches = ["one", "two", "three", "four", "five", "six"];

    for branch in branches {
        assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
    }
    let mut heard = vec![channel.hears().await];
    network.stop_irkerd();
    network.start_irkerd().await;
    while heard.last() != Some(&said_of("six")) {
        heard.push(channel.hears().await);
    }

    let said: Vec<String> = branches.map(said_of).to_vec();
    let mut places = heard.iter().map(|line| said.iter().position(|said| said == line).expect("ours"));
    let mut last = places.next();
    assert_eq!(last, Some(0));
    for place in places {
        assert!(Some(place) > last, "in order, and none twice: {heard:?}");
        last = Some(place);
    }
    assert!(heard.len() + HELD_MAX >= branches.len(), "{heard:?}");
}

/// Irkerd serves one connection at a time. What waits before it may be said once more, and not once for each
/// attempt.
#[tokio::test]
async fn an_irkerd_that_somebody_keeps_busy_is_waited_for() {
    let Some(network) = IrcNetwork::start("a busy irkerd").await else { return };
    let channel = network.join("#diaspora").await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    let hog = network.hog_irkerd();

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);
    for sign in ["did not read the lines within 5 s", "did not close an empty connection within 2 s"] {
        eventually(sign, || bellhop.log().contains(sign).then_some(())).await;
    }
    drop(hog);
    assert_eq!(bellhop.receives("diaspora", &farewell("two")).await.status, 202);

    let (one, two) = (said_of("one"), said_of("two"));
    assert_eq!(channel.hears().await, one);
    let next = channel.hears().await;
    let next = if next == one { channel.hears().await } else { next };
    assert_eq!(next, two);
}

/// Irkerd takes lines for a server that is down. Nobody may call that delivered.
#[tokio::test]
async fn what_irkerd_took_for_a_server_that_is_down_is_handed_over_and_no_more() {
    let Some(mut network) = IrcNetwork::start("an IRC server that is down").await else { return };
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    network.stop_irc_server();

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);

    eventually("the attempt in the log", || bellhop.log().contains("delivery.attempted").then_some(())).await;
    let log = bellhop.log();
    assert!(log.contains("outcome=\"handed_over\"") && !log.contains("delivered"), "{log}");
}

/// Irkerd drops what is aimed at a nineteenth channel. Eighteen all hear of it; more are refused.
#[tokio::test]
async fn eighteen_channels_of_one_server_hear_it_and_a_nineteenth_is_refused() {
    const CHANNELS: usize = 18;
    let Some(network) = IrcNetwork::start("eighteen channels").await else { return };
    let channels: Vec<String> = (0..=CHANNELS).map(|n| format!("#c{n}")).collect();
    let last = network.join(&channels[CHANNELS - 1]).await;
    let project =
        |count: usize| Project::named("diaspora/diaspora").on_irc(&network, &channels[..count].join(" "));
    let bellhop = Bellhop::start(&[&project(CHANNELS)]).await;

    let refusal = bellhop.refuses(&project(CHANNELS + 1));
    assert!(
        refusal.contains("irkerd joins at most 18 channels of one IRC server, and these are 19"),
        "{refusal}"
    );
    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);
    assert_eq!(last.hears().await, said_of("one"));
}

/// How long the way takes. The first line waits for irkerd to connect and join.
#[tokio::test]
async fn a_line_is_in_the_channel_as_soon_as_irkerd_lets_it() {
    let Some(network) = IrcNetwork::start("how long a push takes").await else { return };
    let channel = network.join("#diaspora").await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;

    let mut times = Vec::new();
    for branch in ["one", "two", "three", "four"] {
        let start = Instant::now();
        assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
        assert_eq!(channel.hears().await, said_of(branch));
        times.push(start.elapsed().as_millis());
        // irkerd rests for a second behind each line; so does this, to measure Bellhop and not that.
        tokio::time::sleep(IRKERD_RESTS).await;
    }
    say(&format!(
        "irc: from the POST to the line in the channel: {} ms at first, then {:?} ms",
        times[0],
        &times[1..]
    ));
}

/// `ANTI_FLOOD_DELAY` of irkerd, and a little more.
const IRKERD_RESTS: std::time::Duration = std::time::Duration::from_millis(1_200);
