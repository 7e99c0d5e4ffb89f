//! An irkerd on a bad day. The real one cannot be made to have one on command.

use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Manners, Project, eventually};

use crate::words::{farewell, said_of};

#[tokio::test]
async fn what_irkerd_may_not_have_heard_is_said_again_and_holds_up_nobody_else() {
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    irkerd.behave(Manners::Stalling);

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("one"));
    let posted = builder.receives().await;
    assert_eq!(
        irkerd.heard_so_far(),
        Vec::<String>::new(),
        "the target has its request before irkerd's next try"
    );
    assert!(String::from_utf8_lossy(&posted.body).contains("refs/heads/one"));
    let sign = "did not close an empty connection within 2 s";
    eventually("another attempt", || bellhop.log().contains(sign).then_some(())).await;
    assert_eq!(
        irkerd.heard_so_far(),
        Vec::<String>::new(),
        "it is not told twice what it may be about to say"
    );

    irkerd.behave(Manners::Obliging);
    assert_eq!(bellhop.receives("diaspora", &farewell("two")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("one"), "it never said that it was done, so it is told again");
    assert_eq!(irkerd.hears().await, said_of("two"));
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
}

#[tokio::test]
async fn an_irkerd_that_breaks_off_is_tried_again_and_order_is_kept() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    irkerd.behave(Manners::Rude);

    for branch in ["one", "two", "three"] {
        assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
    }
    irkerd.turns_somebody_away().await;
    irkerd.behave(Manners::Obliging);

    for branch in ["one", "two", "three"] {
        assert_eq!(irkerd.hears().await, said_of(branch));
    }
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
}
