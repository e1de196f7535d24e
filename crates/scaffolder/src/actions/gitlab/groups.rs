//! Groups and users of GitLab: making groups, who is a member, who one is, moving projects here.

use http::{Method, StatusCode};
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::id_text;
use crate::actions::Reach;
use crate::actions::github::renamed;
use crate::actions::publish::{Host, text};

/// The group that a trial says it made.
const TRIED_GROUP: u32 = 42;
/// Names of roles.
const ROLES: [(&str, u32); 8] = [
    ("no_access", 0),
    ("minimal_access", 5),
    ("guest", 10),
    ("planner", 15),
    ("reporter", 20),
    ("developer", 30),
    ("maintainer", 40),
    ("owner", 50),
];
/// The role of who is added without one.
const DEVELOPER: u32 = 30;

/// Makes the groups of a path that are not there.
pub(super) async fn ensure(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    if run.is_dry_run {
        return Ok(json!({ "groupId": TRIED_GROUP }));
    }
    let host = Host::alone(reach, input, Kind::Gitlab).await?;
    let groups = groups_of(&input["path"]);
    let mut path = String::new();
    let mut parent = Value::Null;
    for (index, (name, slug)) in groups.iter().enumerate() {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(slug);
        let found = host.find(&["groups", &path]).await?;
        let group = if let Some(group) = found {
            group
        } else {
            let mut body = json!({ "name": name, "path": slug });
            if !parent.is_null() {
                body["parent_id"] = parent;
            }
            if let Some(description) = text(input, "description")
                && index + 1 == groups.len()
            {
                body["description"] = description.into();
            }
            host.demand(Method::POST, &["groups"], Some(body)).await?
        };
        parent = group["id"].clone();
    }
    Ok(renamed(&json!({ "id": parent }), &[("id", "groupId")]))
}

/// Names and slugs along a path, whose parts may be paths themselves.
fn groups_of(path: &Value) -> Vec<(String, String)> {
    let mut groups = Vec::new();
    for part in path.as_array().into_iter().flatten() {
        if let Some(slugs) = part.as_str() {
            let slugs = slugs.split('/').filter(|slug| !slug.is_empty());
            groups.extend(slugs.map(|slug| (slug.to_owned(), slug.to_owned())));
        } else {
            let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
            groups.push((text("name"), text("slug")));
        }
    }
    groups
}

/// Adds users and groups to a group, or removes them.
pub(super) async fn give_access(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let list = |name: &str| input[name].as_array().cloned().unwrap_or_default();
    let (users, groups) = (list("userIds"), list("groupIds"));
    if users.is_empty() && groups.is_empty() {
        return Err(Error::input("one of `userIds` and `groupIds` is needed"));
    }
    let is_added = text(input, "action") != Some("remove");
    let role = role(&input["accessLevel"])?;
    let mut output = json!({ "path": input["path"] });
    for (name, ids) in [("userIds", &users), ("groupIds", &groups)] {
        if !ids.is_empty() {
            output[name] = ids.as_slice().into();
        }
    }
    if is_added {
        output["accessLevel"] = role.clone();
    }
    if run.is_dry_run {
        return Ok(output);
    }
    let host = Host::alone(reach, input, Kind::Gitlab).await?;
    let members = Members {
        host: &host,
        group: &id_text(&input["path"]),
        role,
    };
    for user in &users {
        members.change_user(user, is_added).await?;
    }
    for group in &groups {
        members.change_group(group, is_added).await?;
    }
    Ok(output)
}

/// A role as a number.
fn role(given: &Value) -> Result<Value> {
    let Some(name) = given.as_str() else {
        return Ok(if given.is_null() {
            DEVELOPER.into()
        } else {
            given.clone()
        });
    };
    let found = ROLES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found
        .map(|(_, number)| (*number).into())
        .ok_or_else(|| Error::input(format!("`{name}` is no role")))
}

/// Who is in a group. Each change may be repeated.
struct Members<'a> {
    host: &'a Host<'a>,
    group: &'a str,
    role: Value,
}

impl Members<'_> {
    async fn change_user(&self, user: &Value, is_added: bool) -> Result<()> {
        let id = id_text(user);
        let (all, one) = (
            ["groups", self.group, "members"],
            ["groups", self.group, "members", &id],
        );
        if !is_added {
            return self.remove(&one).await;
        }
        let body = json!({ "user_id": user, "access_level": self.role });
        let made = self.host.call(Method::POST, &all, Some(body)).await?;
        if made.status == StatusCode::CONFLICT {
            let body = json!({ "access_level": self.role });
            self.host.demand(Method::PUT, &one, Some(body)).await?;
            return Ok(());
        }
        self.check(&made)
    }

    async fn change_group(&self, group: &Value, is_added: bool) -> Result<()> {
        let id = id_text(group);
        let (all, one) = (
            ["groups", self.group, "share"],
            ["groups", self.group, "share", &id],
        );
        if !is_added {
            return self.remove(&one).await;
        }
        let body = json!({ "group_id": group, "group_access": self.role });
        let mut made = self
            .host
            .call(Method::POST, &all, Some(body.clone()))
            .await?;
        if made.status == StatusCode::CONFLICT {
            // The role of a group that is there cannot be changed.
            self.remove(&one).await?;
            made = self.host.call(Method::POST, &all, Some(body)).await?;
        }
        self.check(&made)
    }

    /// Who is not there need not be removed.
    async fn remove(&self, path: &[&str]) -> Result<()> {
        let answer = self.host.call(Method::DELETE, path, None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        self.check(&answer)
    }

    fn check(&self, answer: &crate::outgoing::Answer) -> Result<()> {
        if answer.is_success() {
            return Ok(());
        }
        Err(answer.error(&self.host.repo.host))
    }
}

/// Starts moving a project of another GitLab here. It cannot be found again, so that it is not
/// repeated.
pub(super) async fn migrate(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let destination = json!({
        "repoUrl": input["destinationUrl"],
        "token": input["destinationAccessToken"],
    });
    let host = Host::of(reach, &destination, Kind::Gitlab).await?;
    let body = json!({
        "configuration": {
            "url": input["sourceUrl"],
            "access_token": input["sourceAccessToken"],
        },
        "entities": [{
            "source_type": "project_entity",
            "source_full_path": input["sourceFullPath"],
            "destination_slug": host.name(),
            "destination_namespace": host.owner(),
        }],
    });
    let start = host.demand(Method::POST, &["bulk_imports"], Some(body));
    let started = run.checkpoint("migration", start).await?;
    let (name, owner, repo) = (&host.repo.host, host.owner(), host.name());
    Ok(json!({
        "importedRepoUrl": format!("{name}/{owner}/{repo}"),
        "migrationId": started["id"],
    }))
}

/// Who a user is; without a number, whose token it is.
pub(super) async fn tell_user(reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::alone(reach, input, Kind::Gitlab).await?;
    let id = id_text(&input["userId"]);
    let (one, own) = (["users", id.as_str()], ["user"]);
    let path: &[&str] = if input["userId"].is_null() {
        &own
    } else {
        &one
    };
    let user = host.demand(Method::GET, path, None).await?;
    let names = [
        ("id", "id"),
        ("username", "username"),
        ("name", "name"),
        ("state", "state"),
        ("web_url", "webUrl"),
        ("email", "email"),
        ("created_at", "createdAt"),
        ("public_email", "publicEmail"),
    ];
    Ok(renamed(&user, &names))
}
