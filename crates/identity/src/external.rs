//! Programs that are not plugins of ours: static tokens, legacy tokens, tokens of other issuers.
//! Reference 3 §2.1.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::{Algorithm, DecodingKey};
use platform::clock::Millis;
use platform::config::Secret;
use platform::ctx::{AccessRestriction, Caller, Service};
use platform::{Clock, Error, Result};

use crate::digest::Digest;
use crate::fetch::Fetch;
use crate::jws::Jws;
use crate::key_set::KeySet;
use crate::settings::{ExternalAccess, ExternalMethod, JwksAccess, Settings};
use crate::verify::{MAX_CACHED, Scope, Verified, is_current, until};

const MIN_TOKEN_LENGTH: usize = 8;
/// `sub` of every legacy token.
const LEGACY_SUB: &str = "backstage-server";
/// Who shows a token signed with one of `backend.auth.keys`.
const LEGACY_SUBJECT: &str = "external:backstage-plugin";

/// Secrets are written in either alphabet, with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

type Restrictions = Option<Arc<[AccessRestriction]>>;

/// All configured external callers.
pub(crate) struct External {
    statics: Vec<(Digest, Arc<Caller>)>,
    legacy: Vec<(DecodingKey, Arc<Caller>)>,
    issuers: Vec<Issuer>,
}

/// An entry of type `jwks`.
struct Issuer {
    access: JwksAccess,
    algorithms: Vec<Algorithm>,
    keys: KeySet,
    restrictions: Restrictions,
}

impl External {
    /// Checks the entries; an error names the config key and never the secret.
    pub(crate) fn new(settings: &Settings, fetch: &Arc<dyn Fetch>, clock: &Clock) -> Result<Self> {
        let mut external = Self {
            statics: Vec::new(),
            legacy: Vec::new(),
            issuers: Vec::new(),
        };
        for (index, entry) in settings.external_access.iter().enumerate() {
            external
                .add(entry, fetch, clock)
                .map_err(|reason| bad_entry("externalAccess", index, &reason))?;
        }
        for (index, secret) in settings.legacy_keys.iter().enumerate() {
            external
                .add_legacy(secret, LEGACY_SUBJECT, None)
                .map_err(|reason| bad_entry("keys", index, &reason))?;
        }
        Ok(external)
    }

    fn add(
        &mut self,
        entry: &ExternalAccess,
        fetch: &Arc<dyn Fetch>,
        clock: &Clock,
    ) -> Result<(), String> {
        let restrictions = checked(entry.restrictions.clone())?;
        match &entry.method {
            ExternalMethod::Static { token, subject } => {
                self.add_static(token, subject, restrictions)
            }
            ExternalMethod::Legacy { secret, subject } => {
                self.add_legacy(secret, subject, restrictions)
            }
            ExternalMethod::Jwks(access) => {
                self.issuers.push(Issuer {
                    algorithms: algorithms(&access.algorithms)?,
                    keys: KeySet::new(access.url.clone(), Arc::clone(fetch), clock.clone()),
                    access: access.clone(),
                    restrictions,
                });
                Ok(())
            }
        }
    }

    fn add_static(
        &mut self,
        token: &Secret,
        subject: &str,
        restrictions: Restrictions,
    ) -> Result<(), String> {
        let token = token.expose();
        if token.len() < MIN_TOKEN_LENGTH || !is_word(token) {
            return Err(format!(
                "token must be at least {MIN_TOKEN_LENGTH} characters without spaces"
            ));
        }
        let digest = Digest::of(token);
        if self.statics.iter().any(|(known, _)| *known == digest) {
            return Err("token is declared more than once".to_owned());
        }
        self.statics.push((digest, service(subject, restrictions)?));
        Ok(())
    }

    fn add_legacy(
        &mut self,
        secret: &Secret,
        subject: &str,
        restrictions: Restrictions,
    ) -> Result<(), String> {
        let standard = secret.expose().replace('-', "+").replace('_', "/");
        let key = LENIENT
            .decode(standard)
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or("secret must be base64")?;
        self.legacy.push((
            DecodingKey::from_secret(&key),
            service(subject, restrictions)?,
        ));
        Ok(())
    }

    /// Who shows the token; `None` when nobody we know.
    pub(crate) async fn verify(
        &self,
        digest: &Digest,
        jws: Option<&Jws<'_>>,
        now: Millis,
    ) -> Option<Verified> {
        if let Some(caller) = self.static_caller(digest) {
            return Some(Verified::new(caller, Scope::Everywhere, Millis::MAX));
        }
        let jws = jws?;
        if let Some(verified) = self.verify_legacy(jws, now) {
            return Some(verified);
        }
        for issuer in &self.issuers {
            if let Some(verified) = issuer.verify(jws, now).await {
                return Some(verified);
            }
        }
        None
    }

    /// Looks at every entry, so that time tells nothing.
    fn static_caller(&self, digest: &Digest) -> Option<Arc<Caller>> {
        let mut found = None;
        for (known, caller) in &self.statics {
            if verify_slices_are_equal(known.as_bytes(), digest.as_bytes()).is_ok() {
                found = Some(caller);
            }
        }
        found.cloned()
    }

    fn verify_legacy(&self, jws: &Jws<'_>, now: Millis) -> Option<Verified> {
        let claims = &jws.claims;
        let looks_legacy = jws.header.alg == Algorithm::HS256
            && claims.sub.as_deref() == Some(LEGACY_SUB)
            && claims.aud.is_empty();
        if !looks_legacy || !is_current(claims, now) {
            return None;
        }
        let (_, caller) = self
            .legacy
            .iter()
            .find(|(key, _)| jws.is_signed_by(key, Algorithm::HS256))?;
        let end = until(claims.exp).min(now + MAX_CACHED);
        Some(Verified::new(Arc::clone(caller), Scope::Everywhere, end))
    }
}

impl Issuer {
    async fn verify(&self, jws: &Jws<'_>, now: Millis) -> Option<Verified> {
        let claims = &jws.claims;
        let sub = claims.sub.as_deref().filter(|sub| !sub.is_empty())?;
        if !self.accepts(jws) || !is_current(claims, now) {
            return None;
        }
        let key = self
            .keys
            .find(jws.header.kid.as_deref(), jws.header.alg)
            .await?;
        if !jws.is_signed_by(&key, jws.header.alg) {
            return None;
        }
        let subject = match &self.access.subject_prefix {
            Some(prefix) => format!("external:{prefix}:{sub}"),
            None => format!("external:{sub}"),
        };
        let caller = Caller::Service(Service {
            subject,
            restrictions: self.restrictions.clone(),
        });
        let end = until(claims.exp).min(now + MAX_CACHED);
        Some(Verified::new(Arc::new(caller), Scope::Everywhere, end))
    }

    /// Whether header and claims are of this issuer, before its keys are asked.
    fn accepts(&self, jws: &Jws<'_>) -> bool {
        let JwksAccess {
            issuers, audiences, ..
        } = &self.access;
        let claims = &jws.claims;
        let issuer = claims.iss.as_ref().is_some_and(|iss| issuers.contains(iss));
        let audience = claims.aud.iter().any(|aud| audiences.contains(aud));
        self.algorithms.contains(&jws.header.alg)
            && (issuer || issuers.is_empty())
            && (audience || audiences.is_empty())
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "External({} static, {} legacy, {} issuers)",
            self.statics.len(),
            self.legacy.len(),
            self.issuers.len()
        )
    }
}

/// The accepted algorithms. A published key is public, so a symmetric algorithm would let anybody
/// sign with it.
fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, String> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    const ASYMMETRIC: [Algorithm; 9] = [
        ES256, ES384, EdDSA, RS256, RS384, RS512, PS256, PS384, PS512,
    ];
    if names.is_empty() {
        return Ok(ASYMMETRIC.to_vec());
    }
    names
        .iter()
        .map(|name| {
            name.parse()
                .ok()
                .filter(|algorithm| ASYMMETRIC.contains(algorithm))
                .ok_or_else(|| format!("`{name}` is not an asymmetric algorithm we know"))
        })
        .collect()
}

/// A plugin may be listed once only, as its entries could contradict each other.
fn checked(restrictions: Restrictions) -> Result<Restrictions, String> {
    let Some(list) = restrictions.filter(|list| !list.is_empty()) else {
        return Ok(None);
    };
    for (index, restriction) in list.iter().enumerate() {
        let plugin = &restriction.plugin;
        if list[..index]
            .iter()
            .any(|earlier| earlier.plugin == *plugin)
        {
            return Err(format!("accessRestrictions lists plugin `{plugin}` twice"));
        }
    }
    Ok(Some(list))
}

fn service(subject: &str, restrictions: Restrictions) -> Result<Arc<Caller>, String> {
    if !is_word(subject) {
        return Err("subject must be text without spaces".to_owned());
    }
    Ok(Arc::new(Caller::Service(Service {
        subject: subject.to_owned(),
        restrictions,
    })))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn bad_entry(list: &str, index: usize, reason: &str) -> Error {
    Error::input(format!("`backend.auth.{list}[{index}]`: {reason}"))
}
