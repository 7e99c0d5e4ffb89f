//! How an item is put off: by telling SQS, or by doing nothing.
//!
//! Not here: for how long (`app`).

use std::time::Duration;

use app::Causes;
use app::queue::AGAIN_MAX;
use aws_sdk_sqs::Client;

/// SQS hides an item at most 12 h from when it was *received*; the item may have been here for as long as Lambda
/// lets a function run.
const HIDDEN_MAX: Duration = AGAIN_MAX.saturating_sub(Duration::from_mins(15));

/// How an item is put off.
#[derive(Clone, Debug)]
pub enum Deferral {
    /// By the time that the consumer asks for.
    AsAsked {
        /// To tell SQS.
        sqs: Client,
        /// Where the item is.
        queue_url: String,
    },
    /// By the queue's own visibility timeout, whatever the consumer asks for: this function cannot reach SQS.
    QueueTimeout,
}

impl Deferral {
    /// Hides the item with this receipt for so long. Without success it comes back by the queue's own timeout:
    /// earlier or later than asked, never lost.
    pub async fn put_off(&self, receipt_handle: &str, after: Duration) {
        let Self::AsAsked { sqs, queue_url } = self else { return };
        let told = sqs
            .change_message_visibility()
            .queue_url(queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(hidden_seconds(after))
            .send()
            .await;
        if let Err(error) = told {
            tracing::warn!(queue_url, error = %Causes(&error), "an item was not put off as asked");
        }
    }
}

/// Whole seconds, never fewer than asked unless SQS cannot hide an item for so long.
fn hidden_seconds(after: Duration) -> i32 {
    let seconds = after.min(HIDDEN_MAX).as_millis().div_ceil(1_000);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqs_hides_an_item_at_least_as_long_as_asked() {
        assert_eq!(hidden_seconds(Duration::ZERO), 0);
        assert_eq!(hidden_seconds(Duration::from_millis(1)), 1);
        assert_eq!(hidden_seconds(Duration::from_hours(10)), 36_000);
        assert_eq!(hidden_seconds(Duration::MAX), 42_300);
    }
}
