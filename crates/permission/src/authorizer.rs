//! Decisions for features: programs by what their token is limited to, people by the policy.

use std::sync::Arc;

use async_trait::async_trait;
use platform::ctx::{AccessRestriction, Caller, Service};
use platform::permission::{Authorizer, Decision, Permission};

use crate::engine::Engine;
use crate::recorder::Recorder;

/// Allows everything, except what the access restrictions of a token leave out.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

#[async_trait]
impl Authorizer for AllowAll {
    async fn decide(&self, caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        let decide = |permission: &Permission<'_>| match caller {
            Caller::Service(service) => for_service(service, permission),
            Caller::User(user) if !user.reach.allows(permission.action) => Decision::Deny,
            Caller::User(_) | Caller::Anonymous => Decision::Allow,
        };
        permissions.iter().map(decide).collect()
    }
}

/// Decides by roles and policies.
pub(crate) struct ByRoles {
    pub(crate) engine: Arc<Engine>,
    pub(crate) recorder: Option<Arc<Recorder>>,
}

#[async_trait]
impl Authorizer for ByRoles {
    async fn decide(&self, caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        let decide = |permission: &Permission<'_>| match caller {
            Caller::Service(service) => for_service(service, permission),
            Caller::Anonymous => Decision::Deny,
            // The program may less than the user it acts for.
            Caller::User(user) if !user.reach.allows(permission.action) => Decision::Deny,
            Caller::User(user) => {
                let decision = self.engine.decide(user, permission).decision;
                if let Some(recorder) = &self.recorder {
                    recorder.record(user, permission, &decision);
                }
                decision
            }
        };
        permissions.iter().map(decide).collect()
    }
}

/// Programs may what their token is not restricted from. By the time a decision is asked for, the
/// restrictions are those for the plugin that asks.
fn for_service(service: &Service, permission: &Permission<'_>) -> Decision {
    let is_within = |restriction: &AccessRestriction| {
        let AccessRestriction {
            permissions,
            actions,
            ..
        } = restriction;
        let is_named = permissions.iter().any(|name| name == permission.name);
        let has_action = actions
            .iter()
            .any(|a| Some(a.as_str()) == permission.action);
        (is_named || permissions.is_empty()) && (has_action || actions.is_empty())
    };
    match &service.restrictions {
        Some(restrictions) if !restrictions.iter().any(is_within) => Decision::Deny,
        _ => Decision::Allow,
    }
}
#[cfg(test)]
mod tests {
    use platform::ctx::{Reach, User};

    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    #[tokio::test]
    async fn only_restrictions_of_a_token_deny() {
        let create = Permission {
            name: "catalog.entity.create",
            action: Some("create"),
            resource_type: None,
        };
        let plain = Permission {
            name: "kubernetes.proxy",
            action: None,
            resource_type: None,
        };
        let cases = [
            (None, true, true),
            (Some((texts(&[]), texts(&[]))), true, true),
            (
                Some((texts(&["catalog.entity.create"]), texts(&[]))),
                true,
                false,
            ),
            (
                Some((texts(&["kubernetes.proxy"]), texts(&[]))),
                false,
                true,
            ),
            (Some((texts(&[]), texts(&["create", "read"]))), true, false),
            (Some((texts(&[]), texts(&["read"]))), false, false),
            (
                Some((texts(&["catalog.entity.create"]), texts(&["read"]))),
                false,
                false,
            ),
        ];
        for (restriction, expect_create, expect_plain) in cases {
            let caller = Caller::Service(Service {
                subject: "ci".to_owned(),
                restrictions: restriction.clone().map(|(permissions, actions)| {
                    let plugin = "catalog".to_owned();
                    [AccessRestriction {
                        plugin,
                        permissions,
                        actions,
                    }]
                    .into()
                }),
            });
            let decisions = AllowAll.decide(&caller, &[create, plain]).await;
            let allowed: Vec<_> = decisions.iter().map(|d| *d == Decision::Allow).collect();
            assert_eq!(allowed, [expect_create, expect_plain], "{restriction:?}");
        }
    }

    #[tokio::test]
    async fn a_program_may_less_than_its_user() {
        let actions = [Some("read"), Some("create"), None, Some("delete")];
        let permissions = actions.map(|action| Permission {
            name: "some.permission",
            action,
            resource_type: None,
        });
        for (reach, n_allowed) in Reach::ALL.into_iter().zip([1, 3, 4]) {
            let caller = Caller::User(User {
                reach,
                ..crate::check::user("user:default/ann", &crate::NoGroups)
            });
            let decisions = AllowAll.decide(&caller, &permissions).await;
            let expected: Vec<_> = (0..4).map(|at| at < n_allowed).collect();
            let allowed: Vec<_> = decisions.iter().map(|it| *it == Decision::Allow).collect();
            assert_eq!(allowed, expected, "{reach:?}");
        }
    }

    #[tokio::test]
    async fn users_may_everything() {
        let permission = Permission {
            name: "catalog.entity.delete",
            action: Some("delete"),
            resource_type: Some("catalog-entity"),
        };
        let decisions = AllowAll.decide(&Caller::Anonymous, &[permission]).await;
        assert_eq!(decisions, [Decision::Allow]);
    }
}
