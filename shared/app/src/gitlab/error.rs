//! Why GitLab did not do it. Each error is one sentence for people, without its full stop, and never holds a secret.

use std::time::Duration;

use http::StatusCode;
use relay::Outcome;
use serde_json::Value;

use crate::http_target::{Answered, retry_after};

/// How many of GitLab's reasons are told, and how many characters of each: a form has no more fields than that, and
/// nobody reads a page of them in chat.
const REASONS_MAX: usize = 5;
/// See [`REASONS_MAX`].
const REASON_CHARS_MAX: usize = 300;

/// How long to wait where GitLab does not say.
const BUSY_DEFAULT: Duration = Duration::from_mins(1);

/// The longest wait that GitLab is believed: a rate limit counts by minutes.
const BUSY_MAX: Duration = Duration::from_mins(15);

/// Why an answer of GitLab is none.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It does not answer, or may not be asked.
    #[error("GitLab does not answer: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
        /// Whether the request may have arrived and had its effect.
        may_have_arrived: bool,
    },
    /// 401 and 403.
    #[error("GitLab does not take the token, or the token may not do that")]
    Denied,
    /// 404.
    #[error("GitLab knows no such thing, or does not show it to this token")]
    NotFound,
    /// 429.
    #[error("GitLab is asked too often; it wants to be left alone for {} s", retry_after.as_secs())]
    Busy {
        /// How long.
        retry_after: Duration,
    },
    /// Any other 4xx, with GitLab's own reasons.
    #[error("GitLab refuses it: {}", reasons.join("; "))]
    Refused {
        /// Never none.
        reasons: Vec<String>,
    },
    /// Anything else but 2xx.
    #[error("GitLab has a fault of its own (status {status})")]
    Fault {
        /// The status.
        status: u16,
    },
    /// An answer that ends in the middle, or does not end.
    #[error("GitLab's answer broke off, or is too long")]
    BrokenOff,
    /// An answer that is not what it is documented to be.
    #[error("GitLab's answer makes no sense")]
    Answer(#[source] serde_json::Error),
    /// An address that nothing can be appended to.
    #[error("GitLab's address in the project's settings is unusable")]
    Address,
}

impl AskError {
    pub(super) fn of(status: StatusCode, answer: &Answered) -> Self {
        match status.as_u16() {
            401 | 403 => Self::Denied,
            404 => Self::NotFound,
            429 => {
                let told = retry_after(&answer.headers).map(Duration::from_secs);
                Self::Busy { retry_after: told.unwrap_or(BUSY_DEFAULT).min(BUSY_MAX) }
            }
            400..=499 => Self::Refused { reasons: reasons(status, &answer.body) },
            status => Self::Fault { status },
        }
    }

    /// Whether another try may go better. What changes something must not be tried again on
    /// [`Self::may_have_had_effect`].
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::Fault { .. } | Self::BrokenOff)
    }

    /// Whether what was asked for may have been done all the same.
    pub fn may_have_had_effect(&self) -> bool {
        match self {
            Self::Unreachable { may_have_arrived, .. } => *may_have_arrived,
            Self::Fault { .. } | Self::BrokenOff | Self::Answer(_) => true,
            _ => false,
        }
    }
}

impl From<Outcome> for AskError {
    fn from(outcome: Outcome) -> Self {
        let may_have_arrived = matches!(outcome, Outcome::Unknown { .. });
        let reason = match outcome {
            Outcome::Unreachable { reason } | Outcome::Unknown { reason } | Outcome::Forbidden { reason } => {
                reason
            }
            other => other.name().to_owned(),
        };
        Self::Unreachable { reason, may_have_arrived }
    }
}

/// `{"message": "text"}`, `{"message": {"field": ["text"]}}` or `{"error": "text"}`: GitLab has all three.
fn reasons(status: StatusCode, body: &[u8]) -> Vec<String> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut reasons = Vec::new();
    for place in ["message", "error"] {
        match &answer[place] {
            Value::Object(fields) => {
                for (field, texts) in fields {
                    let texts = texts.as_array().map_or(std::slice::from_ref(texts), Vec::as_slice);
                    let texts = texts.iter().filter_map(Value::as_str);
                    reasons.extend(texts.map(|text| match field.as_str() {
                        "base" => text.to_owned(),
                        field => format!("{field} {text}"),
                    }));
                }
            }
            Value::Array(texts) => reasons.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned)),
            Value::String(text) => reasons.push(text.clone()),
            _ => {}
        }
    }
    if reasons.is_empty() {
        reasons.push(format!("status {}", status.as_u16()));
    }
    reasons.truncate(REASONS_MAX);
    reasons.iter().map(|reason| reason.chars().take(REASON_CHARS_MAX).collect()).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn check(status: u16, body: &str) -> String {
        let answer = Answered { headers: HeaderMap::new(), body: body.as_bytes().to_vec(), is_cut: false };
        AskError::of(StatusCode::from_u16(status).unwrap_or_default(), &answer).to_string()
    }

    #[test]
    fn gitlabs_reasons_are_told_in_whatever_shape_they_come() {
        assert_eq!(
            check(400, r#"{"message": {"title": ["is too long"], "base": ["Not here", "Not now"]}}"#),
            "GitLab refuses it: Not here; Not now; title is too long"
        );
        assert_eq!(check(409, r#"{"message": "409 Conflict"}"#), "GitLab refuses it: 409 Conflict");
        assert_eq!(check(400, r#"{"error": "ref is missing"}"#), "GitLab refuses it: ref is missing");
        assert_eq!(check(422, "<html>"), "GitLab refuses it: status 422");
        assert_eq!(check(400, &format!(r#"{{"message": "{}"}}"#, "é".repeat(999))).chars().count(), 319);
    }

    #[test]
    fn what_has_nothing_to_do_with_the_question_is_told_apart() {
        assert_eq!(check(401, "{}"), "GitLab does not take the token, or the token may not do that");
        assert_eq!(check(404, "{}"), "GitLab knows no such thing, or does not show it to this token");
        assert_eq!(
            check(429, "Retry later"),
            "GitLab is asked too often; it wants to be left alone for 60 s"
        );
        assert_eq!(check(502, ""), "GitLab has a fault of its own (status 502)");
        assert_eq!(check(302, ""), "GitLab has a fault of its own (status 302)");
    }
}
