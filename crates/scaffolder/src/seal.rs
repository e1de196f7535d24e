//! Secrets of tasks at rest: AES-256-GCM under a key of the installation.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Seals and opens the secrets of tasks.
pub struct Seal {
    key: RandomizedNonceKey,
    id: String,
}

impl Seal {
    /// With a key that is derived from a secret of the installation; every process that works on the
    /// same database needs the same one.
    pub fn new(secret: &Secret) -> Result<Self> {
        let key = Sha256::digest(format!("callboard scaffolder secrets\n{}", secret.expose()));
        let name = Sha256::digest(key);
        let sealed = |_| Error::internal("the key of secrets cannot be used");
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(sealed)?,
            id: hex::encode(&name[..8]),
        })
    }

    /// Tells keys apart without telling them.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Seals secrets; they open for the same task only.
    pub(crate) fn seal(&self, task_id: &str, secrets: &Map<String, Value>) -> Result<String> {
        let mut text = Value::Object(secrets.clone()).to_string().into_bytes();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(task_id.as_bytes()), &mut text)
            .map_err(|_| Error::internal("secrets cannot be sealed"))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(STANDARD.encode(sealed))
    }

    /// Opens sealed secrets.
    pub(crate) fn open(&self, task_id: &str, sealed: &str) -> Result<Map<String, Value>> {
        let broken = || Error::internal("the secrets of the task cannot be opened");
        let mut bytes = STANDARD.decode(sealed).map_err(|_| broken())?;
        if bytes.len() < NONCE_LEN {
            return Err(broken());
        }
        let mut text = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| broken())?;
        let text = self
            .key
            .open_in_place(nonce, Aad::from(task_id.as_bytes()), &mut text)
            .map_err(|_| broken())?;
        serde_json::from_slice(text).map_err(|_| broken())
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_open_for_their_task_and_key_only() {
        let seal = Seal::new(&Secret::new("one")).unwrap();
        let secrets = json!({"token": "s3cret"});
        let sealed = seal.seal("t1", secrets.as_object().unwrap()).unwrap();
        assert!(!sealed.contains("s3cret"));
        assert_eq!(
            seal.open("t1", &sealed).unwrap(),
            *secrets.as_object().unwrap()
        );
        assert!(seal.open("t2", &sealed).is_err());
        assert!(
            Seal::new(&Secret::new("two"))
                .unwrap()
                .open("t1", &sealed)
                .is_err()
        );
        assert!(seal.open("t1", "AAAA").is_err());
    }
}
