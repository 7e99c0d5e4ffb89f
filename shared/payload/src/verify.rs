//! Whether a request comes from who it says, in constant time.
//!
//! Not here: reading the JSON. Nothing is parsed before it is found authentic.

use std::borrow::Cow;

use http::HeaderMap;

use crate::encoding::json;
use crate::hub_signature;
use crate::standard_webhooks::{self, PREFIX, SigningKey};
use crate::{Forge, Payload, Secret};

/// What stands before GitHub's and Bitbucket's signatures; those of Gitea and its kin are bare.
const SHA256: &str = "sha256=";

/// How a request proved where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// GitLab's `X-Gitlab-Token`: a shared secret in clear.
    Token,
    /// A Standard Webhooks signature.
    StandardWebhooks,
    /// HMAC-SHA256 in hexadecimal, as GitHub sends it.
    HubSignature,
}

/// Why a request is not authentic. The texts are for the sender and name no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A token that is none of the source's.
    #[error("The token in X-Gitlab-Token is wrong.")]
    WrongToken,
    /// No signature of the request was made with a secret of the source.
    #[error("The signature does not match any secret of this source.")]
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

/// Judges a request by the source's live secrets, several while they are rotated. Signatures are over the bytes as they
/// were sent, but those of Gitea and its kin, which are over the JSON that is wrapped in them.
///
/// A secret that starts with `whsec_` is a signing token, any other is compared with the token header. A request
/// that carries a signature is judged by it alone: falling back to the token would let an attacker who saw the
/// token once (it travels in clear) strip the signature's protection.
///
/// Of a header that came several times, the first counts.
///
/// `now_s` is the time of day, in seconds since 1970.
pub fn verify(forge: Forge, secrets: &[Secret], payload: Payload<'_>, now_s: i64) -> Verdict {
    let body = payload.body;
    match forge {
        Forge::GitLab => gitlab(secrets, payload, now_s),
        Forge::GitHub => hub(secrets, payload.headers, ("x-hub-signature-256", SHA256), body),
        // SHA-256 in the header that GitHub uses for SHA-1.
        Forge::BitbucketCloud | Forge::BitbucketServer => {
            hub(secrets, payload.headers, ("x-hub-signature", SHA256), body)
        }
        // Over the JSON, also where a form carries it; GitHub signs the form.
        Forge::Gitea => hub(secrets, payload.headers, ("x-gitea-signature", ""), &unwrapped(payload)),
        Forge::Forgejo => hub(secrets, payload.headers, ("x-forgejo-signature", ""), &unwrapped(payload)),
        Forge::Gogs => hub(secrets, payload.headers, ("x-gogs-signature", ""), &unwrapped(payload)),
    }
}

/// What cannot be unwrapped is judged as it came: if it is authentic, [`crate::parse`] says what is wrong with it.
fn unwrapped(payload: Payload<'_>) -> Cow<'_, [u8]> {
    json(payload).unwrap_or(Cow::Borrowed(payload.body))
}

fn gitlab(secrets: &[Secret], payload: Payload<'_>, now_s: i64) -> Verdict {
    let (signing, tokens): (Vec<_>, Vec<_>) =
        secrets.iter().partition(|secret| secret.expose().starts_with(PREFIX));
    // Whatever stands there, readable or not: a broken signature is not to be rescued by the token.
    let is_signed = payload.headers.get_all("webhook-signature").iter().any(|value| !value.is_empty());
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

/// A signature in hexadecimal, with the forge's prefix. An empty one means that the forge has no secret to sign with:
/// Gitea and Forgejo send the header all the same.
fn hub(secrets: &[Secret], headers: &HeaderMap, (header, prefix): (&str, &str), signed: &[u8]) -> Verdict {
    let value = match headers.get(header) {
        Some(value) => value.to_str().unwrap_or("not even text").trim(),
        None => return Verdict::Unsigned,
    };
    if value.is_empty() || value == prefix {
        return Verdict::Unsigned;
    }
    let keys: Vec<_> = secrets.iter().filter(|secret| !secret.expose().starts_with(PREFIX)).collect();
    let signature = value.strip_prefix(prefix).ok_or(Refusal::WrongSignature);
    match signature.and_then(|signature| hub_signature::verify(&keys, signature, signed)) {
        Ok(()) => Verdict::Authentic(Scheme::HubSignature),
        Err(refusal) => Verdict::Refused(refusal),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

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
    fn an_unreadable_signature_is_not_rescued_by_a_good_token() {
        for signatures in [&["v1,\u{fc}"][..], &["", "v1,AAAA"]] {
            let mut headers: HeaderMap =
                [(TOKEN.0.parse().unwrap(), TOKEN.1.parse().unwrap())].into_iter().collect();
            for signature in signatures {
                headers.append("webhook-signature", HeaderValue::from_bytes(signature.as_bytes()).unwrap());
            }
            let payload = Payload { headers: &headers, body: b"{}" };
            let verdict = verify(Forge::GitLab, &[Secret::new("sampleToken!")], payload, 1_700_000_000);
            assert_eq!(verdict, Verdict::Refused(Refusal::Malformed), "{signatures:?}");
        }
    }

    #[test]
    fn half_a_signature_is_malformed() {
        assert_eq!(check(&[SIGNING_TOKEN], &SIGNED[1..]), Verdict::Refused(Refusal::Malformed));
    }

    /// Official examples of GitHub and of Bitbucket (who wrote it without the comma); the same sum for the others.
    const EVERYBODY: &str = "It's a Secret to Everybody";
    const HELLO: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const HELLO_ATLASSIAN: &str = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";

    fn check_hub(forge: Forge, header: &'static str, value: &str, body: &[u8]) -> Verdict {
        let headers = [(header.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
        verify(forge, &[Secret::new(EVERYBODY)], Payload { headers: &headers, body }, 0)
    }

    #[test]
    fn each_forge_signs_under_a_header_of_its_own() {
        let signed = Verdict::Authentic(Scheme::HubSignature);
        let (github, atlassian) = (format!("sha256={HELLO}"), format!("sha256={HELLO_ATLASSIAN}"));
        for (forge, header, value, body) in [
            (Forge::GitHub, "x-hub-signature-256", github.as_str(), &b"Hello, World!"[..]),
            (Forge::BitbucketCloud, "x-hub-signature", &atlassian, b"Hello World!"),
            (Forge::BitbucketServer, "x-hub-signature", &atlassian, b"Hello World!"),
            (Forge::Gitea, "x-gitea-signature", HELLO, b"Hello, World!"),
            (Forge::Forgejo, "x-forgejo-signature", HELLO, b"Hello, World!"),
            (Forge::Gogs, "x-gogs-signature", HELLO, b"Hello, World!"),
        ] {
            assert_eq!(check_hub(forge, header, value, body), signed, "{forge}");
            let refused = Verdict::Refused(Refusal::WrongSignature);
            assert_eq!(check_hub(forge, header, value, b"Hello, world!"), refused, "{forge}");
            assert_eq!(check_hub(forge, header, &value[..value.len() - 2], body), refused, "{forge}");
            assert_eq!(check_hub(forge, "x-other", value, body), Verdict::Unsigned, "{forge}");
        }
    }

    #[test]
    fn an_empty_signature_is_no_signature() {
        assert_eq!(check_hub(Forge::Gitea, "x-gitea-signature", "", b"{}"), Verdict::Unsigned);
        assert_eq!(check_hub(Forge::GitHub, "x-hub-signature-256", "sha256=", b"{}"), Verdict::Unsigned);
    }

    #[test]
    fn githubs_sha1_proves_nothing() {
        let sha1 = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";
        assert_eq!(check_hub(Forge::GitHub, "x-hub-signature", sha1, b"Hello, World!"), Verdict::Unsigned);
        let refused = Verdict::Refused(Refusal::WrongSignature);
        assert_eq!(check_hub(Forge::GitHub, "x-hub-signature-256", sha1, b"Hello, World!"), refused);
    }

    #[test]
    fn a_form_is_signed_whole_by_github_and_by_its_json_at_giteas() {
        // HMAC-SHA256 of `payload=%7B%7D` and of `{}`, by openssl.
        let form_signature = "8a36b8b46dc5d852915b945b7e6d94c7839a611f3864a1bb9ea4679fef85f330";
        let json_signature = "50b0123e6e44430d2c43ecca0ee520d961ffd326425c07859f70a57161c3ebcd";
        let check = |forge, header: &'static str, signature: &str| {
            let form = ("content-type", "application/x-www-form-urlencoded");
            let headers = [form, (header, signature)];
            let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let headers = headers.into_iter().collect();
            verify(
                forge,
                &[Secret::new(EVERYBODY)],
                Payload { headers: &headers, body: b"payload=%7B%7D" },
                0,
            )
        };
        let signed = Verdict::Authentic(Scheme::HubSignature);
        assert_eq!(check(Forge::GitHub, "x-hub-signature-256", &format!("sha256={form_signature}")), signed);
        assert_eq!(check(Forge::Gitea, "x-gitea-signature", json_signature), signed);
        assert_ne!(check(Forge::Gitea, "x-gitea-signature", form_signature), signed);
    }
}
