//! What an HTTP hook is sent: the sender's body, byte for byte, with the headers GitLab's own webhooks have
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers>).

use config::HttpHook;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What goes to every target: the version of this crate is Bellhop's.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Bellhop/", env!("CARGO_PKG_VERSION")));

/// The sender's headers that are passed on as they are: what says how to read the bytes, and which event they are.
const PASSED_ON: [&str; 11] = [
    "content-encoding",
    "x-event-key",
    "x-forgejo-event",
    "x-forgejo-event-type",
    "x-gitea-event",
    "x-gitea-event-type",
    "x-github-event",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gitlab-instance",
    "x-gogs-event",
];

/// A request, ready to be posted to the hook's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// All headers that say something; the client adds `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The sender's bytes.
    pub body: Vec<u8>,
}

/// The payload as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// The kept headers, by lower-case name (see `payload::kept`).
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: Vec<u8>,
}

/// The request for one attempt. `id` names the delivery and is the same at every attempt, so that a target can tell
/// a repetition (`Idempotency-Key`, `webhook-id`); `attempt` counts from 1.
pub fn http_request(hook: &HttpHook, original: Original, id: &str, attempt: u32) -> HttpRequest {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| {
        // A value that no header can carry is left out: `HttpHook::check` has refused it when it was configured.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let received =
        |name: &str| original.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    set("content-type", received("content-type").unwrap_or("application/json"));
    for name in PASSED_ON {
        if let Some(value) = received(name) {
            set(name, value);
        }
    }
    set("idempotency-key", id);
    set("webhook-id", id);
    set("webhook-attempt", &attempt.to_string());
    if let Some(token) = &hook.token {
        set("x-gitlab-token", token.expose());
    }
    if let Some(token) = headers.get_mut("x-gitlab-token") {
        token.set_sensitive(true);
    }
    headers.insert(http::header::USER_AGENT, USER_AGENT);
    HttpRequest { headers, body: original.body }
}

#[cfg(test)]
mod tests {
    use config::HookId;
    use payload::Secret;

    use super::*;

    fn check(received: &[(&str, &str)]) -> HttpRequest {
        let hook = HttpHook {
            token: Some(Secret::new("target-token")),
            ..HttpHook::to(HookId(1), "https://ci.example.com/")
        };
        let headers =
            received.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        http_request(&hook, Original { headers, body: b"{ \"spaces\" : 1 }".to_vec() }, "d-1", 2)
    }

    #[test]
    fn the_target_gets_the_senders_bytes_and_gitlabs_headers() {
        let request = check(&[
            ("content-encoding", "gzip"),
            ("content-type", "application/json; charset=utf-8"),
            ("x-gitlab-event", "Push Hook"),
            ("idempotency-key", "the-senders"),
            ("user-agent", "GitLab/19.0.0"),
        ]);
        assert_eq!(request.body, b"{ \"spaces\" : 1 }");
        let mut lines: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"), @"
        content-encoding: gzip
        content-type: application/json; charset=utf-8
        idempotency-key: d-1
        user-agent: Bellhop/0.1.0
        webhook-attempt: 2
        webhook-id: d-1
        x-gitlab-event: Push Hook
        x-gitlab-token: target-token
        ");
    }

    #[test]
    fn a_sender_of_2014_has_no_headers_to_pass_on() {
        let request = check(&[]);
        assert_eq!(request.headers["content-type"], "application/json");
        assert!(!request.headers.contains_key("x-gitlab-event"));
    }

    #[test]
    fn the_token_is_not_shown() {
        assert!(!format!("{:?}", check(&[])).contains("target-token"));
    }
}
