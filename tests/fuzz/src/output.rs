//! A job's log: what chat and people are shown of it holds no secret and gives no orders to a terminal.

use app::runner_log;
use chatops::limits::{LAST_LINES_BYTES_MAX, OUTPUT_BYTES_MAX};
use chatops::output::{Log, has_sole_command, last_lines, reply, whole};
use payload::Secret;

/// In an input, `@` stands for it.
const SECRET: &str = "s3cr3t-0f-th3-j0b";

/// An input is a line that was typed behind the job's name, and the log.
pub(crate) fn job_output(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let arguments = String::from_utf8_lossy(&bytes[..end]);
    let mut log = Vec::with_capacity(bytes.len());
    for byte in &bytes[end..] {
        match byte {
            b'@' => log.extend_from_slice(SECRET.as_bytes()),
            byte => log.push(*byte),
        }
    }
    let secrets = [Secret::new(SECRET)];
    let is_sole_command = has_sole_command(&log);
    let log = Log { bytes: &log, secrets: &secrets, arguments: &arguments, is_sole_command };
    let (reply, last) = (reply(&log).text, last_lines(&log).text);
    assert!(reply.len() <= OUTPUT_BYTES_MAX && last.len() <= LAST_LINES_BYTES_MAX);
    for shown in [reply, last, whole(&log)] {
        assert!(!shown.contains(SECRET), "{shown:?} shows a secret");
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
    }
    assert!(runner_log::is_whole(log.bytes) || runner_log::exit_code(log.bytes).is_none());
}
