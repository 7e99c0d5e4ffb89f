//! What a job prints, up to the limit.
//!
//! Whoever cuts a log must not cut a secret in two: half of one would not be found when it is masked, and shown.

use app::executor::LOG_BYTES_MAX;
use payload::Secret;

/// A log that grows.
pub(super) struct Log {
    bytes: Vec<u8>,
    secrets: Vec<Secret>,
    /// How much is kept for the moment: enough to see a secret that stands across the limit.
    room: usize,
}

impl Log {
    pub(super) fn new(secrets: Vec<Secret>) -> Self {
        let longest = secrets.iter().map(|secret| secret.expose().len()).max().unwrap_or(0);
        Self { bytes: Vec::new(), secrets, room: LOG_BYTES_MAX + longest }
    }

    /// Takes what fits.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = self.room.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// All of it, cut if it is too long; then `ending`, which always fits.
    pub(super) fn end(mut self, ending: &str) -> Vec<u8> {
        let limit = LOG_BYTES_MAX - ending.len() - notice().len();
        if self.bytes.len() > limit {
            let end = outside(&self.bytes, limit, &self.secrets);
            self.bytes.truncate(end);
            self.bytes.extend_from_slice(notice().as_bytes());
        }
        self.bytes.extend_from_slice(ending.as_bytes());
        self.bytes
    }
}

/// The runner's own words.
fn notice() -> String {
    format!(
        "\n\u{1b}[33;1mJob's log exceeded limit of {LOG_BYTES_MAX} bytes.\n\
         Job execution will continue but no more output will be collected.\u{1b}[0;m\n"
    )
}

/// The last place up to `end` that is in no secret.
fn outside(bytes: &[u8], mut end: usize, secrets: &[Secret]) -> usize {
    // A secret that is cut off may begin in another one: looked at again until none is.
    loop {
        let begin = secrets.iter().filter_map(|secret| across(bytes, end, secret.expose().as_bytes())).min();
        match begin {
            Some(begin) => end = begin,
            None => return end,
        }
    }
}

/// Where a secret begins that stands across `end`.
fn across(bytes: &[u8], end: usize, secret: &[u8]) -> Option<usize> {
    let first = end.saturating_sub(secret.len().saturating_sub(1));
    (first..end).find(|begin| !secret.is_empty() && bytes[*begin..].starts_with(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_too_long_is_cut_and_says_so() {
        let mut log = Log::new(Vec::new());
        for _ in 0..5 {
            log.push(&vec![b'x'; LOG_BYTES_MAX / 4]);
        }
        let bytes = log.end("the end\n");
        assert!(bytes.len() <= LOG_BYTES_MAX);
        let tail = String::from_utf8(bytes[bytes.len() - 200..].to_vec()).unwrap();
        assert!(tail.contains("log exceeded limit") && tail.ends_with("the end\n"), "{tail}");
    }

    /// Case 23, at the edge of the runner's own cut.
    #[test]
    fn no_secret_is_cut_in_two() {
        let secrets = || vec![Secret::new("hunter2-hunter2"), Secret::new("2-x")];
        for shift in 0..18 {
            let mut log = Log::new(secrets());
            log.push(&vec![b'x'; LOG_BYTES_MAX - 250 + shift]);
            for _ in 0..200 {
                log.push(b"hunter2-");
                log.push(b"hunter2-x");
            }
            let text = String::from_utf8(log.end("")).unwrap();
            let kept = text.split('\n').next().unwrap().trim_start_matches('x');
            let rest = kept.replace("hunter2-hunter2-x", "");
            assert_eq!(rest, "", "{shift}");
        }
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        let mut log = Log::new(vec![Secret::new("s")]);
        log.push(b"a\xff\n");
        assert_eq!(log.end("b"), b"a\xff\nb");
    }
}
