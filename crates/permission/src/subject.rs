//! Who somebody is to a policy: their roles, through themselves and through their groups.

use std::collections::{HashMap, HashSet};

/// Groups whose ancestors are looked at, for one user.
const MAX_GROUPS: usize = 10_000;

/// Knows who is in which group; the catalog, in the product. Questions must be cheap.
pub trait Groups: Send + Sync {
    /// Grows whenever an answer may have changed.
    fn revision(&self) -> u64;

    /// The groups a user is in directly.
    fn of_user(&self, user_ref: &str) -> Vec<String>;

    /// The groups that a group is directly below.
    fn parents(&self, group_ref: &str) -> Vec<String>;
}

/// Nobody is in any group.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGroups;

impl Groups for NoGroups {
    fn revision(&self) -> u64 {
        0
    }

    fn of_user(&self, _user_ref: &str) -> Vec<String> {
        Vec::new()
    }

    fn parents(&self, _group_ref: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Groups, each with the one it was found through, those of the user first.
type Found = Vec<(String, Option<usize>)>;

/// The groups of a user, with those above them up to a depth, each with the one it was found
/// through; `None` when groups are above themselves.
pub(crate) fn all_groups(
    groups: &dyn Groups,
    user_ref: &str,
    max_depth: Option<u32>,
) -> Option<Found> {
    let (found, edges) = climb(groups, user_ref, max_depth);
    is_acyclic(&edges).then_some(found)
}

/// What a user owns things through as the portal sees it: themselves, their groups and all above
/// those, whether or not some are above themselves.
pub(crate) fn ownership(groups: &dyn Groups, user_ref: &str) -> Vec<String> {
    let (found, _) = climb(groups, user_ref, None);
    let groups = found.into_iter().map(|(group, _)| group);
    std::iter::once(user_ref.to_owned()).chain(groups).collect()
}

/// Of what a user owns things through, what is theirs directly: without the groups that are only
/// above their groups.
pub(crate) fn direct<'a>(
    groups: &dyn Groups,
    user_ref: &str,
    ownership: &'a [String],
) -> Vec<&'a str> {
    let (found, _) = climb(groups, user_ref, None);
    let above: HashSet<&str> = found
        .iter()
        .filter(|(_, through)| through.is_some())
        .map(|(group, _)| group.as_str())
        .collect();
    let is_above = |name: &str| above.contains(name.to_lowercase().as_str());
    let names = ownership.iter().map(String::as_str);
    names.filter(|name| !is_above(name)).collect()
}

fn climb(
    groups: &dyn Groups,
    user_ref: &str,
    max_depth: Option<u32>,
) -> (Found, HashMap<String, Vec<String>>) {
    let mut found: Found = Vec::new();
    let mut seen = HashSet::new();
    for group in groups.of_user(user_ref) {
        if seen.insert(group.clone()) {
            found.push((group, None));
        }
    }
    let mut edges: HashMap<String, Vec<String>> = HashMap::new();
    let (mut next, mut depth) = (0..found.len(), 0);
    while !next.is_empty() && max_depth.is_none_or(|most| depth < most) && found.len() < MAX_GROUPS
    {
        let end = found.len();
        for at in next {
            let group = found[at].0.clone();
            let parents = groups.parents(&group);
            for parent in &parents {
                if seen.insert(parent.clone()) {
                    found.push((parent.clone(), Some(at)));
                }
            }
            edges.insert(group, parents);
        }
        next = end..found.len();
        depth += 1;
    }
    (found, edges)
}

/// Whether no group is above itself: groups without parents are taken away until none is left.
fn is_acyclic(edges: &HashMap<String, Vec<String>>) -> bool {
    let mut below: HashMap<&str, usize> = edges.keys().map(|group| (group.as_str(), 0)).collect();
    for parents in edges.values() {
        for parent in parents {
            if let Some(n) = below.get_mut(parent.as_str()) {
                *n += 1;
            }
        }
    }
    let lowest = below.iter().filter(|(_, n)| **n == 0);
    let mut free: Vec<&str> = lowest.map(|(group, _)| *group).collect();
    let mut n_taken = 0;
    while let Some(group) = free.pop() {
        n_taken += 1;
        for parent in edges.get(group).into_iter().flatten() {
            if let Some(n) = below.get_mut(parent.as_str()) {
                *n -= 1;
                if *n == 0 {
                    free.push(parent.as_str());
                }
            }
        }
    }
    n_taken == edges.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parents by group; users are in the group of their name.
    struct Tree(&'static [(&'static str, &'static [&'static str])]);

    impl Groups for Tree {
        fn revision(&self) -> u64 {
            0
        }

        fn of_user(&self, user_ref: &str) -> Vec<String> {
            vec![user_ref.to_owned()]
        }

        fn parents(&self, group_ref: &str) -> Vec<String> {
            let own = self.0.iter().find(|(group, _)| *group == group_ref);
            let parents = own.map_or(&[][..], |(_, parents)| parents);
            parents.iter().map(|&parent| parent.to_owned()).collect()
        }
    }

    const TREE: Tree = Tree(&[
        ("team", &["dept", "guild"]),
        ("dept", &["org"]),
        ("guild", &["org"]),
        ("loop", &["hole"]),
        ("hole", &["hole2"]),
        ("hole2", &["hole"]),
        ("self", &["self"]),
    ]);

    fn names(user: &str, depth: Option<u32>) -> Option<Vec<String>> {
        let found = all_groups(&TREE, user, depth)?;
        Some(found.into_iter().map(|(group, _)| group).collect())
    }

    #[test]
    fn groups_above_count_up_to_a_depth() {
        let cases = [
            ("team", None, Some(vec!["team", "dept", "guild", "org"])),
            ("team", Some(0), Some(vec!["team"])),
            ("team", Some(1), Some(vec!["team", "dept", "guild"])),
            ("team", Some(2), Some(vec!["team", "dept", "guild", "org"])),
            ("alone", None, Some(vec!["alone"])),
            ("loop", None, None),
            ("self", None, None),
            ("loop", Some(0), Some(vec!["loop"])),
            ("loop", Some(1), Some(vec!["loop", "hole"])),
        ];
        for (user, depth, expected) in cases {
            let expected: Option<Vec<String>> =
                expected.map(|groups| groups.into_iter().map(str::to_owned).collect());
            assert_eq!(names(user, depth), expected, "{user} {depth:?}");
        }
    }
}
