//! The tokens we sign: users, limited users, plugins. Reference 3 §2.1.
//!
//! A user token carries in `uip` the signature of its limited form, so anybody who has the user token
//! can make the limited one, and nobody can turn a limited token into a user token.

use jsonwebtoken::Algorithm;
use platform::{Error, Result};
use serde_json::json;

use crate::jws::{self, Jws};
use crate::keys::Key;
use crate::service::Agreed;

/// `typ` of user tokens.
pub(crate) const USER: &str = "vnd.backstage.user";
/// `typ` of limited user tokens.
pub(crate) const LIMITED_USER: &str = "vnd.backstage.limited-user";
/// `typ` of tokens by which one plugin calls another.
pub(crate) const PLUGIN: &str = "vnd.backstage.plugin";
/// `aud` of user tokens.
pub(crate) const USER_AUDIENCE: &str = "backstage";
/// Claim of the session of the browser that a user token is for.
pub(crate) const SESSION: &str = "sid";
/// The one algorithm we sign with.
pub(crate) const ALGORITHM: Algorithm = Algorithm::ES256;

/// What a user token says.
pub(crate) struct UserClaims<'a> {
    pub(crate) iss: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) ent: Option<&'a [String]>,
    pub(crate) agreed: Agreed<'a>,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

/// Signs a user token; the order of members is Backstage's.
pub(crate) fn sign_user(claims: &UserClaims<'_>, key: &Key) -> Result<String> {
    let mut payload = json!({"iss": claims.iss, "sub": claims.sub});
    if let Some(ent) = claims.ent {
        payload["ent"] = json!(ent);
    }
    payload["aud"] = claims.agreed.resource.unwrap_or(USER_AUDIENCE).into();
    payload["iat"] = claims.iat.into();
    payload["exp"] = claims.exp.into();
    if let Some(client) = claims.agreed.client {
        payload["azp"] = client.into();
    }
    if let Some(scope) = claims.agreed.scope {
        payload["scope"] = scope.into();
    }
    // The limited form knows no limits, so a token that has some has no proof to make it of.
    if claims.agreed.resource.is_none() && claims.agreed.scope.is_none() {
        let limited = limited_input(&key.kid, claims.sub, claims.iat, claims.exp);
        payload["uip"] = jws::sign_input(&limited, &key.signer)?.into();
    }
    if let Some(session) = claims.agreed.session {
        payload[SESSION] = session.into();
    }
    sign(USER, &payload.to_string(), key)
}

/// Signs a token by which `source` calls `target`.
pub(crate) fn sign_plugin(
    source: &str,
    target: &str,
    iat: i64,
    exp: i64,
    on_behalf_of: Option<&str>,
    key: &Key,
) -> Result<String> {
    let mut payload = json!({"sub": source, "aud": target, "iat": iat, "exp": exp});
    if let Some(token) = on_behalf_of {
        payload["obo"] = token.into();
    }
    sign(PLUGIN, &payload.to_string(), key)
}

fn sign(typ: &str, payload: &str, key: &Key) -> Result<String> {
    let token = jws::sign(&header(typ, &key.kid), payload, &key.signer)?;
    if token.len() > jws::MAX_TOKEN_LENGTH {
        return Err(Error::input(format!(
            "token of {} bytes is longer than {}",
            token.len(),
            jws::MAX_TOKEN_LENGTH
        )));
    }
    Ok(token)
}

/// The limited form of a verified user token, if it carries the proof.
pub(crate) fn limited(user: &Jws<'_>) -> Option<String> {
    let claims = &user.claims;
    let input = limited_input(
        user.header.kid.as_deref()?,
        claims.sub.as_deref()?,
        claims.iat?,
        claims.exp?,
    );
    Some(format!("{input}.{}", claims.uip.as_deref()?))
}

/// Header and payload of a limited token. Every byte is covered by the proof, so members and their
/// order are part of the format.
fn limited_input(kid: &str, sub: &str, iat: i64, exp: i64) -> String {
    let payload = json!({"sub": sub, "iat": iat, "exp": exp}).to_string();
    jws::signing_input(&header(LIMITED_USER, kid), &payload)
}

fn header(typ: &str, kid: &str) -> String {
    json!({"typ": typ, "alg": "ES256", "kid": kid}).to_string()
}
