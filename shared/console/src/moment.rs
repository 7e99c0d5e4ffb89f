//! Moments and spans of time, for people.

use std::time::Duration;

use app::clock::Timestamp;

/// Such as `2026-01-02 03:04:05 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    formatted(at, "%F %T UTC")
}

/// Such as `2026-01-02`.
pub(crate) fn day(at: Timestamp) -> String {
    formatted(at, "%F")
}

/// Such as `03:00`.
pub(crate) fn hour(at: Timestamp) -> String {
    formatted(at, "%H:%M")
}

fn formatted(at: Timestamp, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.strftime(format).to_string(),
        Err(_) => format!("{at} ms after 1970"),
    }
}

/// Such as `2 minutes ago`, in whole numbers of the largest unit.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let span = now.since(at);
    if span < Duration::from_secs(5) { "just now".to_owned() } else { format!("{} ago", span_of(span)) }
}

/// Such as `in 2 minutes`.
pub(crate) fn ahead(at: Timestamp, now: Timestamp) -> String {
    let span = at.since(now);
    if span < Duration::from_secs(1) { "now".to_owned() } else { format!("in {}", span_of(span)) }
}

fn span_of(span: Duration) -> String {
    let seconds = span.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn a_moment_is_said_in_full_and_in_passing() {
        assert_eq!(moment(NOW), "2023-11-14 22:13:20 UTC");
        assert_eq!((day(NOW), hour(NOW)), ("2023-11-14".to_owned(), "22:13".to_owned()));
        assert_eq!(moment(Timestamp(i64::MAX)), format!("{} ms after 1970", i64::MAX));
        assert_eq!(ago(NOW, NOW), "just now");
        assert_eq!(ago(NOW, NOW + Duration::from_mins(1)), "1 minute ago");
        assert_eq!(ago(NOW, NOW + Duration::from_hours(50)), "2 days ago");
        assert_eq!(ahead(NOW + Duration::from_secs(90), NOW), "in 1 minute");
        assert_eq!(ahead(NOW, NOW), "now");
    }
}
