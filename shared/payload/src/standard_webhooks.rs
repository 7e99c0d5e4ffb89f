//! The Standard Webhooks signature: HMAC-SHA256 over `{id}.{timestamp}.{body}`
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//! GitLab signs this way since 19.0; Bellhop signs what it sends the same way.
//!
//! Not here: the asymmetric scheme `v1a`, which no forge sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::headers::text;
use crate::limits::{SIGNATURE_AGE_MAX, SIGNATURES_MAX, SIGNING_KEY_BYTES};
use crate::{Payload, Refusal, Secret};

/// What a signing token starts with.
pub(crate) const PREFIX: &str = "whsec_";

/// HMAC-SHA256's length.
const SIGNATURE_BYTES: usize = 32;

/// A key made from a `whsec_` token.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<Vec<u8>>);

/// Why a text is no signing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Something else than `whsec_...`.
    #[error("a signing token starts with whsec_")]
    Prefix,
    /// Not base64.
    #[error("a signing token is whsec_ and then base64")]
    Base64,
    /// Too short to be safe, or too long to be a key.
    #[error("a signing token holds 24 to 64 bytes in base64, and this one holds {0}")]
    Length(usize),
}

impl SigningKey {
    /// Decodes `whsec_` and base64.
    pub fn new(token: &Secret) -> Result<Self, SigningKeyError> {
        let encoded = token.expose().strip_prefix(PREFIX).ok_or(SigningKeyError::Prefix)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SigningKeyError::Base64)?);
        if !SIGNING_KEY_BYTES.contains(&key.len()) {
            return Err(SigningKeyError::Length(key.len()));
        }
        Ok(Self(key))
    }

    /// The signature of one request, as it stands in `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signature = self.mac(id, &timestamp.to_string(), body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(signature))
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key length will do");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

/// Whether any signature of the request was made with any of the keys, within five minutes of `now_s`.
pub(crate) fn verify(keys: &[SigningKey], payload: Payload<'_>, now_s: i64) -> Result<(), Refusal> {
    let part = |name| text(payload.headers, name).filter(|value| !value.is_empty()).ok_or(Refusal::Malformed);
    let (id, timestamp, signatures) =
        (part("webhook-id")?, part("webhook-timestamp")?, part("webhook-signature")?);
    let signed_at_s: i64 = timestamp.parse().map_err(|_| Refusal::Malformed)?;
    if now_s.abs_diff(signed_at_s) > SIGNATURE_AGE_MAX.as_secs() {
        return Err(Refusal::Stale);
    }
    let signatures = signatures.split_ascii_whitespace().take(SIGNATURES_MAX).filter_map(decode);
    let authentic = signatures.into_iter().any(|signature| {
        // `verify_slice` compares in constant time.
        keys.iter().any(|key| key.mac(id, timestamp, payload.body).verify_slice(&signature).is_ok())
    });
    if authentic { Ok(()) } else { Err(Refusal::WrongSignature) }
}

/// Decodes one `v1,` signature to its exact length. Comparing what is shorter would let a prefix pass
/// (RUSTSEC-2024-0010).
fn decode(signature: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    STANDARD.decode(signature.strip_prefix("v1,")?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the reference libraries' own tests (MIT), all of which agree on it.
    const TOKEN: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNED_AT_S: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> SigningKey {
        SigningKey::new(&Secret::new(TOKEN)).unwrap()
    }

    fn check(signature: &str, now_s: i64, body: &[u8]) -> Result<(), Refusal> {
        let headers =
            [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", signature)]
                .into_iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
        verify(&[key()], Payload { headers: &headers, body }, now_s)
    }

    #[test]
    fn the_reference_vector_is_signed_and_verified() {
        assert_eq!(key().sign(ID, SIGNED_AT_S, BODY), SIGNATURE);
        assert_eq!(check(SIGNATURE, SIGNED_AT_S, BODY), Ok(()));
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        let several = format!("v1a,xyz v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {SIGNATURE}");
        assert_eq!(check(&several, SIGNED_AT_S, BODY), Ok(()));
    }

    #[test]
    fn anything_less_than_the_whole_signature_is_refused() {
        let wrongs =
            ["v1,", "v1,g0hM9SsE+OTPJTGt", &SIGNATURE[3..], "v2,g0hM9SsE", &SIGNATURE.to_lowercase()];
        for wrong in wrongs {
            assert_eq!(check(wrong, SIGNED_AT_S, BODY), Err(Refusal::WrongSignature), "{wrong}");
        }
        assert_eq!(check("", SIGNED_AT_S, BODY), Err(Refusal::Malformed));
    }

    #[test]
    fn one_flipped_bit_of_body_or_signature_is_refused() {
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check(SIGNATURE, SIGNED_AT_S, &body), Err(Refusal::WrongSignature), "bit {bit}");
        }
        let signature = decode(SIGNATURE).unwrap();
        for bit in 0..SIGNATURE_BYTES * 8 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let header = format!("v1,{}", STANDARD.encode(flipped));
            assert_eq!(check(&header, SIGNED_AT_S, BODY), Err(Refusal::WrongSignature), "bit {bit}");
        }
    }

    #[test]
    fn a_replay_after_five_minutes_is_refused() {
        assert_eq!(check(SIGNATURE, SIGNED_AT_S + 300, BODY), Ok(()));
        assert_eq!(check(SIGNATURE, SIGNED_AT_S - 300, BODY), Ok(()));
        assert_eq!(check(SIGNATURE, SIGNED_AT_S + 301, BODY), Err(Refusal::Stale));
        assert_eq!(check(SIGNATURE, SIGNED_AT_S - 301, BODY), Err(Refusal::Stale));
    }

    #[test]
    fn a_token_that_is_no_key_is_refused_with_the_reason() {
        let error = |token: &str| SigningKey::new(&Secret::new(token)).err();
        assert_eq!(error("s3cret"), Some(SigningKeyError::Prefix));
        assert_eq!(error("whsec_%%"), Some(SigningKeyError::Base64));
        assert_eq!(error("whsec_c2hvcnQ="), Some(SigningKeyError::Length(5)));
    }
}
