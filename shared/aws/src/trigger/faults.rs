//! What the trigger has `app::faults` write down of items, as far as the table can: an item is never held up by that.
//!
//! Not here: what counts as a fault, and how many are too many.

use app::faults::{self, Fault, Handover, Known, Step};
use app::{Causes, StoreError};
use aws_lambda_events::sqs::SqsMessage;

use super::Trigger;

/// Digits of a place, whatever SQS gives: a sequence number has twenty, a moment in milliseconds fewer.
const PLACE_DIGITS: usize = 20;

impl<H> Trigger<'_, H> {
    /// The faults that an item had before. None before its first handover.
    pub(super) async fn known(&self, item: &SqsMessage) -> Known {
        if is_first(item) {
            return Known::default();
        }
        self.or_complain(faults::known(self.app, self.handover(item, &place(item))).await).unwrap_or_default()
    }

    /// Notes that a consumer gets an item that comes again. `None` if that has killed too many, and it was set aside.
    pub(super) async fn begin(&self, item: &SqsMessage, known: Known) -> Option<Known> {
        if is_first(item) {
            return Some(known);
        }
        let begun = faults::begin(self.app, self.handover(item, &place(item)), known).await;
        match self.or_complain(begun) {
            Some(Step::On(known)) => Some(known),
            Some(Step::SetAside) => None,
            None => Some(known),
        }
    }

    /// Notes that a suspect is done: should the process die of another one, nobody can tell the queue, and it comes again.
    pub(super) async fn note_innocent(&self, item: &SqsMessage, known: Known) {
        self.note_put_off(item, known).await;
    }

    /// Notes that the consumer of an item that was begun wants it later.
    pub(super) async fn note_put_off(&self, item: &SqsMessage, known: Known) {
        if !is_first(item) {
            let _ =
                self.or_complain(faults::put_off(self.app, self.handover(item, &place(item)), known).await);
        }
    }

    /// Counts a fault. Says whether it was one too many, and the item was set aside.
    pub(super) async fn is_set_aside(&self, item: &SqsMessage, known: Known, fault: Fault) -> bool {
        let counted = faults::count(self.app, self.handover(item, &place(item)), (known, fault)).await;
        self.or_complain(counted) == Some(Step::SetAside)
    }

    fn handover<'a>(&self, item: &'a SqsMessage, place: &'a str) -> Handover<'a> {
        Handover {
            queue: self.queue,
            id: item.message_id.as_deref().unwrap_or_default(),
            group: attribute(item, "MessageGroupId"),
            body: item.body.as_deref().unwrap_or_default(),
            place,
        }
    }

    fn or_complain<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        result
            .inspect_err(|error| {
                tracing::warn!(queue = self.queue.as_str(), error = %Causes(error), "faults.not_counted");
            })
            .ok()
    }
}

/// Where an item stands in the order of sending.
fn place(item: &SqsMessage) -> String {
    let number = attribute(item, "SequenceNumber").or_else(|| attribute(item, "SentTimestamp"));
    format!("{:0>PLACE_DIGITS$}", number.unwrap_or_default())
}

/// Whether nobody had an item before.
fn is_first(item: &SqsMessage) -> bool {
    let handovers = attribute(item, "ApproximateReceiveCount").and_then(|count| count.parse::<u32>().ok());
    handovers.unwrap_or(1) <= 1
}

fn attribute<'a>(item: &'a SqsMessage, name: &str) -> Option<&'a str> {
    item.attributes.get(name).map(String::as_str)
}
