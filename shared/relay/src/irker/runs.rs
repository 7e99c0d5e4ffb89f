//! What machines do: pipelines, jobs and deployments, at one moment.
//!
//! Not here: which moments a channel hears of (`route`).

use payload::{Deployment, Event, Run, Status};

use super::line::{Line, Paint};
use super::parts::{numbered, origin, place, reference, spaced};

pub(super) fn pipeline(event: &Event, run: &Run) -> Line {
    let line = place(event).words("pipeline");
    let line = match &run.name {
        Some(name) => line.words(" ").name(Paint::NUMBER, name),
        None => line,
    };
    ran(event, run, numbered(line, '#', run.number))
}

/// A job's number tells nobody anything, but for one without a name.
pub(super) fn job(event: &Event, run: &Run) -> Line {
    let line = place(event).words("job");
    let line = match &run.name {
        Some(name) => line.words(" ").name(Paint::NUMBER, name),
        None => numbered(line, '#', run.number),
    };
    ran(event, run, line)
}

fn ran(event: &Event, run: &Run, line: Line) -> Line {
    let line = match &run.reference {
        Some(on) => reference(line.words(" on "), on),
        None => line,
    };
    let line = standing(line, &run.status, "passed");
    let line = match run.duration_s {
        Some(seconds) if is_over(&run.status) => line.words(&format!(" after {}", duration(seconds))),
        _ => line,
    };
    origin(line, &event.actor, run.commit.as_ref()).maybe_url(" - ", run.url.as_ref())
}

/// Whether the time it took is its whole time.
fn is_over(status: &Status) -> bool {
    matches!(status, Status::Success | Status::Failed | Status::Canceled | Status::Other(_))
}

pub(super) fn deployment(event: &Event, deployment: &Deployment) -> Line {
    let line = numbered(place(event).words("deployment"), '#', deployment.number);
    let line = match &deployment.reference {
        Some(of) => reference(line.words(" of "), of),
        None => line,
    };
    let line = match &deployment.environment {
        Some(environment) => line.words(" to ").name(Paint::NUMBER, environment),
        None => line,
    };
    let line = standing(line, &deployment.status, "succeeded");
    origin(line, &event.actor, deployment.commit.as_ref()).maybe_url(" - ", deployment.url.as_ref())
}

/// ` is running`, ` failed`; `success` is the word for a good end.
fn standing(line: Line, status: &Status, success: &str) -> Line {
    let (lead, word) = match status {
        Status::Success => (" ", success),
        Status::Failed => (" ", "failed"),
        Status::Created | Status::Canceled | Status::Skipped => (" was ", status.as_str()),
        Status::Manual => (" ", "waits for somebody to start it"),
        Status::Pending | Status::Running | Status::Scheduled => (" is ", status.as_str()),
        Status::Other(own) => {
            return line.words(" is ").name(Paint::PLAIN, &spaced(own));
        }
    };
    line.words(lead).foreign(paint(status), word)
}

fn paint(status: &Status) -> Paint {
    match status {
        Status::Success => Paint::GOOD,
        Status::Failed => Paint::BAD,
        Status::Running => Paint::UNDER_WAY,
        Status::Created | Status::Pending | Status::Manual | Status::Scheduled => Paint::WAITING,
        Status::Canceled | Status::Skipped => Paint::IDLE,
        Status::Other(_) => Paint::PLAIN,
    }
}

/// In the two largest units: `42 s`, `3 min 7 s`, `2 h 5 min`.
pub(super) fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        let told: Vec<_> = [0, 59, 60, 187, 3600, 3661, 7500, u64::MAX].map(duration).into();
        assert_eq!(told[..7], ["0 s", "59 s", "1 min", "3 min 7 s", "1 h", "1 h 1 min", "2 h 5 min"]);
    }
}
