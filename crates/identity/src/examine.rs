//! What `doctor auth` asks: which providers there are, whether they answer, and who somebody with
//! certain claims would be.

use platform::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Identity;
use crate::jws::Jws;
use crate::providers::{Provider, client_of};
use crate::sign_in::{Claims, Facts, FailedStep, Resolver, resolve};

/// A provider, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderReport {
    /// Its id.
    pub provider: String,
    /// The environment; none for those that have none.
    pub environment: Option<String>,
    /// Names of its resolvers; none when nobody signs in with it.
    pub resolvers: Vec<String>,
    /// What must be registered at the provider.
    pub callback_url: Option<String>,
    /// The source control host its access tokens are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_host: Option<String>,
    /// Why it does not answer; `None` when it does, or was not asked.
    pub trouble: Option<String>,
}

/// What a sign-in with certain claims would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Simulation {
    /// Names of the claims.
    pub claims: Vec<String>,
    /// What they say of the person, by name.
    pub facts: Vec<(&'static str, String)>,
    /// What was tried without success.
    pub steps: Vec<FailedStep>,
    /// The user and what they own things through.
    pub user: Option<(String, Vec<String>)>,
    /// What to do, when there is no user.
    pub fix: Option<String>,
}

/// The claims of a token, or of a JSON object. They are not verified.
pub fn claims_of(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim();
    let object = serde_json::from_str(text).ok();
    object.or_else(|| Jws::parse_padded(text)?.payload())
}

impl Identity {
    /// Every provider that can be used; with `ask`, whether it answers.
    pub async fn report_providers(&self, ask: bool) -> Vec<ProviderReport> {
        let mut reports = Vec::new();
        for client in self.providers.clients() {
            let trouble = if ask {
                client.check().await.err().map(|error| error.chain())
            } else {
                None
            };
            reports.push(ProviderReport {
                provider: client.preset.id.to_owned(),
                environment: Some(client.environment.clone()),
                resolvers: names(client.resolvers.as_deref().unwrap_or_default()),
                callback_url: Some(client.callback_url.to_string()),
                code_host: (client.preset.code_host)(&client.config),
                trouble,
            });
        }
        for proxy in self.providers.proxies() {
            let trouble = if ask {
                proxy.check().await.err().map(|error| error.chain())
            } else {
                None
            };
            reports.push(ProviderReport {
                provider: proxy.id.to_owned(),
                environment: None,
                resolvers: names(&proxy.resolvers),
                callback_url: None,
                code_host: None,
                trouble,
            });
        }
        reports
    }

    /// Who somebody would be whom a provider says this of. Nobody signs in.
    pub async fn simulate(
        &self,
        provider: &str,
        environment: Option<&str>,
        claims: Map<String, Value>,
    ) -> Result<Simulation> {
        let claims = Claims(claims);
        let found = self.providers.find(provider);
        let (facts, resolvers) = match found {
            Some(Provider::OAuth(clients)) => {
                let only = || clients.keys().next().filter(|_| clients.len() == 1);
                let client = client_of(clients, environment.or_else(|| only().map(|key| &**key)))?;
                let facts = (client.preset.facts)(&claims, &client.config);
                (facts, client.resolvers.as_deref().unwrap_or_default())
            }
            Some(Provider::Proxy(proxy)) => (proxy.facts(&claims), &*proxy.resolvers),
            None => {
                let text = format!("no provider `{provider}` is configured that can be used");
                return Err(Error::not_found(text));
            }
        };
        self.outcome(facts, resolvers).await
    }

    async fn outcome(&self, facts: Facts, resolvers: &[Resolver]) -> Result<Simulation> {
        let known = facts.list();
        let resolved = resolve(resolvers, &facts, self.directory()?).await?;
        let mut simulation = Simulation {
            claims: facts.claims,
            facts: known,
            steps: Vec::new(),
            user: None,
            fix: None,
        };
        match resolved {
            Ok(resolved) => {
                let alone = || vec![resolved.user_ref.clone()];
                let ownership = resolved.ownership.unwrap_or_else(alone);
                simulation.user = Some((resolved.user_ref, ownership));
            }
            Err(unresolved) => {
                simulation.steps = unresolved.steps;
                simulation.fix = Some(unresolved.fix);
            }
        }
        Ok(simulation)
    }
}

fn names(resolvers: &[Resolver]) -> Vec<String> {
    let names = resolvers.iter().map(Resolver::name);
    names.map(str::to_owned).collect()
}
