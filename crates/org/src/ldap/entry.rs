//! An entry of a directory, and the user or group it describes.

use std::collections::HashMap;

use ldap3::SearchEntry;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::people::{Card, Person, Team, name_of};
use crate::source::segment;

/// Attributes that are ids, by server: `OpenLDAP`, Active Directory, `FreeIPA`, 389.
const IDS: [&str; 4] = ["entryuuid", "objectguid", "ipauniqueid", "nsuniqueid"];

/// Which attribute says what of a user.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UserMap {
    rdn: String,
    name: String,
    description: Option<String>,
    display_name: String,
    email: String,
    picture: Option<String>,
    pub(super) member_of: String,
}

impl Default for UserMap {
    fn default() -> Self {
        Self {
            rdn: "uid".to_owned(),
            name: "uid".to_owned(),
            description: None,
            display_name: "cn".to_owned(),
            email: "mail".to_owned(),
            picture: None,
            member_of: "memberOf".to_owned(),
        }
    }
}

/// Which attribute says what of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GroupMap {
    rdn: String,
    name: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    display_name: String,
    email: Option<String>,
    picture: Option<String>,
    pub(super) member_of: String,
    pub(super) members: String,
}

impl Default for GroupMap {
    fn default() -> Self {
        Self {
            rdn: "cn".to_owned(),
            name: "cn".to_owned(),
            description: "description".to_owned(),
            kind: "groupType".to_owned(),
            display_name: "cn".to_owned(),
            email: None,
            picture: None,
            member_of: "memberOf".to_owned(),
            members: "member".to_owned(),
        }
    }
}

/// An entry; names of attributes are in small letters, as their case means nothing.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    texts: HashMap<String, Vec<String>>,
    bytes: HashMap<String, Vec<Vec<u8>>>,
}

impl From<SearchEntry> for Entry {
    fn from(found: SearchEntry) -> Self {
        let lower = |(name, values): (String, _)| (name.to_lowercase(), values);
        Self {
            dn: found.dn,
            texts: found.attrs.into_iter().map(lower).collect(),
            bytes: found
                .bin_attrs
                .into_iter()
                .map(|(name, values)| (name.to_lowercase(), values))
                .collect(),
        }
    }
}

/// A distinguished name so that equal ones are equal texts.
pub(super) fn same_dn(dn: &str) -> String {
    let parts: Vec<_> = dn.split(',').map(str::trim).collect();
    parts.join(",").to_lowercase()
}

impl Entry {
    fn text(&self, attribute: &str) -> Option<String> {
        let values = self.texts.get(&attribute.to_lowercase())?;
        values.iter().find(|value| !value.is_empty()).cloned()
    }

    fn optional(&self, attribute: Option<&String>) -> Option<String> {
        self.text(attribute?)
    }

    /// The distinguished names in an attribute.
    pub(super) fn dns(&self, attribute: &str) -> Vec<String> {
        let values = self.texts.get(&attribute.to_lowercase());
        values.into_iter().flatten().map(|dn| same_dn(dn)).collect()
    }

    fn id(&self, attribute: Option<&str>) -> Option<String> {
        let one = |name: &str| {
            let name = name.to_lowercase();
            let bytes = || {
                let bytes: [u8; 16] = self.bytes.get(&name)?.first()?.as_slice().try_into().ok()?;
                // Active Directory writes the first three parts with their lowest byte first.
                Some(Uuid::from_bytes_le(bytes).to_string())
            };
            self.text(&name)
                .filter(|_| name != "objectguid")
                .or_else(bytes)
        };
        match attribute {
            Some(name) => one(name),
            None => IDS.iter().find_map(|name| one(name)),
        }
    }

    fn card(&self, provider: &str, name: &str, rdn: &str, uuid: Option<&str>) -> Card {
        let mut card = Card {
            name: name_of(name),
            location: format!("ldap:{provider}/{}", segment(&self.dn)),
            ..Card::default()
        };
        let annotations = &mut card.annotations;
        annotations.insert("backstage.io/ldap-dn".to_owned(), self.dn.clone());
        if let Some(rdn) = self.text(rdn) {
            annotations.insert("backstage.io/ldap-rdn".to_owned(), rdn);
        }
        if let Some(id) = self.id(uuid) {
            annotations.insert("backstage.io/ldap-uuid".to_owned(), id);
        }
        card
    }

    /// The user it describes, if it has a name.
    pub(super) fn person(
        &self,
        provider: &str,
        map: &UserMap,
        set: &Map<String, Value>,
        uuid: Option<&str>,
    ) -> Option<Person> {
        let name = self.text(&map.name)?;
        Some(Person {
            card: Card {
                description: self.optional(map.description.as_ref()),
                display_name: self.text(&map.display_name),
                email: self.text(&map.email),
                picture: self.optional(map.picture.as_ref()),
                ..self.card(provider, &name, &map.rdn, uuid)
            },
            set: set.clone(),
        })
    }

    /// The group it describes, if it has a name.
    pub(super) fn team(
        &self,
        provider: &str,
        map: &GroupMap,
        set: &Map<String, Value>,
        uuid: Option<&str>,
    ) -> Option<Team> {
        let name = self.text(&map.name)?;
        Some(Team {
            card: Card {
                description: self.text(&map.description),
                display_name: self.text(&map.display_name),
                email: self.optional(map.email.as_ref()),
                picture: self.optional(map.picture.as_ref()),
                ..self.card(provider, &name, &map.rdn, uuid)
            },
            kind: self.text(&map.kind).unwrap_or_else(|| "unknown".to_owned()),
            set: set.clone(),
            ..Team::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_whoever_wrote_them() {
        let guid = vec![
            0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 8, 9, 10, 11, 12, 13, 14, 15,
        ];
        let mut windows = Entry::default();
        windows.bytes.insert("objectguid".to_owned(), vec![guid]);
        let mut open = Entry::default();
        open.texts
            .insert("entryuuid".to_owned(), vec!["a-b".to_owned()]);
        open.texts
            .insert("employee".to_owned(), vec!["7".to_owned()]);
        let expected = "00112233-4455-6677-0809-0a0b0c0d0e0f";
        assert_eq!(windows.id(None).as_deref(), Some(expected));
        assert_eq!(open.id(None).as_deref(), Some("a-b"));
        assert_eq!(open.id(Some("Employee")).as_deref(), Some("7"));
        assert_eq!(Entry::default().id(None), None);
    }

    #[test]
    fn equal_names_are_equal() {
        assert_eq!(same_dn("CN=A, OU=b,DC=c"), same_dn("cn=a,ou=B, dc=C"));
    }
}
