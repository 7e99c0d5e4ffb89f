//! HMAC-SHA256 over the body, in hexadecimal: what GitHub began and others took over, each under another header.
//!
//! Not here: SHA-1 signatures, which GitHub still sends beside these and nobody should trust.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Refusal, Secret};

const SIGNATURE_BYTES: usize = 32;

/// Whether the signature was made with one of the secrets. `signature` is hexadecimal, without a prefix.
pub(crate) fn verify(secrets: &[&Secret], signature: &str, body: &[u8]) -> Result<(), Refusal> {
    let secrets = secrets.iter().copied();
    if is_signed(secrets, signature, &[body]) { Ok(()) } else { Err(Refusal::WrongSignature) }
}

/// Whether `signature`, 64 hexadecimal digits, is the HMAC-SHA256 of the parts, one behind the other, with one of the
/// secrets.
pub fn is_signed<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    signature: &str,
    parts: &[&[u8]],
) -> bool {
    let Some(signature) = decode(signature) else { return false };
    // Every secret is tried, so that the time does not tell which one fits. The comparison takes constant time.
    let fits = |secret: &&Secret| mac(secret, parts).verify_slice(&signature).is_ok();
    secrets.into_iter().filter(fits).count() > 0
}

/// The signature of a body, as it stands in `X-Hub-Signature-256`
/// (<https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>).
pub fn hub_signature(secret: &Secret, body: &[u8]) -> String {
    let signature = mac(secret, &[body]).finalize().into_bytes();
    let digits: Vec<_> = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={}", digits.concat())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(secret: &Secret, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("any key length will do");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// Exactly 64 hexadecimal digits, in either case.
fn decode(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * SIGNATURE_BYTES {
        return None;
    }
    let mut signature = [0; SIGNATURE_BYTES];
    for (byte, pair) in signature.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.
    const SIGNATURE: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const BODY: &[u8] = b"Hello, World!";

    fn check(secrets: &[&str], signature: &str, body: &[u8]) -> bool {
        let secrets: Vec<_> = secrets.iter().copied().map(Secret::new).collect();
        verify(&secrets.iter().collect::<Vec<_>>(), signature, body).is_ok()
    }

    #[test]
    fn githubs_example_fits_its_secret_and_no_other() {
        assert!(check(&["It's a Secret to Everybody"], SIGNATURE, BODY));
        assert_eq!(
            hub_signature(&Secret::new("It's a Secret to Everybody"), BODY),
            format!("sha256={SIGNATURE}")
        );
        assert!(check(&["the old one", "It's a Secret to Everybody"], SIGNATURE, BODY));
        assert!(check(&["It's a Secret to Everybody"], &SIGNATURE.to_uppercase(), BODY));
        assert!(!check(&["It's a secret to Everybody"], SIGNATURE, BODY));
        assert!(!check(&[], SIGNATURE, BODY));
    }

    #[test]
    fn anything_but_the_exact_signature_is_refused() {
        let longer = format!("{SIGNATURE}00");
        for wrong in
            ["", &SIGNATURE[..62], &longer, &SIGNATURE.replace('7', "8"), &"é".repeat(32), &"g".repeat(64)]
        {
            assert!(!check(&["It's a Secret to Everybody"], wrong, BODY), "{wrong}");
        }
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert!(!check(&["It's a Secret to Everybody"], SIGNATURE, &body), "bit {bit}");
        }
    }
}
