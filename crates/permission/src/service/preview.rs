//! What administrators try before they change anything: why a user may or may not, and what a
//! changed role would change.

use std::sync::Arc;

use platform::permission::{Decision, Permission};
use platform::{Ctx, Error, Result};
use serde::Serialize;
use serde_json::Value;

use super::policies::parse_draft;
use super::roles::check_role;
use super::{Permissions, entity, text};
use crate::check::{Change, replay, user};
use crate::engine::Engine;
use crate::explain::{Explanation, RolePath};
use crate::policy::{Membership, PolicySet, Role, Source};
use crate::reference::{self, Kinds};

/// Changes that are told one by one.
const MAX_CHANGES: usize = 500;
const MAX_MEMBERS: usize = 10_000;

/// The roles of who asks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnRoles {
    /// Whether roles decide here; everybody may everything otherwise.
    is_on: bool,
    items: Vec<RolePath>,
}

/// Why a user may do something, and whether a draft changes that.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    /// By the policy of now.
    now: Explanation,
    /// By the policy with the draft, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<Explanation>,
}

/// What a draft would have changed in what was recorded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DryRun {
    /// Whether decisions are recorded: without any, nothing can change.
    is_recording: bool,
    n_recorded: usize,
    n_changes: usize,
    /// The first of the changes.
    changes: Vec<Change>,
}

impl Permissions {
    /// The roles of the user who asks, and how they came to them.
    pub(crate) fn own_roles(&self, ctx: &Ctx) -> Result<OwnRoles> {
        let user = ctx.require_user()?;
        let items = self.engine().map(|engine| engine.roles_of(user));
        Ok(OwnRoles {
            is_on: items.is_some(),
            items: items.unwrap_or_default(),
        })
    }

    /// Why a user may, or may not.
    pub(crate) async fn explain(&self, ctx: &Ctx, body: &Value) -> Result<Answer> {
        let engine = self.previewed(ctx).await?;
        let name = text(body, "user").to_lowercase();
        reference::check(&name, Kinds::Owner).map_err(Error::input)?;
        let known = self.known();
        let permission = known.iter().find(|it| it.name == text(body, "permission"));
        let permission = permission.ok_or_else(|| {
            Error::input("'permission' is none of the permissions of this portal")
        })?;
        let user = user(&name, engine.groups());
        let resource = Some(text(body, "resourceRef")).filter(|it| !it.is_empty());
        let then = match drafted(engine, body)? {
            None => None,
            Some(draft) => Some(self.told(&draft, &user, permission, resource).await?),
        };
        let now = self.told(engine, &user, permission, resource).await?;
        Ok(Answer { now, then })
    }

    /// What would have been decided otherwise, of all that was recorded.
    pub(crate) async fn dry_run(&self, ctx: &Ctx, body: &Value) -> Result<DryRun> {
        let engine = Arc::clone(self.previewed(ctx).await?);
        let draft =
            drafted(&engine, body)?.ok_or_else(|| Error::input("'draft' must be present"))?;
        let recorded = self.recorded().await?;
        let n_recorded = recorded.len();
        let replayed = move || replay(&recorded, &engine, &draft);
        let mut changes = tokio::task::spawn_blocking(replayed)
            .await
            .map_err(|error| Error::internal("a dry run failed").with_source(error))?;
        let n_changes = changes.len();
        changes.truncate(MAX_CHANGES);
        Ok(DryRun {
            is_recording: self.0.recorder.is_some(),
            n_recorded,
            n_changes,
            changes,
        })
    }

    /// The engine, for who may see all roles.
    async fn previewed(&self, ctx: &Ctx) -> Result<&Arc<Engine>> {
        let engine = self.rbac()?;
        self.scope(ctx, entity::READ).await?.require(None)?;
        Ok(engine)
    }

    async fn told(
        &self,
        engine: &Engine,
        user: &platform::ctx::User,
        permission: &Permission<'_>,
        resource: Option<&str>,
    ) -> Result<Explanation> {
        let (verdict, mut explanation) = engine.explain(user, permission);
        if let (Decision::Conditional(condition), Some(resource)) = (&verdict.decision, resource) {
            let resource_type = permission.resource_type.unwrap_or_default();
            let holds = self.holds(resource_type, condition, resource).await?;
            explanation.decision = if holds { "ALLOW" } else { "DENY" };
            let verb = if holds { "fulfils" } else { "does not fulfil" };
            explanation.reason = format!("{resource} {verb} it: {}", explanation.reason);
        }
        Ok(explanation)
    }
}

/// Decides by the policy with one role as the body's `draft` has it; `None` without a draft.
fn drafted(engine: &Engine, body: &Value) -> Result<Option<Engine>> {
    let Some(draft) = body.get("draft") else {
        return Ok(None);
    };
    let name = text(draft, "role");
    check_role(name)?;
    let mut set = PolicySet::clone(&engine.policy());
    let role = || Role::new(name, Source::Rest);
    set.roles.entry(name.to_owned()).or_insert_with(role);
    if let Some(members) = draft.get("memberReferences").and_then(Value::as_array) {
        set.memberships.retain(|it| it.role != name);
        set.memberships.extend(memberships(name, members)?);
    }
    if let Some(policies) = draft.get("policies") {
        set.rules.retain(|rule| rule.subject != name);
        set.rules.extend(parse_draft(policies, name)?);
    }
    Ok(Some(engine.with(set)))
}

fn memberships(role: &str, members: &[Value]) -> Result<Vec<Membership>> {
    if members.len() > MAX_MEMBERS {
        let text = format!("'memberReferences' has more than {MAX_MEMBERS} items");
        return Err(Error::input(text));
    }
    let membership = |member: &Value| {
        let member = member.as_str().unwrap_or_default().to_lowercase();
        reference::check(&member, Kinds::Owner).map_err(Error::input)?;
        Ok(Membership {
            member,
            role: role.to_owned(),
        })
    };
    members.iter().map(membership).collect()
}
