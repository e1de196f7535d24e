//! What sign-in and policies ask about users: who they are, and what they own things through. The
//! index answers, cheaply enough to be asked for every decision.
//!
//! Asked by the portal itself before anybody is signed in, so there is no caller and no permission;
//! what is answered goes into tokens and logs, never to whoever asks.

use std::collections::HashSet;

use index::ListRequest;
use model::Filter;

use crate::catalog::Catalog;

/// How far up the tree of groups ownership goes.
const MAX_DEPTH: usize = 32;
/// Most groups of one user; a token and every filter has to carry them.
const MAX_GROUPS: usize = 1_000;
/// Kind of what groups are, in references.
const GROUP: &str = "group:";
/// Kind of what users are.
const USER: &str = "user:";
/// Most users behind one entity.
const MAX_USERS: usize = 10_000;

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
    pub fn ownership(&self, user_ref: &str) -> Option<Vec<String>> {
        self.view.index().by_ref(user_ref)?;
        let mut owners = vec![user_ref.to_owned()];
        let mut seen: HashSet<String> = owners.iter().cloned().collect();
        let mut level = self.groups_of_user(user_ref);
        for _ in 0..MAX_DEPTH {
            level.retain(|group| seen.insert(group.clone()));
            if level.is_empty() || owners.len() > MAX_GROUPS {
                break;
            }
            owners.extend(level.iter().cloned());
            level = level
                .iter()
                .flat_map(|group| self.groups_above(group))
                .collect();
        }
        owners.truncate(MAX_GROUPS + 1);
        Some(owners)
    }

    /// The groups a user is a member of.
    pub fn groups_of_user(&self, user_ref: &str) -> Vec<String> {
        self.related_groups(user_ref, "relations.memberof")
    }

    /// The groups a group is directly below.
    pub fn groups_above(&self, group_ref: &str) -> Vec<String> {
        self.related_groups(group_ref, "relations.childof")
    }

    /// The users whom something concerns that is said to an entity: a user alone, the members of a
    /// group and of those below it, the owners of everything else. References are in lower case.
    pub fn users_behind(&self, entity_ref: &str) -> Vec<String> {
        let mut users = Vec::new();
        let mut seen = HashSet::new();
        let mut level = vec![entity_ref.to_owned()];
        for _ in 0..MAX_DEPTH {
            level.retain(|it| seen.insert(it.clone()));
            if level.is_empty() || users.len() >= MAX_USERS {
                break;
            }
            let mut next = Vec::new();
            for one in level {
                if one.starts_with(USER) {
                    users.push(one);
                } else if one.starts_with(GROUP) {
                    next.extend(self.related(&one, "relations.hasmember"));
                    next.extend(self.related(&one, "relations.parentof"));
                } else {
                    next.extend(self.related(&one, "relations.ownedby"));
                }
            }
            level = next;
        }
        users.truncate(MAX_USERS);
        users
    }

    /// Grows whenever any entity has changed.
    pub fn revision(&self) -> u64 {
        self.view.applied().unsigned_abs()
    }

    fn related_groups(&self, entity_ref: &str, key: &str) -> Vec<String> {
        let mut groups = self.related(entity_ref, key);
        groups.retain(|target| target.starts_with(GROUP));
        groups
    }

    fn related(&self, entity_ref: &str, key: &str) -> Vec<String> {
        let index = self.view.index();
        let Some(hit) = index.by_ref(entity_ref) else {
            return Vec::new();
        };
        let targets = index.values_of(hit.slot, key).into_iter();
        targets.map(str::to_owned).collect()
    }
}
