//! Signing people in, and what operators learn when that fails.

use std::net::IpAddr;

use http::HeaderMap;
use platform::{Code, Error, Result};

use super::{Agreed, Identity, SignedIn};
use crate::digest::Digest;
use crate::proxy::{Handed, Proxy, Vouched};
use crate::session::Renewal;
use crate::sign_in::{
    Facts, FailedSignIn, FailedStep, Refusal, Resolved, Resolver, Unresolved, resolve,
};

/// Bytes of the digest that identifies a failure.
const ID_BYTES: usize = 4;
/// Longest text of a step that is kept.
const MAX_OUTCOME: usize = 500;

/// Which provider somebody signs in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door<'d> {
    pub(crate) provider: &'d str,
    pub(crate) environment: Option<&'d str>,
}

impl Identity {
    /// Signs everybody in as the configured guest; `None` when there is no guest.
    pub async fn sign_in_guest(&self) -> Result<Option<SignedIn>> {
        let Some(guest) = &self.settings.providers.guest else {
            return Ok(None);
        };
        let is_allowed = guest.dangerously_allow_outside_development;
        if !is_allowed && !self.settings.is_development() {
            return Err(Error::forbidden(
                "The guest provider is for development; to use it elsewhere, set \
                 auth.providers.guest.dangerouslyAllowOutsideDevelopment",
            ));
        }
        let user_ref = &guest.user_entity_ref;
        let ownership = match self.known_ownership(user_ref).await? {
            Some(refs) => refs,
            None => vec![user_ref.clone()],
        };
        self.issue_user_token(user_ref, ownership).await.map(Some)
    }

    /// Signs in somebody a provider vouches for, in a session if there is one, or says what to tell
    /// them.
    pub(crate) async fn sign_in(
        &self,
        door: Door<'_>,
        facts: &Facts,
        resolvers: &[Resolver],
        renewal: Option<&Renewal<'_>>,
    ) -> Result<Result<SignedIn, Refusal>> {
        match resolve(resolvers, facts, self.directory()?).await? {
            Ok(Resolved {
                user_ref,
                ownership,
            }) => {
                let ownership = ownership.unwrap_or_else(|| vec![user_ref.clone()]);
                tracing::info!(user = user_ref, provider = door.provider, "signed in");
                let session = renewal.and_then(|renewal| renewal.id_for(&user_ref));
                let agreed = Agreed {
                    session: session.as_deref(),
                    ..Agreed::default()
                };
                let issued = self.issue_token_for(&user_ref, ownership, agreed).await;
                issued.map(Ok)
            }
            Err(unresolved) => {
                let Unresolved {
                    refusal,
                    steps,
                    fix,
                } = *unresolved;
                let id = self
                    .tell_operators(door, facts.claims.clone(), steps, fix)
                    .await;
                Ok(Err(Refusal {
                    message: format!("{} Reference: {id}", sentence(&refusal.message)),
                    ..refusal
                }))
            }
        }
    }

    /// What to tell somebody whom the provider did not vouch for; operators learn the rest.
    pub(crate) async fn refuse(&self, door: Door<'_>, error: &Error) -> Refusal {
        let refusal = Refusal::new(error.code().name(), error.message());
        match error.code() {
            // The person changed their mind, or somebody plays with addresses.
            Code::InvalidInput | Code::Forbidden | Code::NotFound => {
                tracing::info!(
                    provider = door.provider,
                    reason = error.chain(),
                    "a sign-in was refused"
                );
                refusal
            }
            code => {
                let outcome: String = error.chain().chars().take(MAX_OUTCOME).collect();
                let fix = fix_for(&outcome);
                let step = FailedStep {
                    resolver: None,
                    looked_for: None,
                    outcome,
                };
                let id = self
                    .tell_operators(door, Vec::new(), vec![step], fix.to_owned())
                    .await;
                let message = if code == Code::Internal {
                    "Sign-in failed."
                } else {
                    &sentence(error.message())
                };
                Refusal::new(refusal.name, format!("{message} Reference: {id}"))
            }
        }
    }

    /// Signs in whoever a proxy vouches for.
    pub(crate) async fn sign_in_by_proxy(
        &self,
        proxy: &Proxy,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Result<(Vouched, SignedIn), Refusal>> {
        let door = Door {
            provider: proxy.id,
            environment: None,
        };
        let vouched = match proxy.identify(Handed { headers, peer }).await {
            Ok(vouched) => vouched,
            Err(error) => return Ok(Err(self.refuse(door, &error).await)),
        };
        let signed_in = self
            .sign_in(door, &vouched.facts, &proxy.resolvers, None)
            .await?;
        Ok(signed_in.map(|signed_in| (vouched, signed_in)))
    }

    /// Sign-ins that failed, newest first.
    pub async fn failed_sign_ins(&self) -> Result<Vec<FailedSignIn>> {
        self.store.list_failures().await
    }

    /// Logs and keeps a failure; its id, which is the same for the same failure, so that repeating it
    /// does not push others out.
    async fn tell_operators(
        &self,
        door: Door<'_>,
        claims: Vec<String>,
        steps: Vec<FailedStep>,
        fix: String,
    ) -> String {
        let mut failure = FailedSignIn {
            id: String::new(),
            at: self.clock.now(),
            provider: door.provider.to_owned(),
            environment: door.environment.map(str::to_owned),
            claims,
            steps,
            fix,
        };
        failure.id = id_of(&failure);
        tracing::warn!(
            reference = failure.id,
            provider = failure.provider,
            environment = failure.environment,
            claims = failure.claims.join(" "),
            steps = failure.story(),
            fix = failure.fix,
            "sign-in failed"
        );
        let id = failure.id.clone();
        if let Err(error) = self.store.save_failure(failure).await {
            tracing::error!(error = error.chain(), "keeping a failed sign-in failed");
        }
        id
    }
}

fn id_of(failure: &FailedSignIn) -> String {
    let environment = failure.environment.as_deref().unwrap_or_default();
    let text = format!("{}\n{environment}\n{}", failure.provider, failure.story());
    let digest = Digest::of(&text);
    let mut text = hex::encode(digest.as_bytes());
    text.truncate(2 * ID_BYTES);
    text
}

/// A message with a full stop, to be followed by another.
fn sentence(message: &str) -> String {
    format!("{}.", message.trim_end_matches('.'))
}

/// What usually helps, by what the provider answered.
fn fix_for(outcome: &str) -> &'static str {
    const FIXES: &[(&str, &str)] = &[
        (
            "invalid_client",
            "the provider does not accept `clientId` and `clientSecret`; compare them, and try \
             another `tokenEndpointAuthMethod`",
        ),
        (
            "unauthorized_client",
            "allow the authorization code grant (and refresh tokens) for this client at the \
             provider",
        ),
        (
            "redirect_uri",
            "register the portal's callback URL at the provider: \
             `<backend.baseUrl>/api/auth/<provider>/handler/frame`",
        ),
        (
            "invalid_grant",
            "the code or session was used, has ended, or was for another callback URL; sign in anew",
        ),
        (
            "clocks",
            "compare the clocks of this machine and of the provider",
        ),
        (
            "another issuer",
            "the issuer must be the one that issues the tokens; compare `metadataUrl` or `issuer`",
        ),
        (
            "another audience",
            "`audience` must name this portal as the proxy does",
        ),
        (
            "trustedProxies",
            "add the address of the proxy to `trustedProxies`",
        ),
        (
            "Missing header",
            "the request did not come through the proxy, or the proxy does not send the header",
        ),
    ];
    let known = FIXES.iter().find(|(text, _)| outcome.contains(text));
    known.map_or(
        "see the outcome; `callboard doctor auth` checks whether the provider can be reached",
        |(_, fix)| fix,
    )
}
