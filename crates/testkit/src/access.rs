//! Who calls and what they may, as the test says.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use parking_lot::RwLock;
use platform::ctx::{Caller, Service, User};
use platform::permission::{Authorizer, Condition, Decision, Permission};
use platform::{Authenticator, Error, Result};
use serde_json::json;

use crate::catalog::NOW;

/// Token of a user who is in `group:default/team-a`.
pub const USER: &str = "user";
/// Token of the same user, which is good for another 30 seconds on a clock that stands still.
pub const BRIEF_USER: &str = "brief";
/// Token of a service without restrictions.
pub const SERVICE: &str = "service";

/// Authenticator and authorizer of a test; clones share the rules.
#[derive(Clone)]
pub struct TestAccess(Arc<RwLock<Rules>>);

struct Rules {
    others: Decision,
    by_name: BTreeMap<String, Decision>,
}

impl Default for TestAccess {
    fn default() -> Self {
        let rules = Rules {
            others: Decision::Allow,
            by_name: BTreeMap::new(),
        };
        Self(Arc::new(RwLock::new(rules)))
    }
}

impl TestAccess {
    /// Decides every permission this way.
    pub fn decide_all(&self, decision: Decision) {
        *self.0.write() = Rules {
            others: decision,
            by_name: BTreeMap::new(),
        };
    }

    /// Decides one permission this way.
    pub fn decide(&self, permission: &str, decision: Decision) {
        self.0
            .write()
            .by_name
            .insert(permission.to_owned(), decision);
    }

    /// Allows what belongs to `group:default/team-a`.
    pub fn owned_by_team_a() -> Decision {
        Decision::Conditional(Condition::Rule {
            rule: "IS_ENTITY_OWNER".into(),
            resource_type: "catalog-entity".into(),
            params: json!({ "claims": ["group:default/team-a"] }),
        })
    }
}

#[async_trait]
impl Authorizer for TestAccess {
    async fn decide(&self, _caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        let rules = self.0.read();
        let decide = |permission: &Permission<'_>| {
            rules
                .by_name
                .get(permission.name)
                .unwrap_or(&rules.others)
                .clone()
        };
        permissions.iter().map(decide).collect()
    }
}

#[async_trait]
impl Authenticator for TestAccess {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let text = headers
            .get(AUTHORIZATION)
            .map(|value| value.to_str().unwrap_or_default());
        let caller = match text.map(|text| text.trim_start_matches("Bearer ")) {
            None => Caller::Anonymous,
            Some(USER) => user(i64::MAX),
            Some(BRIEF_USER) => user(NOW / 1000 + 30),
            Some(SERVICE) => Caller::Service(Service {
                subject: "plugin:test".into(),
                restrictions: None,
            }),
            Some(_) => return Err(Error::unauthenticated("Illegal token")),
        };
        Ok(Arc::new(caller))
    }
}

fn user(expires_at: i64) -> Caller {
    Caller::User(User {
        entity_ref: "user:default/guest".into(),
        ownership: ["user:default/guest".into(), "group:default/team-a".into()].into(),
        expires_at,
        limited_token: None,
        agent: None,
        actor: None,
        reach: platform::ctx::Reach::default(),
    })
}
