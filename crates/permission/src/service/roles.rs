//! Roles: who has them, and what is known of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use audit::Event;
use platform::db::Tx;
use platform::{Ctx, Error, Millis, Result};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{Permissions, entity, text};
use crate::policy::{PolicySet, Role, Source};
use crate::reference::{self, Kinds};
use crate::store::roles as store;

/// Members of one role that one request may name.
const MAX_MEMBERS: usize = 10_000;
/// As `toUTCString` of JavaScript writes it.
const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// A role as somebody wants it to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    name: String,
    members: Vec<String>,
    description: Option<String>,
    owner: Option<String>,
}

impl Draft {
    /// Reads a role of a body; the error has the text of Backstage's plugin.
    fn parse(value: &Value, name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("'name' field must not be empty".into());
        }
        reference::check(name, Kinds::Role)?;
        let members = value.get("memberReferences").and_then(Value::as_array);
        let members = members.filter(|it| !it.is_empty());
        let members = members.ok_or("'memberReferences' field must not be empty")?;
        if members.len() > MAX_MEMBERS {
            return Err(format!(
                "'memberReferences' has more than {MAX_MEMBERS} items"
            ));
        }
        let members: Vec<String> = members
            .iter()
            .map(|member| member.as_str().unwrap_or_default().to_lowercase())
            .collect();
        for member in &members {
            reference::check(member, Kinds::Owner)?;
        }
        let metadata = value.get("metadata").unwrap_or(&Value::Null);
        let given = |name| Some(text(metadata, name).to_owned()).filter(|it| !it.is_empty());
        if let Some(owner) = given("owner") {
            reference::check(&owner, Kinds::Owner)?;
        }
        Ok(Self {
            name: name.to_owned(),
            members,
            description: given("description"),
            owner: given("owner"),
        })
    }

    fn require_unique_members(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for member in &self.members {
            if !seen.insert(member) {
                return Err(Error::conflict(format!(
                    "Duplicate role members found; {member}, {} is a duplicate",
                    self.name
                )));
            }
        }
        Ok(())
    }
}

impl Permissions {
    /// The roles the caller may see, with their members.
    pub(crate) async fn list_roles(&self, ctx: &Ctx) -> Result<Vec<Value>> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::READ).await?;
        let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for membership in &set.memberships {
            let list = members.entry(&membership.role).or_default();
            list.push(&membership.member);
        }
        let roles = set.roles.values().filter(|role| scope.has(Some(role)));
        Ok(roles
            .map(|role| view(role, members.get(&*role.name).map_or(&[], Vec::as_slice)))
            .collect())
    }

    /// One role.
    pub(crate) async fn find_role(&self, ctx: &Ctx, name: &str) -> Result<Value> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::READ).await?;
        check_role(name)?;
        let role = set.roles.get(name).filter(|role| scope.has(Some(role)));
        let role = role.ok_or_else(|| Error::not_found(""))?;
        Ok(view(role, &members_in(&set, name)))
    }

    /// Makes a role, or adds members to it.
    pub(crate) async fn create_role(&self, ctx: &Ctx, body: &Value) -> Result<()> {
        let set = self.rbac()?.policy();
        self.scope(ctx, entity::CREATE).await?;
        let draft = Draft::parse(body, text(body, "name"))
            .map_err(|cause| Error::input(format!("Invalid role definition. Cause: {cause}")))?;
        let known = set.roles.get(&draft.name);
        self.require_change(ctx, known).await?;
        require_ours(known, "Unable to add role")?;
        draft.require_unique_members()?;
        let (by, now) = (ctx.caller().subject().to_owned(), self.0.clock.now());
        self.change(ctx, move |tx| insert(tx, &draft, by, now))
            .await
    }

    /// Adding to a role that is there is a change of it, for which its owner needs no further
    /// permission: who may make roles must not thereby get into those of others.
    pub(super) async fn require_change(&self, ctx: &Ctx, role: Option<&Role>) -> Result<()> {
        let Some(role) = role else {
            return Ok(());
        };
        let is_mine = |owner: &String| {
            ctx.require_user()
                .is_ok_and(|it| it.ownership.contains(owner))
        };
        if role.source == Source::Rest && role.owner.as_ref().is_some_and(is_mine) {
            return Ok(());
        }
        self.scope(ctx, entity::UPDATE).await?.require(Some(role))
    }

    /// Changes a role; whether there was anything to change.
    pub(crate) async fn update_role(&self, ctx: &Ctx, name: &str, body: &Value) -> Result<bool> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::UPDATE).await?;
        check_role(name)?;
        let part = |part: &str| {
            let value = body.get(part).filter(|value| value.is_object());
            value.ok_or_else(|| Error::input(format!("'{part}' object must be present")))
        };
        let (old, new) = (part("oldRole")?, part("newRole")?);
        let invalid = |what: &'static str| {
            move |cause| Error::input(format!("Invalid {what} role object. Cause: {cause}"))
        };
        let old = Draft::parse(old, name).map_err(invalid("old"))?;
        let new = Draft::parse(new, text(new, "name")).map_err(invalid("new"))?;
        let role = set
            .roles
            .get(name)
            .ok_or_else(|| Error::not_found(format!("Unable to find metadata for {name}")))?;
        require_ours(Some(role), "Unable to edit role")?;
        scope.require(Some(role))?;
        let is_renamed = new.name != old.name;
        if is_renamed && set.roles.contains_key(&new.name) {
            return Err(Error::conflict(format!("{} exists already", new.name)));
        }
        old.require_unique_members()?;
        new.require_unique_members()?;
        let is_same_text = new.description.is_none() || new.description == role.description;
        let is_same_owner = new.owner.is_none() || new.owner == role.owner;
        if old.members == new.members && !is_renamed && is_same_text && is_same_owner {
            return Ok(false);
        }
        let (by, now) = (ctx.caller().subject().to_owned(), self.0.clock.now());
        self.change(ctx, move |tx| update(tx, &old, &new, by, now))
            .await?;
        Ok(true)
    }

    /// Removes a role, or one of its members.
    pub(crate) async fn delete_role(
        &self,
        ctx: &Ctx,
        name: &str,
        member: Option<String>,
    ) -> Result<()> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::DELETE).await?;
        check_role(name)?;
        let role = set.roles.get(name);
        scope.require(role)?;
        require_ours(role, "Unable to delete role")?;
        if role.is_none() {
            return Err(Error::not_found(""));
        }
        let (name, member) = (name.to_owned(), member.map(|it| it.to_lowercase()));
        self.change(ctx, move |tx| remove(tx, &name, member.as_deref()))
            .await
    }
}

fn insert(tx: &mut Tx<'_>, draft: &Draft, by: String, now: Millis) -> Result<((), Event)> {
    let before = stored_view(tx, &draft.name)?;
    let known = store::list_members(tx, &draft.name)?;
    if draft.members.iter().any(|member| known.contains(member)) {
        return Err(Error::conflict(""));
    }
    let there = store::find(tx, &draft.name)?;
    let (text, owner) = there.map_or((None, None), |role| (role.description, role.owner));
    let owner = draft.owner.clone().or(owner);
    let role = Role {
        name: draft.name.clone(),
        source: Source::Rest,
        description: draft.description.clone().or(text),
        owner: owner.or_else(|| Some(by.clone())),
        author: Some(by.clone()),
        modified_by: Some(by),
        created_at: Some(now),
        last_modified: Some(now),
    };
    store::upsert(tx, &role)?;
    store::insert_members(tx, &draft.name, &draft.members)?;
    let after = stored_view(tx, &draft.name)?;
    let event = Event::done("permission.role.create", &draft.name);
    Ok(((), event.changed(before.as_ref(), after.as_ref())))
}

fn update(
    tx: &mut Tx<'_>,
    old: &Draft,
    new: &Draft,
    by: String,
    now: Millis,
) -> Result<((), Event)> {
    let before = stored_view(tx, &old.name)?;
    let known = store::list_members(tx, &old.name)?;
    for member in &old.members {
        if !known.contains(member) {
            return Err(Error::not_found(format!(
                "Member reference: {member} was not found for role {}",
                old.name
            )));
        }
    }
    let added = new.members.iter().filter(|it| !old.members.contains(it));
    let added: Vec<String> = added.cloned().collect();
    if added.iter().any(|member| known.contains(member)) {
        return Err(Error::conflict(""));
    }
    let removed = old.members.iter().filter(|it| !new.members.contains(it));
    let removed: Vec<String> = removed.cloned().collect();
    store::delete_members(tx, &old.name, &removed)?;
    store::insert_members(tx, &old.name, &added)?;
    if new.name != old.name {
        store::rename(tx, &old.name, &new.name)?;
    }
    if let Some(role) = store::find(tx, &new.name)? {
        store::upsert(
            tx,
            &Role {
                description: new.description.clone().or(role.description),
                owner: new.owner.clone().or(role.owner),
                modified_by: Some(by),
                last_modified: Some(now),
                ..role
            },
        )?;
    }
    let after = stored_view(tx, &new.name)?;
    let event = Event::done("permission.role.update", &old.name);
    Ok(((), event.changed(before.as_ref(), after.as_ref())))
}

fn remove(tx: &mut Tx<'_>, name: &str, member: Option<&str>) -> Result<((), Event)> {
    let before = stored_view(tx, name)?;
    let known = store::list_members(tx, name)?;
    match member {
        Some(member) if !known.iter().any(|it| it == member) => {
            return Err(Error::not_found(format!(
                "role member '{member}' was not found"
            )));
        }
        Some(member) if known.len() > 1 => {
            store::delete_members(tx, name, &[member.to_owned()])?;
        }
        // A role that nobody has is no role.
        _ => store::delete(tx, name)?,
    }
    let after = stored_view(tx, name)?;
    let event = Event::done("permission.role.delete", name);
    Ok(((), event.changed(before.as_ref(), after.as_ref())))
}

fn stored_view(tx: &mut Tx<'_>, name: &str) -> Result<Option<Value>> {
    let Some(role) = store::find(tx, name)? else {
        return Ok(None);
    };
    let members = store::list_members(tx, name)?;
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    Ok(Some(view(&role, &members)))
}

pub(crate) fn check_role(name: &str) -> Result<()> {
    reference::check(name, Kinds::Role).map_err(Error::input)
}

/// Fails unless the API may change a role.
pub(crate) fn require_ours(role: Option<&Role>, what: &str) -> Result<()> {
    match role {
        Some(role) if role.source != Source::Rest => Err(Error::forbidden(format!(
            "{what}: source does not match originating role {}, consider making changes to the '{}'",
            role.name,
            role.source.name().to_uppercase()
        ))),
        _ => Ok(()),
    }
}

fn members_in<'s>(set: &'s Arc<PolicySet>, role: &str) -> Vec<&'s str> {
    let own = set.memberships.iter().filter(|it| it.role == role);
    own.map(|it| it.member.as_str()).collect()
}

fn view(role: &Role, members: &[&str]) -> Value {
    let mut metadata = json!({ "source": role.source.name() });
    let date = |millis: Option<Millis>| {
        let time = OffsetDateTime::from_unix_timestamp(millis? / 1_000).ok()?;
        time.format(DATE).ok()
    };
    let texts = [
        ("description", role.description.clone()),
        ("author", role.author.clone()),
        ("modifiedBy", role.modified_by.clone()),
        ("owner", role.owner.clone()),
        ("createdAt", date(role.created_at)),
        ("lastModified", date(role.last_modified)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            metadata[name] = text.into();
        }
    }
    json!({ "memberReferences": members, "name": role.name, "metadata": metadata })
}
