//! Secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to the place where they are stored, so that a sealed
//! secret copied into another project's rows does not open there.
//!
//! Not here: where the key comes from. On one machine it is a file, on Lambda a secret of the account.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payload::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Chance;

/// The shortest passphrase that makes a key, in bytes: 32 hexadecimal digits hold 128 bits, if they are random.
const PASSPHRASE_BYTES_MIN: usize = 32;

/// GCM's nonce. Random ones are safe for four thousand million seals under one key.
const NONCE_BYTES: usize = 12;

/// A secret that only [`Sealer::open`] can read: nonce, ciphertext and tag in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// Seals and opens.
#[derive(Clone)]
pub struct Sealer(Aes256Gcm);

/// Why nothing could be sealed or opened. Never says what.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A key that could be guessed.
    #[error("the sealing key has fewer than {PASSPHRASE_BYTES_MIN} characters")]
    WeakKey,
    /// Sealed with another key, or for another place, or damaged.
    #[error("a stored secret does not open with this sealing key")]
    Closed,
}

impl Sealer {
    /// Makes the key from a random text of at least 32 characters. It is hashed to the key's length; a text that
    /// people made up would need a slow hash instead.
    pub fn new(passphrase: &Secret) -> Result<Self, SealError> {
        let text = passphrase.expose().trim();
        if text.len() < PASSPHRASE_BYTES_MIN {
            return Err(SealError::WeakKey);
        }
        Ok(Self(Aes256Gcm::new(&Sha256::digest(text.as_bytes()))))
    }

    /// Seals a secret for one place.
    pub fn seal(&self, secret: &Secret, place: &str, chance: &Chance) -> Result<Sealed, SealError> {
        let nonce: [u8; NONCE_BYTES] = chance.bytes();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Closed)?;
        Ok(Sealed(STANDARD.encode([&nonce[..], &sealed].concat())))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, sealed: &Sealed, place: &str) -> Result<Secret, SealError> {
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| SealError::Closed)?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Closed)?;
        let opened = self.0.decrypt(&Nonce::from(*nonce), Payload { msg, aad: place.as_bytes() });
        let text =
            String::from_utf8(opened.map_err(|_| SealError::Closed)?).map_err(|_| SealError::Closed)?;
        Ok(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(passphrase: &str) -> Sealer {
        Sealer::new(&Secret::new(passphrase)).unwrap()
    }

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_sealed_secret_opens_only_with_its_key_in_its_place() {
        let secret = Secret::new("hunter2");
        let sealed = sealer(KEY).seal(&secret, "project#7", &Chance::System).unwrap();
        assert!(!serde_json::to_string(&sealed).unwrap().contains("hunter2"));
        assert_eq!(sealer(KEY).open(&sealed, "project#7").unwrap(), secret);
        assert!(sealer(KEY).open(&sealed, "project#8").is_err());
        assert!(sealer(&KEY.replace('0', "9")).open(&sealed, "project#7").is_err());
    }

    #[test]
    fn one_secret_sealed_twice_looks_different() {
        let seal = || sealer(KEY).seal(&Secret::new("hunter2"), "x", &Chance::System).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn damage_is_noticed() {
        for broken in ["", "AAAA", "no base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(sealer(KEY).open(&Sealed(broken.to_owned()), "x").is_err(), "{broken}");
        }
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(matches!(Sealer::new(&Secret::new("short")), Err(SealError::WeakKey)));
    }
}
