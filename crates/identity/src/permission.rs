//! The policy that allows everything, as Backstage has it by default.

use async_trait::async_trait;
use platform::ctx::{AccessRestriction, Caller};
use platform::permission::{Authorizer, Decision, Permission};

/// Allows everything, except what the access restrictions of a token leave out.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

#[async_trait]
impl Authorizer for AllowAll {
    async fn decide(&self, caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        let decide = |permission| {
            if is_within_restrictions(caller, permission) {
                Decision::Allow
            } else {
                Decision::Deny
            }
        };
        permissions.iter().map(decide).collect()
    }
}

/// Whether the token that a program shows extends to a permission. By the time a decision is asked
/// for, the restrictions are those for the plugin that asks.
fn is_within_restrictions(caller: &Caller, permission: &Permission<'_>) -> bool {
    let Caller::Service(service) = caller else {
        return true;
    };
    let Some(restrictions) = &service.restrictions else {
        return true;
    };
    restrictions.iter().any(|restriction| {
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
    })
}

#[cfg(test)]
mod tests {
    use platform::ctx::Service;

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
