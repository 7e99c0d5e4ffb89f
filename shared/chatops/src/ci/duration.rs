//! `1h 30m` in seconds: the gem `ChronicDuration` as GitLab sets it up, where unknown words are errors.
//!
//! Not here: months of Rails. A month has 30 days here, a year 365.25.

use std::sync::LazyLock;

use regex::Regex;

use super::constant::pattern;

pattern!(NUMBER, r"[0-9]*\.?[0-9]+");
pattern!(CHRONO, r"[0-9]*\.?[0-9]+(?::[0-9]*\.?[0-9]+)+");

/// The units, by the number of colons behind them in `1:30:00`; weeks are not written so.
const CHRONO_UNITS: [&str; 6] = ["seconds", "minutes", "hours", "days", "months", "years"];

const JOIN_WORDS: [&str; 3] = ["and", "with", "plus"];

/// Numbers that people write as words; the gem Numerizer knows more.
const NUMBER_WORDS: [(&str, &str); 24] = [
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("eighteen", "18"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("zero", "0"),
];

/// Seconds; nothing for what is no duration, and for none at all.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.to_lowercase();
    let text = text.split_whitespace().map(number_word).collect::<Vec<_>>().join(" ");
    let text = chrono(&text)?;
    let spaced = NUMBER.replace_all(&text, " $0 ");
    let mut words: Vec<&str> = Vec::new();
    for word in spaced.split_whitespace() {
        if NUMBER.is_match(word) {
            words.push(word);
            continue;
        }
        let bare = word.strip_prefix(',').unwrap_or(word);
        let bare = bare.strip_suffix(',').unwrap_or(bare);
        match unit(bare) {
            Some(unit) => words.push(unit),
            None if JOIN_WORDS.contains(&bare) => {}
            None => return None,
        }
    }
    // `day` is one day.
    if words.first().is_some_and(|word| unit(word).is_some()) {
        words.insert(0, "1");
    }
    let mut sum = 0.0;
    for (index, word) in words.iter().enumerate() {
        if NUMBER.is_match(word) {
            let number: f64 = word.parse().ok()?;
            sum += number * multiplier(words.get(index + 1).copied().unwrap_or("seconds"));
        }
    }
    (sum > 0.0 && sum.is_finite()).then_some(sum)
}

fn number_word(word: &str) -> &str {
    NUMBER_WORDS.iter().find(|(name, _)| *name == word).map_or(word, |(_, number)| number)
}

/// `1:30:00` as hours, minutes and seconds.
fn chrono(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| *c != ' ').collect();
    if !CHRONO.is_match(&bare) {
        return Some(text.to_owned());
    }
    let mut parts = Vec::new();
    // Ruby's split forgets what is empty at the end.
    for (index, part) in bare.trim_end_matches(':').split(':').rev().enumerate() {
        parts.push(format!("{part} {}", CHRONO_UNITS.get(index)?));
    }
    parts.reverse();
    Some(parts.join(" "))
}

fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "seconds" | "second" | "secs" | "sec" | "s" => "seconds",
        "minutes" | "minute" | "mins" | "min" | "m" => "minutes",
        "hours" | "hour" | "hrs" | "hr" | "h" => "hours",
        "days" | "day" | "dy" | "d" => "days",
        "weeks" | "week" | "wks" | "wk" | "w" => "weeks",
        "months" | "month" | "mos" | "mo" => "months",
        "years" | "year" | "yrs" | "yr" | "y" => "years",
        _ => return None,
    })
}

/// 0 for what is no unit: a number in front of another number counts nothing.
fn multiplier(unit: &str) -> f64 {
    match unit {
        "seconds" => 1.0,
        "minutes" => 60.0,
        "hours" => 3600.0,
        "days" => 86_400.0,
        "weeks" => 604_800.0,
        "months" => 2_592_000.0,
        "years" => 31_557_600.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: Option<f64>) {
        assert_eq!(seconds(text), wanted, "{text:?}");
    }

    #[test]
    fn durations_as_people_write_them() {
        check("1h 30m", Some(5400.0));
        check("1h30m", Some(5400.0));
        check("1 hour and 30 minutes", Some(5400.0));
        check("3600 seconds", Some(3600.0));
        check("90", Some(90.0));
        check("1.5 hours", Some(5400.0));
        check("1:30", Some(90.0));
        check("1:30:00", Some(5400.0));
        check("1:30:", Some(90.0));
        check("2 weeks", Some(1_209_600.0));
        check("1 month", Some(2_592_000.0));
        check("day", Some(86_400.0));
        check("one hour", Some(3600.0));
        check("3 HOURS, 2 min", Some(10_920.0));
    }

    #[test]
    fn what_is_no_duration() {
        for text in ["", "0", "soon", "-5 minutes", "5 parsecs", "1h!", "never", "1:2:3:4:5:6:7"] {
            check(text, None);
        }
    }
}
