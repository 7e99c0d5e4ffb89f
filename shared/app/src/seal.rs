//! Secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to the place where they are stored, so that a sealed
//! secret copied into another project's rows does not open there.
//!
//! Not here: where the key comes from. On one machine it is a file, on Lambda a secret of the account.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use payload::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Chance;
use crate::ids::hex;

/// The shortest passphrase that makes a key, in bytes: 32 hexadecimal digits hold 128 bits, if they are random.
const PASSPHRASE_BYTES_MIN: usize = 32;

/// GCM's nonce. Random ones are safe for four thousand million seals under one key.
const NONCE_BYTES: usize = 12;

/// What the signing key is made for, besides the sealing key.
const SIGNING: &str = "bellhop signs";

/// A secret that only [`Sealer::open`] can read: nonce, ciphertext and tag in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Display for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Takes whatever text: what nobody sealed does not open.
impl From<String> for Sealed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Between the keys of a text, while one takes the place of another. No generated key holds it.
const BETWEEN_KEYS: char = ',';

/// Seals and opens, and signs what is given away to come back. It may have several keys: the first seals and signs, and
/// what any of them has sealed or signed is good, so that a key can be changed while Bellhop runs.
#[derive(Clone)]
pub struct Sealer {
    newest: KeyPair,
    older: Vec<KeyPair>,
}

#[derive(Clone)]
struct KeyPair {
    cipher: Aes256Gcm,
    /// Another key, made of the same text: no key serves two algorithms.
    signer: Hmac<Sha256>,
}

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
    /// Makes the key from a random text of at least 32 characters, or keys from several, newest first, with commas between
    /// them. Each is hashed to the key's length; a text that people made up would need a slow hash instead.
    pub fn new(passphrases: &Secret) -> Result<Self, SealError> {
        let mut keys = passphrases.expose().split(BETWEEN_KEYS).map(|text| KeyPair::new(text.trim()));
        let newest = keys.next().ok_or(SealError::WeakKey)??;
        Ok(Self { newest, older: keys.collect::<Result<_, _>>()? })
    }

    fn all(&self) -> impl Iterator<Item = &KeyPair> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// Seals a secret for one place.
    pub fn seal(&self, secret: &Secret, place: &str, chance: &Chance) -> Result<Sealed, SealError> {
        let nonce: [u8; NONCE_BYTES] = chance.bytes();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: place.as_bytes() };
        let sealed =
            self.newest.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Closed)?;
        Ok(Sealed(STANDARD.encode([&nonce[..], &sealed].concat())))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, sealed: &Sealed, place: &str) -> Result<Secret, SealError> {
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| SealError::Closed)?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Closed)?;
        let open = |key: &KeyPair| {
            key.cipher.decrypt(&Nonce::from(*nonce), Payload { msg, aad: place.as_bytes() }).ok()
        };
        let opened = self.all().find_map(open).ok_or(SealError::Closed)?;
        Ok(Secret::new(String::from_utf8(opened).map_err(|_| SealError::Closed)?))
    }

    /// Signs a text for one purpose: 64 hexadecimal digits (HMAC-SHA256). Without the key, nobody can make them, nor find
    /// out by trying which text they are of.
    pub fn sign(&self, purpose: &'static str, text: &str) -> String {
        self.newest.sign(purpose, text)
    }

    /// Whether a signature is of this text, for this purpose. Takes the same time for every wrong one.
    pub fn is_signed(&self, purpose: &'static str, text: &str, signature: &str) -> bool {
        let is_of = |key: &KeyPair| Secret::new(key.sign(purpose, text)).matches(signature.as_bytes());
        self.all().any(is_of)
    }
}

impl KeyPair {
    fn new(text: &str) -> Result<Self, SealError> {
        if text.len() < PASSPHRASE_BYTES_MIN {
            return Err(SealError::WeakKey);
        }
        let key = Sha256::digest(text.as_bytes());
        let signing_key = keyed(&key).chain_update(SIGNING).finalize().into_bytes();
        Ok(Self { cipher: Aes256Gcm::new(&key), signer: keyed(&signing_key) })
    }

    /// The purpose is a word of ours, and never holds the zero behind it.
    fn sign(&self, purpose: &'static str, text: &str) -> String {
        let signed = self.signer.clone().chain_update(purpose).chain_update([0]).chain_update(text);
        hex(&signed.finalize().into_bytes())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any key length will do")
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
    fn a_signature_is_of_one_text_for_one_purpose_with_one_key() {
        let signature = sealer(KEY).sign("log", "run 7");
        assert_eq!(signature.len(), 64);
        assert!(sealer(KEY).is_signed("log", "run 7", &signature));
        for (purpose, text) in [("log", "run 8"), ("link", "run 7"), ("log", "")] {
            assert!(!sealer(KEY).is_signed(purpose, text, &signature), "{purpose} {text}");
        }
        assert!(!sealer(&KEY.replace('0', "9")).is_signed("log", "run 7", &signature));
        assert!(!sealer(KEY).is_signed("log", "run 7", &signature[..63]));
    }

    #[test]
    fn a_key_takes_the_place_of_another_while_both_are_known() {
        let new_key = KEY.replace('0', "9");
        let (old, new, both) = (sealer(KEY), sealer(&new_key), sealer(&format!("{new_key},{KEY}\n")));
        let secret = Secret::new("hunter2");
        let (before, signed_before) =
            (old.seal(&secret, "x", &Chance::System).unwrap(), old.sign("log", "7"));
        assert_eq!(both.open(&before, "x").unwrap(), secret);
        assert!(both.is_signed("log", "7", &signed_before));
        let after = both.seal(&secret, "x", &Chance::System).unwrap();
        assert_eq!(new.open(&after, "x").unwrap(), secret, "the first of them seals");
        assert!(old.open(&after, "x").is_err() && new.open(&before, "x").is_err());
        assert!(new.is_signed("log", "7", &both.sign("log", "7")));
        assert!(matches!(Sealer::new(&Secret::new(format!("{KEY},short"))), Err(SealError::WeakKey)));
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(matches!(Sealer::new(&Secret::new("short")), Err(SealError::WeakKey)));
    }
}
