//! What sign-in asks about users: who they are, and what they own things through.
//!
//! Asked by the portal itself before anybody is signed in, so there is no caller and no permission;
//! what is answered goes into tokens and logs, never to whoever asks.

use std::collections::HashSet;

use index::ListRequest;
use model::Filter;
use platform::Result;
use serde::Deserialize;

use crate::catalog::Catalog;
use crate::service::entities::pick;

/// How far up the tree of groups ownership goes.
const MAX_DEPTH: usize = 32;
/// Most groups of one user; a token and every filter has to carry them.
const MAX_GROUPS: usize = 1_000;
const MEMBER_OF: &str = "memberOf";
const CHILD_OF: &str = "childOf";

impl Catalog {
    /// References of the users that fulfil a filter, at most `limit` of them.
    pub fn find_users(&self, filter: Filter, limit: usize) -> Vec<String> {
        let filter = Filter::equals("kind", "user").and(filter);
        let index = self.view.index();
        let page = index.list(&ListRequest {
            filter: &filter,
            order: &[],
            limit: Some(limit),
            offset: None,
        });
        let refs = page.items.into_iter();
        refs.map(|hit| index.meta(hit.slot).entity_ref.to_owned())
            .collect()
    }

    /// The user, the groups it is a member of, and the groups above those; `None` when there is no
    /// such user. `user_ref` is in lower case.
    pub async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let Some(groups) = self.groups_of(&[user_ref.to_owned()], MEMBER_OF).await? else {
            return Ok(None);
        };
        let mut owners = vec![user_ref.to_owned()];
        let mut seen: HashSet<String> = owners.iter().cloned().collect();
        let mut level = groups;
        for _ in 0..MAX_DEPTH {
            level.retain(|group| seen.insert(group.clone()));
            if level.is_empty() || owners.len() > MAX_GROUPS {
                break;
            }
            owners.extend(level.iter().cloned());
            level = self.groups_of(&level, CHILD_OF).await?.unwrap_or_default();
        }
        owners.truncate(MAX_GROUPS + 1);
        Ok(Some(owners))
    }

    /// The groups that entities have a relation to; `None` when no entity is there.
    async fn groups_of(&self, refs: &[String], relation: &str) -> Result<Option<Vec<String>>> {
        let picked: Vec<_> = {
            let index = self.view.index();
            let hits = refs.iter().filter_map(|entity| index.by_ref(entity));
            hits.map(|hit| pick(&index, hit)).collect()
        };
        if picked.is_empty() {
            return Ok(None);
        }
        let bodies = self.bodies(&picked).await?;
        let mut groups = Vec::new();
        for body in bodies.into_iter().flatten() {
            let related: Related = serde_json::from_slice(&body).map_err(|error| {
                platform::Error::internal("stored entity is not JSON").with_source(error)
            })?;
            let targets = related
                .relations
                .into_iter()
                .filter(|found| found.kind == relation && found.target_ref.starts_with("group:"));
            groups.extend(targets.map(|found| found.target_ref));
        }
        Ok(Some(groups))
    }
}

#[derive(Deserialize)]
struct Related {
    #[serde(default)]
    relations: Vec<Relation>,
}

#[derive(Deserialize)]
struct Relation {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "targetRef")]
    target_ref: String,
}
