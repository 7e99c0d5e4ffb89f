//! What of a request and of its answer may be kept for people to read: the log of attempts is read by more people than
//! a hook's settings are.
//!
//! Not here: where it is kept (`app::attempts`), what is sent (`http_request`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::limits::{ANSWER_HEADER_BYTES_MAX, ANSWER_HEADERS_MAX, LOGGED_BODY_BYTES_MAX, SCRUBBED_BYTES_MIN};

/// Stands in the place of a secret.
pub const HIDDEN: &str = "***";

/// The headers that we add to those of the sender's that are kept, and whose values everybody may read as well.
const OURS: [&str; 3] = ["webhook-attempt", "webhook-timestamp", "x-gitlab-webhook-uuid"];

/// What the name of a header has in it whose value lets somebody in. Of answers, whose headers nobody can list.
const SECRETIVE: [&str; 10] = [
    "api-key",
    "apikey",
    "authenticat",
    "authoriz",
    "cookie",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
];

/// A body as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Base64(String),
    /// More than [`LOGGED_BODY_BYTES_MAX`]: nothing of it is kept.
    Oversize {
        /// How long it was.
        bytes: usize,
    },
}

/// Whether everybody may read a request's header. By a list of the allowed: any other header is the hook's own, or proves
/// something.
fn is_readable(name: &str) -> bool {
    payload::is_kept(name) || OURS.contains(&name)
}

/// The headers of a request.
pub fn request_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let is_shown = !value.is_sensitive() && is_readable(name.as_str());
        let value = value.to_str().ok().filter(|_| is_shown);
        (name.to_string(), value.unwrap_or(HIDDEN).to_owned())
    });
    shown.collect()
}

/// The body of a request.
pub fn request_body(body: &[u8]) -> Body {
    if body.len() > LOGGED_BODY_BYTES_MAX { Body::Oversize { bytes: body.len() } } else { Body::of(body) }
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}

/// What a request says that nobody else may read. Targets repeat it: many a test server answers with all that it got.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Those of a request that goes to this URL.
    pub fn of(url: &str, headers: &HeaderMap) -> Self {
        let hidden =
            headers.iter().filter(|(name, value)| value.is_sensitive() || !is_readable(name.as_str()));
        let mut secrets: Vec<_> = hidden.map(|(_, value)| value.as_bytes().to_vec()).collect();
        if let Ok(url) = url::Url::parse(url) {
            secrets.push(url.password().unwrap_or_default().into());
            secrets.push(url.query().unwrap_or_default().into());
            // Chat services put the password into the path.
            secrets.push(url.path().into());
        }
        // What is short stands in every text by chance.
        secrets.retain(|secret| secret.len() >= SCRUBBED_BYTES_MIN);
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    fn scrub(&self, bytes: &[u8]) -> Vec<u8> {
        let mut scrubbed = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            if let Some(secret) = self.0.iter().find(|secret| rest.starts_with(secret)) {
                scrubbed.extend_from_slice(HIDDEN.as_bytes());
                rest = &rest[secret.len()..];
            } else {
                scrubbed.push(*first);
                rest = behind;
            }
        }
        scrubbed
    }
}

/// The headers of an answer: the first of them, each cut.
pub fn answer_headers(headers: &HeaderMap, secrets: &Secrets) -> Vec<(String, String)> {
    let shown = headers.iter().take(ANSWER_HEADERS_MAX).map(|(name, value)| {
        let is_secretive = SECRETIVE.iter().any(|part| name.as_str().contains(part));
        if is_secretive {
            return (cut(name.as_str()), HIDDEN.to_owned());
        }
        let value = String::from_utf8_lossy(&secrets.scrub(value.as_bytes())).into_owned();
        (cut(name.as_str()), cut(&value))
    });
    shown.collect()
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(ANSWER_HEADER_BYTES_MAX)].to_owned()
}

/// The body of an answer, or what was read of it. `is_cut` says that there was more.
pub fn answer_body(read: &[u8], is_cut: bool, secrets: &Secrets) -> Body {
    let mut read = read;
    if let Err(error) = std::str::from_utf8(read)
        && is_cut
        && error.error_len().is_none()
    {
        // Cut in the middle of a character.
        read = &read[..error.valid_up_to()];
    }
    Body::of(&secrets.scrub(read))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn check(pairs: &[(String, String)]) -> Vec<String> {
        pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn of_a_request_what_proves_something_and_what_is_the_hooks_own_is_hidden() {
        let mut sent = headers(&[
            ("x-gitlab-event", "Push Hook"),
            ("webhook-id", "d-1"),
            ("x-gitlab-token", "target-token"),
            ("webhook-signature", "v1,abc"),
            ("x-hub-signature-256", "sha256=00"),
            ("x-my-own", "hunter2"),
        ]);
        let mut marked = HeaderValue::from_static("hunter3");
        marked.set_sensitive(true);
        sent.insert("user-agent", marked);
        assert_eq!(
            check(&request_headers(&sent)),
            [
                "x-gitlab-event: Push Hook",
                "webhook-id: d-1",
                "x-gitlab-token: ***",
                "webhook-signature: ***",
                "x-hub-signature-256: ***",
                "x-my-own: ***",
                "user-agent: ***",
            ]
        );
    }

    #[test]
    fn a_target_that_repeats_what_it_got_gives_no_secret_away() {
        let sent = headers(&[("x-gitlab-token", "target-token"), ("webhook-id", "delivery-1")]);
        let secrets = Secrets::of("https://me:pass-word@h.example.com/services/T0/B1/xyz?key=abcdef", &sent);
        let echo = b"Got target-token, pass-word, /services/T0/B1/xyz?key=abcdef and delivery-1.";
        let Body::Text(shown) = answer_body(echo, false, &secrets) else { panic!() };
        assert_eq!(shown, "Got ***, ***, ***?*** and delivery-1.");
        let answered = headers(&[
            ("location", "https://elsewhere.example.com/?t=target-token"),
            ("set-cookie", "id=1"),
            ("x-csrf-token", "1"),
            ("server", "nginx"),
        ]);
        assert_eq!(
            check(&answer_headers(&answered, &secrets)),
            [
                "location: https://elsewhere.example.com/?t=***",
                "set-cookie: ***",
                "x-csrf-token: ***",
                "server: nginx"
            ]
        );
    }

    #[test]
    fn an_answer_has_fifty_headers_of_a_kilobyte() {
        let many: HeaderMap = (0..60)
            .map(|n| (format!("x-{n}").parse().unwrap(), "ü".repeat(2_000).parse().unwrap()))
            .collect();
        let kept = answer_headers(&many, &Secrets::default());
        assert_eq!(kept.len(), 50);
        assert!(kept.iter().all(|(_, value)| value.len() == 1024 && value.ends_with('ü')));
    }

    #[test]
    fn bodies_are_text_where_they_are_text() {
        let none = Secrets::default();
        assert_eq!(answer_body("grün".as_bytes(), false, &none), Body::Text("grün".to_owned()));
        assert_eq!(answer_body(&"grü".as_bytes()[..3], true, &none), Body::Text("gr".to_owned()), "cut");
        assert_eq!(answer_body(&"grü".as_bytes()[..3], false, &none), Body::Base64("Z3LD".to_owned()));
        assert_eq!(answer_body(&[0x1f, 0x8b], true, &none), Body::Base64("H4s=".to_owned()));
        assert_eq!(request_body(&vec![b'x'; 65_537]), Body::Oversize { bytes: 65_537 });
        assert_eq!(request_body(b"{}"), Body::Text("{}".to_owned()));
    }

    proptest! {
        #[test]
        fn whatever_a_target_answers_the_token_is_not_in_it(
            before in prop::collection::vec(any::<u8>(), 0..40), after in ".{0,40}", is_cut: bool,
        ) {
            let secrets = Secrets::of("https://h/", &headers(&[("x-gitlab-token", "target-token")]));
            let echo = [&before[..], b"target-token", after.as_bytes()].concat();
            let kept = match answer_body(&echo, is_cut, &secrets) {
                Body::Text(text) => text.into_bytes(),
                Body::Base64(text) => STANDARD.decode(text).unwrap(),
                Body::Oversize { .. } => unreachable!(),
            };
            prop_assert!(!kept.windows(12).any(|window| window == b"target-token"));
        }
    }
}
