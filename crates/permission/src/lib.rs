//! What callers may do: the `permission` plugin, and roles compatible with Backstage's RBAC plugin.
//!
//! A policy comes from configuration, a file as Casbin writes it, a file of conditional policies, and
//! the REST API; `compiled` turns all of it into tables that a decision looks up, `engine` decides,
//! and says why. Who is in which group is asked of [`Groups`], which is the catalog in the product.
//!
//! Invariants: what no policy allows is denied, and so is everything when something is wrong; a
//! change of a policy counts as a whole or not at all; a decision does no IO; the reason that is
//! told is the one that decided.

mod authorizer;
mod check;
mod compiled;
mod condition;
mod csv;
mod engine;
mod explain;
mod files;
mod http;
mod policy;
mod recorder;
mod reference;
mod service;
mod settings;
mod store;
mod subject;

pub use authorizer::AllowAll;
pub use check::{Asked, Case, Change, Failure, Outlook, read_cases, replay, run_case, user};
pub use condition::{ConditionLimits, read_conditions};
pub use csv::read_csv;
pub use engine::{Engine, Reason, Verdict};
pub use explain::{Explanation, RolePath};
pub use files::{Loaded, load};
pub use http::{OPEN_PATHS, router};
pub use policy::{
    Action, ConditionalPolicy, Effect, Mapped, Membership, PolicySet, Role, Rule, Source,
};
pub use recorder::Recorded;
pub use service::{PERMISSIONS, Parts, Permissions};
pub use settings::{DefaultRole, RbacSettings, Settings};
pub use store::MIGRATIONS;
pub use subject::{Groups, NoGroups};
