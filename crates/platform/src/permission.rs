//! The vocabulary of permission decisions. Reference 1 §C.7, reference 3 §3.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

use crate::ctx::Caller;

/// A permission a feature asks for; features declare them as constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// Name on the wire, for example `catalog.entity.read`.
    pub name: &'static str,
    /// `create`, `read`, `update`, `delete`, or nothing.
    pub action: Option<&'static str>,
    /// The type of resource it is asked on; `None` for a basic permission.
    pub resource_type: Option<&'static str>,
}

/// A condition on resources, as Backstage writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A named rule with parameters.
    Rule {
        /// Rule name, for example `IS_ENTITY_OWNER`.
        rule: String,
        /// Type of resource the rule is for.
        resource_type: String,
        /// Parameters of the rule.
        params: Value,
    },
    /// All parts hold.
    AllOf(Vec<Condition>),
    /// At least one part holds.
    AnyOf(Vec<Condition>),
    /// The part does not hold.
    Not(Box<Condition>),
}

/// The answer to a permission request.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Yes, for every resource.
    Allow,
    /// No, for every resource.
    Deny,
    /// Yes, for the resources that satisfy the condition.
    Conditional(Condition),
}

/// Decides what callers may do.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// One decision per permission, in order.
    async fn decide(&self, caller: &Caller, permissions: &[Permission]) -> Vec<Decision>;
}
