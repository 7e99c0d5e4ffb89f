//! How things look on a terminal: moments, and text from outside, which may hold what a terminal obeys.
//!
//! Not here: the demonstration's looks (`demo::show`).

use std::fmt::Write;

use app::clock::Timestamp;

/// Such as `2026-01-02 03:04:05Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(time) => time.strftime("%F %TZ").to_string(),
        Err(_) => format!("{at} ms after 1970"),
    }
}

/// A text with all that a terminal would obey, or show backwards, made visible. Line ends stay if `lines` says so.
pub(crate) fn plain(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_layout = lines && matches!(character, '\n' | '\t');
        let is_direction =
            matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (character.is_control() && !is_layout) || is_direction {
            // Writing to memory does not fail.
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_to_the_second() {
        assert_eq!(moment(Timestamp(1_700_000_000_999)), "2023-11-14 22:13:20Z");
        assert_eq!(moment(Timestamp(i64::MAX)), format!("{} ms after 1970", i64::MAX));
    }

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\r\nü", true), "a\\u{1b}[2J\\u{202e}b\\r\nü");
        assert_eq!(plain("a\nb", false), "a\\nb");
    }
}
