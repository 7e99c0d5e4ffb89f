//! What every adapter of the ports [`Table`](crate::table::Table) and [`Queue`](crate::queue::Queue) must do: the
//! one suite that `embedded` and `aws` both pass.
//!
//! Not here: how an adapter is set up, and what only one adapter promises; that is tested beside the adapter.
//!
//! [`table_conformance!`](crate::table_conformance) and [`queue_conformance!`](crate::queue_conformance) make one
//! test of each check. The checks name their partitions, irkerds and events afresh, so that checks running side
//! by side, or after an interrupted run, do not see each other.

pub mod queue;
pub mod table;

use crate::clock::Chance;

/// A name that no other check uses.
fn fresh(what: &str) -> String {
    format!("{what}-{:016x}", u64::from_le_bytes(Chance::System.bytes()))
}

/// Makes a `#[tokio::test]` of every check of [`Table`](crate::table::Table).
///
/// `$setup` is a function `async fn() -> Option<(adapter, clock)>`: the table, and the *manual*
/// [`Clock`](crate::clock::Clock) that it was given (one of its own for each call, since checks move it), or what
/// derefs to it and keeps alive what the table stands on. That may be shared. `None` skips the check: say so
/// yourself.
#[macro_export]
macro_rules! table_conformance {
    ($setup:path) => {
        $crate::conformance_tests! { $setup, table:
            what_is_put_is_read,
            bytes_and_texts_come_back_as_they_were,
            absent_protects_what_is_there,
            a_version_protects_what_was_put_since,
            every_put_has_a_version_of_its_own,
            delete_removes_if_its_condition_holds,
            what_has_expired_is_not_there,
            a_batch_reads_what_is_there,
            a_batch_of_any_size_is_written,
            a_query_reads_a_range_in_byte_order,
            a_prefix_of_any_script_is_found,
            pages_make_the_whole,
            paging_goes_on_though_its_place_was_deleted,
            a_query_of_large_items_reads_all_of_them,
            what_is_too_large_is_refused,
            of_twenty_that_claim_a_place_one_gets_it,
            no_increment_is_lost,
            a_read_sees_what_was_written_before,
        }
    };
}

/// Makes a `#[tokio::test]` of every check of [`Queue`](crate::queue::Queue).
///
/// `$setup` is a function `async fn() -> Option<(adapter, consumer)>`: queues that are empty and that nobody else
/// uses, and a [`Consumer`](queue::Consumer) of them. `None` skips the check: say so yourself.
#[macro_export]
macro_rules! queue_conformance {
    ($setup:path) => {
        $crate::conformance_tests! { $setup, queue:
            what_is_sent_arrives_until_it_is_done,
            a_group_arrives_in_order,
            one_of_a_group_is_out_while_other_groups_go_on,
            again_keeps_its_place_in_the_group,
            again_blocks_nobody_in_the_unordered_queue,
            again_comes_back,
            a_lease_that_ran_out_hands_over_again,
            what_was_never_answered_is_set_aside,
            what_always_faults_is_set_aside,
            two_acceptances_of_an_event_are_both_kept,
        }
    };
}

/// The common part of the two macros above.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($setup:path, $port:ident: $($check:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $check() {
                if let Some((adapter, other)) = $setup().await {
                    $crate::conformance::$port::$check(&adapter, &other).await;
                }
            }
        )+
    };
}
