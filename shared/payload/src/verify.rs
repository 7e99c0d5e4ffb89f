//! Whether a request comes from who it says, judged over the raw bytes, in constant time.
//!
//! Not here: reading the body. Nothing is parsed before it is found authentic.

use crate::headers::text;
use crate::standard_webhooks::{self, PREFIX, SigningKey};
use crate::{Forge, Payload, Secret};

/// How a request proved where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// GitLab's `X-Gitlab-Token`: a shared secret in clear.
    Token,
    /// A Standard Webhooks signature.
    StandardWebhooks,
}

/// Why a request is not authentic. The texts are for the sender and name no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A token that is none of the source's.
    #[error("The token in X-Gitlab-Token is wrong.")]
    WrongToken,
    /// No signature of the request was made with a key of the source; perhaps the source has no signing token.
    #[error("The signature does not match any signing token of this source.")]
    WrongSignature,
    /// Signed too long ago, or in the future.
    #[error("The signature's timestamp is more than five minutes off.")]
    Stale,
    /// Signature headers that make no sense.
    #[error("The signature headers are incomplete or malformed.")]
    Malformed,
}

/// The result of looking at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Proven.
    Authentic(Scheme),
    /// It carries no proof at all. Only a source that says so accepts this: GitLab of 2014 had none to send.
    Unsigned,
    /// It carries a proof, and the proof is wrong. Never accepted.
    Refused(Refusal),
}

/// Judges a request by the source's live secrets, several while they are rotated.
///
/// A secret that starts with `whsec_` is a signing token, any other is compared with the token header. A request
/// that carries a signature is judged by it alone: falling back to the token would let an attacker who saw the
/// token once (it travels in clear) strip the signature's protection.
///
/// `now_s` is the time of day, in seconds since 1970.
pub fn verify(forge: Forge, secrets: &[Secret], payload: Payload<'_>, now_s: i64) -> Verdict {
    match forge {
        Forge::GitLab => gitlab(secrets, payload, now_s),
    }
}

fn gitlab(secrets: &[Secret], payload: Payload<'_>, now_s: i64) -> Verdict {
    let (signing, tokens): (Vec<_>, Vec<_>) =
        secrets.iter().partition(|secret| secret.expose().starts_with(PREFIX));
    let is_signed = text(payload.headers, "webhook-signature").is_some_and(|value| !value.is_empty());
    if is_signed {
        let keys: Vec<_> = signing.into_iter().filter_map(|token| SigningKey::new(token).ok()).collect();
        return match standard_webhooks::verify(&keys, payload, now_s) {
            Ok(()) => Verdict::Authentic(Scheme::StandardWebhooks),
            Err(refusal) => Verdict::Refused(refusal),
        };
    }
    let Some(candidate) = payload.headers.get("x-gitlab-token").filter(|value| !value.is_empty()) else {
        return Verdict::Unsigned;
    };
    // Every token is looked at, so that the time does not tell which one nearly matched.
    let matching = tokens.iter().filter(|token| token.matches(candidate.as_bytes())).count();
    if matching > 0 { Verdict::Authentic(Scheme::Token) } else { Verdict::Refused(Refusal::WrongToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From GitLab's merge request 231325; the signature was computed with the Python library `standardwebhooks`.
    const SIGNING_TOKEN: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
    const SIGNED: [(&str, &str); 3] = [
        ("webhook-id", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"),
        ("webhook-timestamp", "1700000000"),
        ("webhook-signature", "v1,68n7sQVzNQF7jew9KS2HTT9NVpOYy2A5oNqzWGa8QlM="),
    ];
    const TOKEN: (&str, &str) = ("x-gitlab-token", "sampleToken!");

    fn check(secrets: &[&str], headers: &[(&'static str, &str)]) -> Verdict {
        let secrets: Vec<_> = secrets.iter().copied().map(Secret::new).collect();
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let payload = Payload { headers: &headers, body: br#"{"object_kind":"push"}"# };
        verify(Forge::GitLab, &secrets, payload, 1_700_000_000)
    }

    #[test]
    fn gitlabs_token_opens_the_door_and_any_other_does_not() {
        assert_eq!(check(&["sampleToken!"], &[TOKEN]), Verdict::Authentic(Scheme::Token));
        assert_eq!(check(&["old", "sampleToken!"], &[TOKEN]), Verdict::Authentic(Scheme::Token));
        assert_eq!(check(&["other"], &[TOKEN]), Verdict::Refused(Refusal::WrongToken));
        assert_eq!(check(&[], &[TOKEN]), Verdict::Refused(Refusal::WrongToken));
    }

    #[test]
    fn a_request_without_token_or_with_an_empty_one_is_unsigned() {
        assert_eq!(check(&["sampleToken!"], &[]), Verdict::Unsigned);
        assert_eq!(check(&["sampleToken!", ""], &[("x-gitlab-token", "")]), Verdict::Unsigned);
    }

    #[test]
    fn gitlabs_signing_token_signs() {
        let signed = Verdict::Authentic(Scheme::StandardWebhooks);
        assert_eq!(check(&[SIGNING_TOKEN], &SIGNED), signed);
        assert_eq!(check(&["sampleToken!", SIGNING_TOKEN], &SIGNED), signed);
    }

    #[test]
    fn a_bad_signature_is_not_rescued_by_a_good_token() {
        let mut forged = SIGNED.to_vec();
        forged[2].1 = "v1,AAAAsQVzNQF7jew9KS2HTT9NVpOYy2A5oNqzWGa8QlM=";
        forged.push(TOKEN);
        let refused = Verdict::Refused(Refusal::WrongSignature);
        assert_eq!(check(&["sampleToken!", SIGNING_TOKEN], &forged), refused);
        assert_eq!(check(&["sampleToken!"], &forged), refused);
    }

    #[test]
    fn a_signing_token_is_never_compared_as_a_plain_one() {
        let sent = ("x-gitlab-token", SIGNING_TOKEN);
        assert_eq!(check(&[SIGNING_TOKEN], &[sent]), Verdict::Refused(Refusal::WrongToken));
    }

    #[test]
    fn half_a_signature_is_malformed() {
        assert_eq!(check(&[SIGNING_TOKEN], &SIGNED[1..]), Verdict::Refused(Refusal::Malformed));
    }
}
