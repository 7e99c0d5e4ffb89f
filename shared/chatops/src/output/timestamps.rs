//! The runner's timestamps (`FF_TIMESTAMPS`, `common/buildlogger/internal/timestamper`): in front of every line stand
//! 32 bytes, `2024-05-30T14:30:00.123456Z 00O `. The last one is `+` if the line goes on where the stream's last one
//! ended. The two streams of a job may take turns in between.

use std::collections::HashMap;

/// `2024-05-30T14:30:00.123456Z `, with digits for `0`.
const SHAPE: &[u8] = b"0000-00-00T00:00:00.000000Z ";

/// The number of the stream in hexadecimal, and `O` or `E`.
const STREAM_BYTES: usize = 3;

/// The log without timestamps. It has them if its first line has one: the runner writes it, before any job does.
pub(super) fn strip(log: &str) -> String {
    if split(log).is_none() {
        return log.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    // Where each stream's last line is.
    let mut last: HashMap<&str, usize> = HashMap::new();
    for line in log.split_inclusive('\n') {
        let Some((stream, goes_on, text)) = split(line) else {
            lines.push(line.to_owned());
            continue;
        };
        match last.get(stream) {
            Some(at) if goes_on => {
                let line = &mut lines[*at];
                line.truncate(line.trim_end_matches('\n').len());
                line.push_str(text);
            }
            _ => {
                last.insert(stream, lines.len());
                lines.push(text.to_owned());
            }
        }
    }
    lines.concat()
}

/// The stream, whether the line goes on with it, and the text.
fn split(line: &str) -> Option<(&str, bool, &str)> {
    let head = line.as_bytes().get(..SHAPE.len() + STREAM_BYTES + 1)?;
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    let (time, [high, low, kind, flag]) = head.split_at(SHAPE.len()) else { return None };
    let is_stream = high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && matches!(kind, b'O' | b'E');
    if !time.iter().zip(SHAPE).all(fits) || !is_stream || !matches!(flag, b' ' | b'+') {
        return None;
    }
    let (stream, rest) = line[SHAPE.len()..].split_at(STREAM_BYTES);
    Some((stream, *flag == b'+', &rest[1..]))
}
