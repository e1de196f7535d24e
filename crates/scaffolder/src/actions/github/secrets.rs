//! Secrets of repositories and environments of GitHub, and deploy keys.
//!
//! GitHub takes a secret only as an anonymous box of libsodium for the key of the place it is for, so that
//! nobody between here and there reads it; this process forgets it with the step.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use crate::actions::Reach;
use crate::actions::publish::{Host, text};
use crate::actions::taking_back::{Undoing, keep};

/// Sets secrets below `place`, for example `repos/acme/shop/actions`; those that are there change.
pub(in crate::actions) async fn set(
    host: &Host<'_>,
    place: &[&str],
    secrets: &Value,
) -> Result<()> {
    let Some(secrets) = secrets.as_object().filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    let key = [place, &["secrets", "public-key"]].concat();
    let key = host.demand(Method::GET, &key, None).await?;
    for (name, value) in secrets {
        let value = value.as_str().unwrap_or_default();
        let body = json!({
            "encrypted_value": seal(value, key["key"].as_str().unwrap_or_default())?,
            "key_id": key["key_id"],
        });
        let path = [place, &["secrets", name]].concat();
        host.demand(Method::PUT, &path, Some(body)).await?;
    }
    Ok(())
}

/// A text that only the owner of the key can read.
fn seal(text: &str, key: &str) -> Result<String> {
    let key = STANDARD.decode(key).ok();
    let key = key.and_then(|bytes| PublicKey::from_slice(&bytes).ok());
    let key = key.ok_or_else(|| Error::unavailable("the host gave no key to seal secrets for"))?;
    let sealed = key
        .seal(&mut OsRng, text.as_bytes())
        .map_err(|_| Error::internal("a secret cannot be sealed"))?;
    Ok(STANDARD.encode(sealed))
}

/// Adds a key with which the repository can be read, and keeps its private half as a secret there.
pub(in crate::actions) async fn create_deploy_key(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let title = text(input, "deployKeyName").unwrap_or_default();
    let default = format!("{}_PRIVATE_KEY", title.replace(' ', "_").to_uppercase());
    let secret = text(input, "privateKeySecretName").unwrap_or(&default);
    let repo = ["repos", host.owner(), host.name()];
    let path = [&repo[..], &["keys"]].concat();
    let body = json!({ "title": title, "key": input["publicKey"] });
    let wanted = halves(&input["publicKey"]);
    let find = host.find_in(&path, &[("per_page", "100")], |key| {
        key["title"] == title && halves(&key["key"]) == wanted
    });
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("deploy-key", make, find).await?;
    let number = made["id"].to_string();
    let delete = Undoing::delete(&[&path[..], &[number.as_str()]].concat());
    keep(run, input, &[delete]).await?;
    let secrets = json!({ secret: input["privateKey"] });
    set(&host, &[&repo[..], &["actions"]].concat(), &secrets).await?;
    Ok(json!({ "privateKeySecretName": secret }))
}

/// Kind and data of a public key; hosts leave the comment out.
fn halves(key: &Value) -> Vec<&str> {
    let words = key.as_str().unwrap_or_default().split_whitespace();
    words.take(2).collect()
}

#[cfg(test)]
mod tests {
    use crypto_box::SecretKey;

    use super::*;

    #[test]
    fn only_the_owner_of_the_key_reads_a_sealed_secret() {
        let owner = SecretKey::generate(&mut OsRng);
        let key = STANDARD.encode(owner.public_key().as_bytes());
        let sealed = seal("hunter2", &key).unwrap();
        let opened = owner.unseal(&STANDARD.decode(&sealed).unwrap()).unwrap();
        assert_eq!(opened, b"hunter2");
        let other = SecretKey::generate(&mut OsRng);
        assert!(other.unseal(&STANDARD.decode(&sealed).unwrap()).is_err());
        for wrong in ["", "AAAA", "no base64"] {
            assert!(seal("x", wrong).is_err(), "{wrong}");
        }
    }
}
