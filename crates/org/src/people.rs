//! People and teams as sources give them, and the entities they become.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::ProvidedEntity;
use model::EntityRef;
use serde_json::{Map, Value, json};

/// Longest name of an entity.
const MAX_NAME: usize = 63;
/// Longest description.
const MAX_TEXT: usize = 1_000;

/// What people and teams have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Card {
    /// Name, as [`name_of`] makes it.
    pub(crate) name: String,
    /// Namespace; `default` when empty.
    pub(crate) namespace: String,
    pub(crate) description: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) picture: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// Where it is at its source, as a location.
    pub(crate) location: String,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Person {
    pub(crate) card: Card,
    /// Fixed settings of entities, by path.
    pub(crate) set: Map<String, Value>,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Team {
    pub(crate) card: Card,
    pub(crate) kind: String,
    /// Reference of the group above.
    pub(crate) parent: Option<String>,
    /// References of users.
    pub(crate) members: Vec<String>,
    pub(crate) set: Map<String, Value>,
}

/// Everybody of a source.
#[derive(Debug, Default)]
pub(crate) struct Org {
    pub(crate) people: Vec<Person>,
    pub(crate) teams: Vec<Team>,
}

impl Card {
    fn namespace(&self) -> &str {
        match &*self.namespace {
            "" => "default",
            namespace => namespace,
        }
    }

    fn reference(&self, kind: &str) -> String {
        format!("{kind}:{}/{}", self.namespace(), self.name).to_lowercase()
    }

    fn entity(&self, kind: &str) -> Value {
        let mut annotations = Map::new();
        for name in ["location", "origin-location"] {
            let name = format!("backstage.io/managed-by-{name}");
            annotations.insert(name, self.location.as_str().into());
        }
        let own = self.annotations.iter();
        annotations.extend(own.map(|(name, value)| (name.clone(), value.as_str().into())));
        let mut metadata = json!({"name": self.name, "annotations": annotations});
        if !self.namespace.is_empty() {
            metadata["namespace"] = self.namespace.as_str().into();
        }
        if let Some(text) = filled(self.description.as_ref()) {
            let text: String = text.chars().take(MAX_TEXT).collect();
            metadata["description"] = text.into();
        }
        let mut profile = Map::new();
        for (name, value) in [
            ("displayName", &self.display_name),
            ("email", &self.email),
            ("picture", &self.picture),
        ] {
            if let Some(value) = filled(value.as_ref()) {
                profile.insert(name.to_owned(), value.as_str().into());
            }
        }
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": kind,
            "metadata": metadata,
            "spec": {"profile": profile},
        })
    }
}

fn filled(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.trim().is_empty())
}

impl Person {
    pub(crate) fn reference(&self) -> String {
        self.card.reference("user")
    }
}

impl Team {
    pub(crate) fn reference(&self) -> String {
        self.card.reference("group")
    }
}

impl Org {
    /// The entities when members are known to be there, although they are not among these people.
    pub(crate) fn into_entities_of_known(mut self, location_key: &str) -> Vec<ProvidedEntity> {
        let members: Vec<_> = self
            .teams
            .iter_mut()
            .map(|team| std::mem::take(&mut team.members))
            .collect();
        let refs: Vec<String> = self.teams.iter().map(Team::reference).collect();
        let members: HashMap<String, Vec<String>> = refs.into_iter().zip(members).collect();
        let mut entities = self.into_entities(location_key);
        for provided in &mut entities {
            let reference =
                EntityRef::from_entity(&provided.entity).map(|found| format!("{found}"));
            if let Some(own) = reference.ok().and_then(|reference| members.get(&reference)) {
                provided.entity["spec"]["members"] = own.clone().into();
            }
        }
        entities
    }

    /// The entities; members, parents and groups that the source did not give are left out, and of
    /// two with one name the first stays.
    pub(crate) fn into_entities(self, location_key: &str) -> Vec<ProvidedEntity> {
        let people = unique(self.people, Person::reference);
        let teams = unique(self.teams, Team::reference);
        let known: HashSet<String> = people.iter().map(Person::reference).collect();
        let groups: HashSet<String> = teams.iter().map(Team::reference).collect();
        let mut member_of: HashMap<String, Vec<String>> = HashMap::new();
        let mut children: HashMap<String, Vec<String>> = HashMap::new();
        for team in &teams {
            let reference = team.reference();
            for member in team.members.iter().filter(|member| known.contains(*member)) {
                let own = member_of.entry(member.clone()).or_default();
                if !own.contains(&reference) {
                    own.push(reference.clone());
                }
            }
            if let Some(parent) = team.parent.as_ref().filter(|it| groups.contains(*it)) {
                children
                    .entry(parent.clone())
                    .or_default()
                    .push(reference.clone());
            }
        }
        let users = people.iter().map(|person| {
            let own = member_of.remove(&person.reference()).unwrap_or_default();
            let mut entity = person.card.entity("User");
            entity["spec"]["memberOf"] = own.into();
            with_settings(entity, &person.set)
        });
        let users: Vec<_> = users.collect();
        let groups = teams.iter().map(|team| {
            let own = children.remove(&team.reference()).unwrap_or_default();
            let mut entity = team.card.entity("Group");
            entity["spec"]["type"] = team.kind.as_str().into();
            entity["spec"]["children"] = own.into();
            if let Some(parent) = team.parent.as_ref().filter(|it| groups.contains(*it)) {
                entity["spec"]["parent"] = parent.as_str().into();
            }
            let members = team.members.iter().filter(|it| known.contains(*it));
            entity["spec"]["members"] = members.cloned().collect();
            with_settings(entity, &team.set)
        });
        users
            .into_iter()
            .chain(groups)
            .map(|entity| ProvidedEntity {
                entity,
                location_key: Some(location_key.to_owned()),
            })
            .collect()
    }
}

/// The things with a name that is theirs alone; two that the catalog could not tell apart are no
/// reason to lose everybody else.
fn unique<T>(things: Vec<T>, reference: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(things.len());
    for thing in things {
        let reference = reference(&thing);
        let is_name = reference.parse::<EntityRef>().is_ok();
        if is_name && seen.insert(reference.clone()) {
            kept.push(thing);
        } else {
            tracing::warn!(
                entity = reference,
                "left out: its name is taken or is no name"
            );
        }
    }
    kept
}

/// An entity with settings at dotted paths below it.
fn with_settings(mut entity: Value, settings: &Map<String, Value>) -> Value {
    for (path, value) in settings {
        let pointer = format!("/{}", path.replace('.', "/"));
        if let Some(place) = entity.pointer_mut(&pointer) {
            merge(place, value);
        } else if let Some((parent, name)) = path.rsplit_once('.')
            && let Some(Value::Object(parent)) =
                entity.pointer_mut(&format!("/{}", parent.replace('.', "/")))
        {
            parent.insert(name.to_owned(), value.clone());
        }
    }
    entity
}

fn merge(place: &mut Value, value: &Value) {
    match (place, value) {
        (Value::Object(place), Value::Object(value)) => {
            for (name, value) in value {
                place.insert(name.clone(), value.clone());
            }
        }
        (place, value) => *place = value.clone(),
    }
}

/// A text as the name of an entity: what is not allowed becomes `_`, as Backstage does.
pub(crate) fn name_of(text: &str) -> String {
    name_with(text, '_')
}

/// The same with another character in place of what is not allowed.
pub(crate) fn name_with(text: &str, filler: char) -> String {
    let mut name = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        let letter = if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') {
            letter
        } else {
            filler
        };
        let is_between = |letter: char| !letter.is_ascii_alphanumeric();
        // Between letters there is one of the others at most.
        match name.chars().last() {
            None if is_between(letter) => {}
            Some(last) if is_between(last) && is_between(letter) => {}
            _ => name.push(letter),
        }
    }
    name.truncate(MAX_NAME);
    name.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        let mut person = Person::default();
        person.card.name = name.to_owned();
        person.card.location = "url:https://host/x".to_owned();
        person
    }

    fn team(name: &str, parent: Option<&str>, members: &[&str]) -> Team {
        let mut team = Team {
            kind: "team".to_owned(),
            parent: parent.map(str::to_owned),
            members: members
                .iter()
                .map(|name| format!("user:default/{name}"))
                .collect(),
            ..Team::default()
        };
        team.card.name = name.to_owned();
        team
    }

    #[test]
    fn names_are_made_of_texts() {
        for (text, expected) in [
            ("ann", "ann"),
            ("Ann.Lee@acme.org", "Ann.Lee_acme.org"),
            ("  The  A-Team! ", "The_A-Team"),
            ("__x__", "x"),
            ("Zoë", "Zo"),
            ("", ""),
            ("!!", ""),
        ] {
            assert_eq!(name_of(text), expected, "{text}");
        }
        assert_eq!(name_of(&"a".repeat(100)).len(), 63);
        assert_eq!(name_with("a b/c", '-'), "a-b-c");
    }

    #[test]
    fn entities_know_each_other() {
        let org = Org {
            people: vec![person("ann"), person("Bob"), person("ann")],
            teams: vec![
                team("root", None, &["ann", "stranger"]),
                team("leaf", Some("group:default/root"), &["ann", "bob", "ann"]),
                team("alone", Some("group:default/nowhere"), &[]),
                team("", None, &[]),
            ],
        };
        let entities = org.into_entities("key");
        assert!(
            entities
                .iter()
                .all(|it| it.location_key.as_deref() == Some("key"))
        );
        let specs: Vec<_> = entities
            .iter()
            .map(|it| {
                (
                    it.entity["metadata"]["name"].clone(),
                    it.entity["spec"].clone(),
                )
            })
            .collect();
        let (root, leaf) = ("group:default/root", "group:default/leaf");
        let (ann, bob) = ("user:default/ann", "user:default/bob");
        assert_eq!(
            specs,
            [
                (
                    json!("ann"),
                    json!({"profile": {}, "memberOf": [root, leaf]})
                ),
                (json!("Bob"), json!({"profile": {}, "memberOf": [leaf]})),
                (
                    json!("root"),
                    json!({"profile": {}, "type": "team", "children": [leaf], "members": [ann]})
                ),
                (
                    json!("leaf"),
                    json!({
                        "profile": {}, "type": "team", "children": [], "parent": root,
                        "members": [ann, bob, ann],
                    })
                ),
                (
                    json!("alone"),
                    json!({"profile": {}, "type": "team", "children": [], "members": []})
                ),
            ]
        );
    }

    #[test]
    fn settings_go_where_their_paths_lead() {
        let mut person = person("ann");
        person.set = json!({
            "metadata.annotations": {"a/b": "c"}, "metadata.namespace": "hr", "spec.profile.email": "x@y",
            "nowhere.at.all": 1,
        })
        .as_object()
        .unwrap()
        .clone();
        let org = Org {
            people: vec![person],
            teams: Vec::new(),
        };
        let entity = &org.into_entities("key")[0].entity;
        assert_eq!(entity["metadata"]["annotations"]["a/b"], "c");
        let location = &entity["metadata"]["annotations"]["backstage.io/managed-by-location"];
        assert_eq!(*location, "url:https://host/x");
        assert_eq!(entity["metadata"]["namespace"], "hr");
        assert_eq!(entity["spec"]["profile"]["email"], "x@y");
        assert_eq!(entity.get("nowhere"), None);
    }
}
