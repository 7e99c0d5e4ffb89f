//! The peers that the other tests lean on behave as we believe they do.

use end_to_end::IrcNetwork;

#[tokio::test]
async fn what_irkerd_is_told_is_heard_in_the_channel_byte_for_byte() {
    let Some(network) = IrcNetwork::start("irkerd and ngircd").await else { return };
    let quay = network.join("#quay").await;

    network.say_by_irkerd("quay", "plain — \u{2}bold\u{f} \u{3}04red\u{f}");

    assert_eq!(quay.hears().await, "plain — \u{2}bold\u{f} \u{3}04red\u{f}");
}

#[tokio::test]
async fn irkerd_comes_back_on_the_same_port() {
    let Some(mut network) = IrcNetwork::start("irkerd down and up").await else { return };
    let quay = network.join("#quay").await;

    network.say_by_irkerd("quay", "before");
    assert_eq!(quay.hears().await, "before");
    network.stop_irkerd();
    network.start_irkerd().await;
    network.say_by_irkerd("quay", "after");
    assert_eq!(quay.hears().await, "after");
}
