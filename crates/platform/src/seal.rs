//! Encryption of secrets at rest, with keys of the operator.
//!
//! A sealed text is `sealed:1:<key id>:<base64 of nonce, ciphertext and tag>`, made with AES-256-GCM;
//! what it belongs to is authenticated with it, so it cannot be moved to another row.
//!
//! Invariants: the first key seals, every key opens; a text that is sealed is never taken for a
//! plain one; keys never reach a log, an error or a `Debug` text.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{EncryptionConfig, Secret};
use crate::error::{Error, Result};

const KEY_BYTES: usize = 32;
const PREFIX: &str = "sealed:1:";
const MAX_ID: usize = 64;

/// The operator's keys; without any, secrets are stored as they are. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keyring(Arc<[Key]>);

struct Key {
    id: String,
    key: RandomizedNonceKey,
}

impl Keyring {
    /// The keys of a configuration.
    pub fn from_config(config: &EncryptionConfig) -> Result<Self> {
        Ok(Self(keys(config)?.into()))
    }

    /// The keys of a configuration, and behind them one that is derived from a secret which the
    /// installation has anyway: for what must never be stored as it is. Processes that share a
    /// database need the same one.
    pub fn with_derived(config: &EncryptionConfig, from: &Secret, purpose: &str) -> Result<Self> {
        let mut keys = keys(config)?;
        let text = format!("callboard {purpose}\n{}", from.expose());
        let bytes = digest(&SHA256, text.as_bytes());
        let name = hex::encode(&digest(&SHA256, bytes.as_ref()).as_ref()[..8]);
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes.as_ref());
        keys.push(Key {
            id: format!("derived-{name}"),
            key: key.map_err(|_| Error::internal("a derived key is unusable"))?,
        });
        Ok(Self(keys.into()))
    }

    /// Names of the keys, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.id.clone()).collect()
    }

    /// A new key, as a configuration has it.
    pub fn generate() -> Result<Secret> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::internal("the system gives no random bytes"))?;
        Ok(Secret::new(STANDARD.encode(bytes)))
    }

    /// Whether secrets are stored encrypted.
    pub fn is_on(&self) -> bool {
        !self.0.is_empty()
    }

    /// A secret as it is stored; `owner` says what it belongs to.
    pub fn seal(&self, secret: &Secret, owner: &str) -> Result<String> {
        let Some(Key { id, key }) = self.0.first() else {
            return Ok(secret.expose().to_owned());
        };
        let mut sealed = secret.expose().as_bytes().to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(owner), &mut sealed);
        let nonce = nonce.map_err(|_| Error::internal("encrypting a secret failed"))?;
        let whole = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(format!("{PREFIX}{id}:{}", STANDARD.encode(whole)))
    }

    /// A stored secret; one that was stored as it is stays readable.
    pub fn open(&self, stored: String, owner: &str) -> Result<Secret> {
        let Some(rest) = stored.strip_prefix(PREFIX) else {
            return Ok(Secret::new(stored));
        };
        let (id, text) = rest.split_once(':').unwrap_or((rest, ""));
        let Some(key) = self.0.iter().find(|key| key.id == id) else {
            return Err(unknown_key(id));
        };
        let damaged = || Error::internal(format!("a secret cannot be decrypted with key `{id}`"));
        let whole = STANDARD.decode(text).map_err(|_| damaged())?;
        let (nonce, sealed) = whole.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut sealed = sealed.to_vec();
        let plain = key.key.open_in_place(nonce, Aad::from(owner), &mut sealed);
        let plain = plain.map_err(|_| damaged())?;
        let plain = std::str::from_utf8(plain).map_err(|_| damaged())?;
        Ok(Secret::new(plain))
    }

    /// Bytes as they are stored: the same, with the nonce, ciphertext and tag as they are.
    pub fn seal_bytes(&self, mut bytes: Vec<u8>, owner: &str) -> Result<Vec<u8>> {
        let Some(Key { id, key }) = self.0.first() else {
            return Ok(bytes);
        };
        let nonce = key.seal_in_place_append_tag(Aad::from(owner), &mut bytes);
        let nonce = nonce.map_err(|_| Error::internal("encrypting failed"))?;
        let head = format!("{PREFIX}{id}:");
        Ok([head.as_bytes(), nonce.as_ref().as_slice(), &bytes].concat())
    }

    /// Stored bytes; those that were stored as they are stay readable.
    pub fn open_bytes(&self, stored: Vec<u8>, owner: &str) -> Result<Vec<u8>> {
        let Some(rest) = stored.strip_prefix(PREFIX.as_bytes()) else {
            return Ok(stored);
        };
        let end = rest.iter().position(|byte| *byte == b':');
        let (id, whole) = rest.split_at(end.unwrap_or(rest.len()));
        let id = String::from_utf8_lossy(id).into_owned();
        let Some(key) = self.0.iter().find(|key| key.id == id) else {
            return Err(unknown_key(&id));
        };
        let damaged = || Error::internal(format!("bytes cannot be decrypted with key `{id}`"));
        let whole = whole.get(1..).unwrap_or_default();
        let (nonce, sealed) = whole.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut sealed = sealed.to_vec();
        let plain = key.key.open_in_place(nonce, Aad::from(owner), &mut sealed);
        Ok(plain.map_err(|_| damaged())?.to_vec())
    }

    /// Whether a stored secret is as it would be stored now.
    pub fn is_current(&self, stored: impl AsRef<[u8]>) -> bool {
        let rest = stored.as_ref().strip_prefix(PREFIX.as_bytes());
        let id = rest.and_then(|rest| rest.split(|byte| *byte == b':').next());
        id == self.0.first().map(|key| key.id.as_bytes())
    }
}

fn unknown_key(id: &str) -> Error {
    Error::internal(format!(
        "a secret is encrypted with the key `{id}`, which is not in `callboard.encryption.keys`"
    ))
}

fn keys(config: &EncryptionConfig) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::with_capacity(config.keys.len());
    for (at, entry) in config.keys.iter().enumerate() {
        let bad = |text: &str| Error::input(format!("`callboard.encryption.keys[{at}]`: {text}"));
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if entry.id.is_empty() || entry.id.len() > MAX_ID || !entry.id.chars().all(is_id) {
            return Err(bad("`id` must be letters, digits, `-` and `_`"));
        }
        if keys.iter().any(|key| key.id == entry.id) {
            return Err(bad("another key has this `id`"));
        }
        let bytes = STANDARD.decode(entry.secret.expose().trim()).ok();
        let bytes = bytes.filter(|bytes| bytes.len() == KEY_BYTES);
        let bytes = bytes.ok_or_else(|| {
            bad("`secret` must be 32 bytes in base64; `callboard secrets generate` makes one")
        })?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        keys.push(Key {
            id: entry.id.clone(),
            key: key.map_err(|_| bad("the key is unusable"))?,
        });
    }
    Ok(keys)
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.id))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::EncryptionKey;

    use super::*;

    fn ring(keys: &[(&str, u8)]) -> Keyring {
        let keys = keys.iter().map(|(id, byte)| EncryptionKey {
            id: (*id).to_owned(),
            secret: Secret::new(STANDARD.encode([*byte; KEY_BYTES])),
        });
        let keys = keys.collect();
        Keyring::from_config(&EncryptionConfig { keys }).unwrap()
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let secret = Secret::new("private");
        let (old, both) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]));
        let sealed = old.seal(&secret, "row").unwrap();
        assert!(
            sealed.starts_with("sealed:1:a:") && !sealed.contains("private"),
            "{sealed}"
        );
        assert_ne!(sealed, old.seal(&secret, "row").unwrap());
        assert_eq!(both.open(sealed.clone(), "row").unwrap(), secret);
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        let again = both.seal(&secret, "row").unwrap();
        assert!(both.is_current(&again));
        assert!(
            old.open(again, "row")
                .unwrap_err()
                .message()
                .contains("`b`")
        );
    }

    #[test]
    fn bytes_are_sealed_as_texts_are() {
        let plain = vec![0_u8, 0x78, 0xff, b':', 7];
        let (old, both) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]));
        let sealed = old.seal_bytes(plain.clone(), "row").unwrap();
        assert!(sealed.starts_with(b"sealed:1:a:"));
        assert!(!sealed.windows(plain.len()).any(|part| part == plain));
        assert_eq!(both.open_bytes(sealed.clone(), "row").unwrap(), plain);
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        assert!(!old.is_current(&plain));
        let none = Keyring::default();
        assert_eq!(none.seal_bytes(plain.clone(), "row").unwrap(), plain);
        assert_eq!(old.open_bytes(plain.clone(), "row").unwrap(), plain);
        let mut flipped = sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for (ring, stored, owner) in [
            (&old, sealed.clone(), "another row"),
            (&old, flipped, "row"),
            (&old, sealed[..11].to_vec(), "row"),
            (&old, sealed[..10].to_vec(), "row"),
            (&none, sealed, "row"),
        ] {
            assert!(ring.open_bytes(stored, owner).is_err());
        }
    }

    #[test]
    fn without_keys_secrets_are_as_they_are() {
        let (none, some) = (Keyring::default(), ring(&[("a", 1)]));
        let secret = Secret::new("private");
        assert_eq!(none.seal(&secret, "row").unwrap(), "private");
        assert!(none.is_current("private") && !some.is_current("private"));
        // What was stored before there was a key is still read.
        assert_eq!(some.open("private".to_owned(), "row").unwrap(), secret);
        assert!(
            none.open(some.seal(&secret, "row").unwrap(), "row")
                .is_err()
        );
    }

    #[test]
    fn a_derived_key_is_the_last_and_the_same_for_the_same_secret() {
        let config = EncryptionConfig::default();
        let derived = |from: &str, purpose: &str| {
            Keyring::with_derived(&config, &Secret::new(from), purpose).unwrap()
        };
        let (tasks, secret) = (derived("one", "tasks"), Secret::new("private"));
        let sealed = tasks.seal(&secret, "row").unwrap();
        assert!(!sealed.contains("private"), "{sealed}");
        let same = derived("one", "tasks");
        assert_eq!(same.open(sealed.clone(), "row").unwrap(), secret);
        for other in [derived("two", "tasks"), derived("one", "else")] {
            assert!(other.open(sealed.clone(), "row").is_err());
        }
        let config = EncryptionConfig {
            keys: vec![EncryptionKey {
                id: "a".to_owned(),
                secret: Secret::new(STANDARD.encode([1; KEY_BYTES])),
            }],
        };
        let both = Keyring::with_derived(&config, &Secret::new("one"), "tasks").unwrap();
        assert_eq!(both.ids()[0], "a");
        assert_eq!(both.open(sealed, "row").unwrap(), secret);
    }

    #[test]
    fn what_was_tampered_with_is_not_opened() {
        let ring = ring(&[("a", 1)]);
        let sealed = ring.seal(&Secret::new("private"), "row").unwrap();
        let mut bytes = STANDARD.decode(sealed.rsplit(':').next().unwrap()).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let flipped = format!("{PREFIX}a:{}", STANDARD.encode(bytes));
        for (stored, owner) in [
            (sealed, "another row"),
            (flipped, "row"),
            (format!("{PREFIX}a:"), "row"),
            (format!("{PREFIX}a:AAAA"), "row"),
            (format!("{PREFIX}a"), "row"),
            (format!("{PREFIX}a:%"), "row"),
        ] {
            assert!(ring.open(stored.clone(), owner).is_err(), "{stored}");
        }
    }

    #[test]
    fn keys_that_are_none_are_refused_and_never_shown() {
        let good = STANDARD.encode([1; KEY_BYTES]);
        for (id, secret, expected) in [
            ("", &*good, "`id` must be"),
            ("a:b", &good, "`id` must be"),
            ("a", "short-s3cret", "32 bytes in base64"),
        ] {
            let key = EncryptionKey {
                id: id.to_owned(),
                secret: Secret::new(secret),
            };
            let error = Keyring::from_config(&EncryptionConfig { keys: vec![key] }).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
            assert!(!error.chain().contains("s3cret"), "{error}");
        }
        let same = EncryptionKey {
            id: "a".to_owned(),
            secret: Secret::new(good),
        };
        let twice = EncryptionConfig {
            keys: vec![same.clone(), same],
        };
        assert!(Keyring::from_config(&twice).is_err());
        assert_eq!(format!("{:?}", ring(&[("a", 1)])), "[\"a\"]");
        let made = Keyring::generate().unwrap();
        assert_eq!(STANDARD.decode(made.expose()).unwrap().len(), KEY_BYTES);
    }
}
