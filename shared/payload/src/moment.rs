//! How long something took, from the two times that a forge gives.
//!
//! Not here: what time it is.

/// Before there was any forge: Go's empty time, which Gitea sends, is of the year 1.
const YEAR_MIN: i64 = 1970;

/// Whole seconds from one time to a later one, both as in RFC 3339 (<https://www.rfc-editor.org/rfc/rfc3339>).
pub(crate) fn seconds_between(start: &str, end: &str) -> Option<u64> {
    u64::try_from(seconds(end)? - seconds(start)?).ok()
}

/// Seconds since 1 March of the year 0; fractions are left out.
fn seconds(time: &str) -> Option<i64> {
    let field = |from: usize, to: usize| -> Option<i64> {
        let digits = time.get(from..to)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    };
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    if year < YEAR_MIN {
        return None;
    }
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    // Years that begin in March have their leap day at the end, and months whose lengths follow one line.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let offset = match time.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()) {
        "" | "Z" | "z" => 0,
        zone => zone_seconds(zone)?,
    };
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// Of a zone such as `-04:00`.
fn zone_seconds(zone: &str) -> Option<i64> {
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let [hours, minutes] = [hours, minutes].map(|text| text.parse::<u8>().ok().map(i64::from));
    let ahead = hours? * 3_600 + minutes? * 60;
    match zone.get(..1)? {
        "+" => Some(ahead),
        "-" => Some(-ahead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_counted_over_midnight_leap_days_and_zones() {
        let check = seconds_between;
        assert_eq!(check("2021-05-24T00:10:21Z", "2021-05-24T00:12:21.000Z"), Some(120));
        assert_eq!(check("2020-02-28T23:59:59Z", "2020-03-01T00:00:00Z"), Some(86_401));
        assert_eq!(check("2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z"), Some(86_400));
        assert_eq!(check("2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z"), Some(1));
        assert_eq!(check("2021-05-24T00:10:21.000-04:00", "2021-05-24T04:10:22Z"), Some(1));
        assert_eq!(check("2021-05-24T02:00:00+02:00", "2021-05-24T00:00:00Z"), Some(0));
    }

    #[test]
    fn what_is_no_time_or_goes_backwards_has_no_length() {
        assert_eq!(seconds_between("2021-05-24T00:10:21Z", "2021-05-24T00:10:20Z"), None);
        assert_eq!(seconds_between("0001-01-01T00:00:00Z", "2021-05-24T00:10:20Z"), None);
        for odd in ["", "yesterday", "2021-05-24", "2021-05-24T00:10:21 UTC", "2021-0é-24T00:10:21Z"] {
            assert_eq!(seconds_between(odd, "2021-05-24T00:10:21Z"), None, "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(start: String, end in "[0-9+:.TZ-]{0,30}") {
            let _ = (seconds_between(&start, &end), seconds_between(&end, &end));
        }
    }
}
