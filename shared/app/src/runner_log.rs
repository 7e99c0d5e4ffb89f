//! The last words of GitLab's runner in a job's log (`common/trace.go`, `common/build.go` of gitlab-runner), which our own
//! executors say as well. A log that is fetched from elsewhere may lag behind its job: by these it is known to be whole.

/// Where they stand: the runner's own, and what it may print behind them.
const TAIL_BYTES: usize = 4 * 1024;

/// Whether the runner has ended its log.
pub fn is_whole(log: &[u8]) -> bool {
    let tail = tail(log);
    tail.contains("Job succeeded") || tail.contains("ERROR: Job failed")
}

/// Of a job that failed: `exit code 3` in a container, `exit status 3` in a shell.
pub fn exit_code(log: &[u8]) -> Option<i32> {
    let tail = tail(log);
    let end = tail.rsplit_once("ERROR: Job failed")?.1;
    let digits = end.split_once("exit code ").or_else(|| end.split_once("exit status "))?.1;
    let length = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    digits[..length].parse().ok()
}

fn tail(log: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL_BYTES)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_last_words_tell_the_end() {
        for (log, whole, code) in [
            (
                "\u{1b}[32;1m$ false\u{1b}[0;m\n\u{1b}[31;1mERROR: Job failed: exit code 3\n\u{1b}[0;m",
                true,
                Some(3),
            ),
            ("ERROR: Job failed: exit status 127\n", true, Some(127)),
            ("ERROR: Job failed: canceled\n", true, None),
            ("\u{1b}[32;1mJob succeeded\u{1b}[0;m\n", true, None),
            ("exit code 4\n", false, None),
            ("", false, None),
        ] {
            assert_eq!((is_whole(log.as_bytes()), exit_code(log.as_bytes())), (whole, code), "{log:?}");
        }
    }
}
