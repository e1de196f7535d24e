//! What Graph's lists of changes add up to.
//!
//! <https://learn.microsoft.com/graph/delta-query-overview>: the first list tells everything, in
//! parts; each later one tells what has changed since, by property and by member.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use url::Url;

/// A user or a group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) mail: Option<String>,
    pub(super) mail_nickname: Option<String>,
    pub(super) user_principal_name: Option<String>,
    pub(super) account_enabled: Option<bool>,
}

/// Somebody or something in a group.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Member {
    #[serde(rename = "@odata.type")]
    pub(super) kind: Option<String>,
    pub(super) id: String,
}

/// A user or a group with its members.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Thing {
    pub(super) found: Found,
    pub(super) members: Vec<Member>,
}

/// An entry of a list of changes; what it does not name is as before.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    id: String,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
    #[serde(default)]
    display_name: Told<String>,
    #[serde(default)]
    description: Told<String>,
    #[serde(default)]
    mail: Told<String>,
    #[serde(default)]
    mail_nickname: Told<String>,
    #[serde(default)]
    user_principal_name: Told<String>,
    #[serde(default)]
    account_enabled: Told<bool>,
    #[serde(rename = "members@delta", default)]
    members: Vec<MemberChange>,
}

#[derive(Debug, Deserialize)]
struct MemberChange {
    #[serde(flatten)]
    member: Member,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
}

/// A property of a change.
#[derive(Debug, Default)]
enum Told<T> {
    /// It is as before.
    #[default]
    Nothing,
    /// It has this value now, or none.
    Now(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Now)
    }
}

/// A list as of the last time, and where the changes since then are told.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) link: Url,
    things: BTreeMap<String, Thing>,
}

impl Known {
    /// Nothing yet; `link` tells everything.
    pub(super) fn nothing(link: Url) -> Self {
        Self {
            link,
            things: BTreeMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// In order of id.
    pub(super) fn things(&self) -> Vec<Thing> {
        self.things.values().cloned().collect()
    }

    pub(super) fn apply(&mut self, changes: Vec<Change>, link: Url) {
        self.link = link;
        for change in changes {
            if change.removed.is_some() {
                self.things.remove(&change.id);
            } else {
                let thing = self.things.entry(change.id.clone()).or_default();
                change.apply(thing);
            }
        }
    }
}

impl Change {
    fn apply(self, thing: &mut Thing) {
        let Thing { found, members } = thing;
        found.id = self.id;
        set(&mut found.display_name, self.display_name);
        set(&mut found.description, self.description);
        set(&mut found.mail, self.mail);
        set(&mut found.mail_nickname, self.mail_nickname);
        set(&mut found.user_principal_name, self.user_principal_name);
        set(&mut found.account_enabled, self.account_enabled);
        for MemberChange { member, removed } in self.members {
            // Members are kept in order of id; a group may have very many.
            let place = members.binary_search_by(|known| known.id.cmp(&member.id));
            match (place, removed) {
                (Ok(at), Some(_)) => drop(members.remove(at)),
                (Err(at), None) => members.insert(at, member),
                (Ok(_), None) | (Err(_), Some(_)) => {}
            }
        }
    }
}

fn set<T>(place: &mut Option<T>, told: Told<T>) {
    if let Told::Now(value) = told {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn known(steps: &[Value]) -> Vec<Thing> {
        let link: Url = "https://graph/delta".parse().unwrap();
        let mut known = Known::nothing(link.clone());
        for step in steps {
            known.apply(serde_json::from_value(step.clone()).unwrap(), link.clone());
        }
        known.things()
    }

    #[test]
    fn a_change_names_what_is_new_and_leaves_the_rest() {
        let all = json!([{"id": "u1", "displayName": "Ann", "mail": "ann@acme.org"}]);
        let found = |steps: &[Value]| known(steps).into_iter().next().map(|it| it.found);
        let married = found(&[all.clone(), json!([{"id": "u1", "displayName": "Ann Lee"}])]);
        let married = married.unwrap();
        assert_eq!(married.display_name.as_deref(), Some("Ann Lee"));
        assert_eq!(married.mail.as_deref(), Some("ann@acme.org"));
        let without_mail = found(&[all.clone(), json!([{"id": "u1", "mail": null}])]);
        assert_eq!(without_mail.unwrap().mail, None);
        let gone = json!([{"id": "u1", "@removed": {"reason": "deleted"}}]);
        assert_eq!(found(&[all, gone]), None);
    }

    #[test]
    fn members_come_in_parts_and_go_one_by_one() {
        let member = |id: &str| json!({"@odata.type": "#microsoft.graph.user", "id": id});
        let left = json!({"id": "u1", "@removed": {"reason": "deleted"}});
        let things = known(&[
            json!([
                {"id": "g1", "members@delta": [member("u3"), member("u1")]},
                {"id": "g1", "members@delta": [member("u2"), member("u3")]},
            ]),
            json!([{"id": "g1", "members@delta": [left, {"id": "u9", "@removed": {}}]}]),
        ]);
        let ids: Vec<_> = things[0].members.iter().map(|it| &*it.id).collect();
        assert_eq!(ids, ["u2", "u3"]);
    }
}
