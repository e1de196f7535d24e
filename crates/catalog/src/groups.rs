//! Who is in which group, from the index: cheap enough to be asked for every decision.

use crate::catalog::Catalog;

/// Kind of what groups are, in references.
const GROUP: &str = "group:";

impl Catalog {
    /// The groups a user is a member of.
    pub fn groups_of_user(&self, user_ref: &str) -> Vec<String> {
        self.related_groups(user_ref, "relations.memberof")
    }

    /// The groups a group is directly below.
    pub fn groups_above(&self, group_ref: &str) -> Vec<String> {
        self.related_groups(group_ref, "relations.childof")
    }

    /// Grows whenever any entity has changed.
    pub fn revision(&self) -> u64 {
        self.view.applied().unsigned_abs()
    }

    fn related_groups(&self, entity_ref: &str, key: &str) -> Vec<String> {
        let index = self.view.index();
        let Some(hit) = index.by_ref(entity_ref) else {
            return Vec::new();
        };
        let targets = index.values_of(hit.slot, key).into_iter();
        let groups = targets.filter(|target| target.starts_with(GROUP));
        groups.map(str::to_owned).collect()
    }
}
