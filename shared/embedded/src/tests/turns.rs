//! Whose turn it is, and what it costs to find out when very much waits.

use std::time::Duration;

use app::clock::Timestamp;
use app::queue::{Answer, Queue as _, QueueName};
use rusqlite::StatementStatus;

use super::{http, irker, new_store};
use crate::lease::RUN_OUT;
use crate::turns::{LOOKED_AT_MAX, OUT_MAX, heads};

/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_ordered_group_with_a_long_queue_costs_no_more() {
    let (store, _clock, _directory) = new_store();
    store.queue().send((0..20_000).map(|n| irker(n, "down")).collect()).await.unwrap();
    let steps = |connection: &rusqlite::Connection| {
        let mut select = connection.prepare(&format!("{} SELECT * FROM heads", heads(QueueName::Irker)))?;
        let heads = select.query_map(["irker"], |row| row.get::<_, i64>(0))?.count();
        Ok((heads, select.get_status(StatementStatus::VmStep)))
    };
    let (heads, steps) = store.reader.run(steps).await.unwrap();
    assert_eq!(heads, 1);
    assert!(steps < 1_000, "{steps} steps for one group");
    assert_eq!(store.queue().waiting(QueueName::Irker).await.unwrap().ready, 20_000);
    assert_eq!(store.clock.now(), Timestamp(1_000_000));
}

/// A burst once made each handover look through all that was due.
#[tokio::test]
async fn however_much_is_due_only_what_is_out_is_searched_for_leases_that_ran_out() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send((0..20_000).map(|n| http(n, n % 3)).collect()).await.unwrap();
    assert_eq!(serving.lease(QueueName::Http, 10, Duration::from_secs(1)).await.unwrap().len(), 10);
    clock.advance(Duration::from_secs(1));
    let now = clock.now();
    let steps = move |connection: &rusqlite::Connection| {
        let mut select = connection.prepare(RUN_OUT)?;
        let found = select.query_map(("http", now.0), |row| row.get::<_, i64>(0))?.count();
        Ok((found, select.get_status(StatementStatus::VmStep)))
    };
    let (found, steps) = store.reader.run(steps).await.unwrap();
    assert_eq!(found, 10);
    assert!(steps < 1_000, "{steps} steps for ten tasks");
}

#[tokio::test]
async fn a_target_has_no_more_than_eight_out_however_much_waits_for_it() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send((0..100).map(|n| http(n, 1)).chain([http(100, 2)]).collect()).await.unwrap();
    let leased = serving.lease(QueueName::Http, 50, LONG).await.unwrap();
    assert_eq!(leased.len(), OUT_MAX as usize + 1);
    assert!(serving.lease(QueueName::Http, 50, LONG).await.unwrap().is_empty());
    serving.answer(leased[0].lease, Answer::Done).await.unwrap();
    assert_eq!(serving.lease(QueueName::Http, 50, LONG).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whatever_piles_up_before_it_a_group_that_has_nothing_out_goes_first() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    let hog = (0..2 * LOOKED_AT_MAX as u64).map(|n| http(n, 1));
    store.queue().send(hog.chain([http(5_000, 2), http(5_001, 3)]).collect()).await.unwrap();
    let leased = serving.lease(QueueName::Http, 4, LONG).await.unwrap();
    let ids: Vec<_> = leased.iter().map(|leased| leased.received.id.clone()).collect();
    assert_eq!(ids, [http(0, 1), http(5_000, 2), http(5_001, 3), http(1, 1)].map(|task| task.id()));
    assert_eq!(serving.lease(QueueName::Http, 50, LONG).await.unwrap().len(), OUT_MAX as usize - 2);
}

#[tokio::test]
async fn of_thousands_of_groups_each_has_its_turn_and_those_that_are_due_longest_go_first() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    for n in 0..4 {
        store
            .queue()
            .send((0..500).map(|group| http(n * 500 + group, n * 500 + group)).collect())
            .await
            .unwrap();
        clock.advance(Duration::from_secs(1));
    }
    for n in 0..40 {
        let leased = serving.lease(QueueName::Http, 50, LONG).await.unwrap();
        let expected: Vec<_> = (50 * n..50 * (n + 1)).map(|group| http(group, group).id()).collect();
        let ids: Vec<_> = leased.iter().map(|leased| leased.received.id.clone()).collect();
        assert_eq!(ids, expected);
    }
    assert!(serving.lease(QueueName::Http, 50, LONG).await.unwrap().is_empty());
}
