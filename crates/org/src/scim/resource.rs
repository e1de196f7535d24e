//! Users and groups as they are pushed, and the entities they become.

use platform::clock::Millis;
use platform::{Error, Result};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{ScimError, ScimResult};
use crate::people::{Card, Person, Team, name_of};
use crate::store::Stored;

/// Longest name.
const MAX_NAME: usize = 256;
/// Most members of a group.
const MAX_MEMBERS: usize = 50_000;
/// Attributes in their own spelling; names are compared without regard to case.
const NAMES: [&str; 24] = [
    "userName",
    "externalId",
    "displayName",
    "name",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "active",
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509Certificates",
    "members",
    "value",
    "givenName",
    "familyName",
];
/// Attributes that are the server's own, or that it never keeps.
const DROPPED: [&str; 5] = ["id", "meta", "schemas", "password", "groups"];

/// What kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::User, Self::Group];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The path of its list.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    pub(crate) fn schema(self) -> String {
        format!("urn:ietf:params:scim:schemas:core:2.0:{}", self.name())
    }

    /// The attribute that is its name.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

/// A user or a group.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    pub(crate) body: Map<String, Value>,
}

/// An attribute's value, whatever the case of its name.
pub(super) fn attribute<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    let found = map.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A name as it is, or would be, spelled in a map.
pub(super) fn spelling(map: &Map<String, Value>, name: &str) -> String {
    let own = map.keys().find(|own| own.eq_ignore_ascii_case(name));
    let known = || NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
    match own {
        Some(own) => own.clone(),
        None => known().map_or_else(|| name.to_owned(), |known| (*known).to_owned()),
    }
}

/// What a client sent, as it is kept.
pub(super) fn cleaned(kind: Kind, body: Map<String, Value>) -> ScimResult<Map<String, Value>> {
    let mut clean = Map::new();
    for (name, value) in body {
        let is_dropped = DROPPED
            .iter()
            .any(|dropped| dropped.eq_ignore_ascii_case(&name));
        if !is_dropped && !value.is_null() {
            clean.insert(spelling(&clean, &name), value);
        }
    }
    let name = clean.get(kind.key()).and_then(Value::as_str).map(str::trim);
    let name = name.filter(|name| !name.is_empty() && name.len() <= MAX_NAME);
    if name.is_none_or(|name| name_of(name).is_empty()) {
        return Err(ScimError::value(format!(
            "`{}` is missing or no name",
            kind.key()
        )));
    }
    if let Some(active) = clean.get_mut("active") {
        // Entra sends the words.
        let word = active.as_str().map(str::to_lowercase);
        match (active.as_bool(), word.as_deref()) {
            (Some(_), _) => {}
            (None, Some("true")) => *active = true.into(),
            (None, Some("false")) => *active = false.into(),
            _ => return Err(ScimError::value("`active` is neither true nor false")),
        }
    }
    if clean.get("externalId").is_some_and(|id| !id.is_string()) {
        return Err(ScimError::value("`externalId` is no text"));
    }
    if let Some(members) = clean.get_mut("members") {
        *members = cleaned_members(members)?;
    }
    Ok(clean)
}

/// Members by id, each once.
fn cleaned_members(members: &Value) -> ScimResult<Value> {
    let list = match members {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.len() > MAX_MEMBERS {
        return Err(ScimError::of_status(413, "a group has too many members"));
    }
    let mut seen = std::collections::HashSet::new();
    let mut clean = Vec::with_capacity(list.len());
    for member in list {
        let id = match member {
            Value::Object(member) => attribute(member, "value").and_then(Value::as_str),
            other => other.as_str(),
        };
        let id = id.ok_or_else(|| ScimError::value("a member has no `value`"))?;
        if seen.insert(id) {
            clean.push(json!({ "value": id }));
        }
    }
    Ok(clean.into())
}

impl Resource {
    pub(super) fn from_stored(stored: Stored) -> Result<Self> {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == stored.kind);
        let kind = kind.ok_or_else(|| Error::internal("a SCIM resource is of no kind"))?;
        Ok(Self {
            kind,
            id: stored.id,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            body: serde_json::from_str(&stored.body).map_err(|error| {
                Error::internal("a SCIM resource is not what we write").with_source(error)
            })?,
        })
    }

    pub(super) fn to_stored(&self) -> Stored {
        let external_id = self.body.get("externalId").and_then(Value::as_str);
        Stored {
            kind: self.kind.name().to_owned(),
            id: self.id.clone(),
            name_key: self.key().to_lowercase(),
            external_id: external_id.map(str::to_owned),
            body: Value::Object(self.body.clone()).to_string(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            entity_name: Some(self.entity_name()),
        }
    }

    /// The name of its entity; those that differ in case only are one.
    pub(super) fn entity_name(&self) -> String {
        name_of(self.key()).to_lowercase()
    }

    /// Its name, as pushed.
    pub(super) fn key(&self) -> &str {
        self.text(self.kind.key()).unwrap_or_default().trim()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// What `If-Match` compares.
    pub(crate) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    /// The resource on the wire.
    pub(crate) fn view(&self, base: &str) -> Value {
        let mut schemas = vec![self.kind.schema()];
        let extensions = self.body.keys().filter(|name| name.starts_with("urn:"));
        schemas.extend(extensions.cloned());
        let mut view = Map::new();
        view.insert("schemas".to_owned(), schemas.into());
        view.insert("id".to_owned(), self.id.as_str().into());
        view.extend(self.body.clone());
        let meta = json!({
            "resourceType": self.kind.name(),
            "created": date(self.created_at),
            "lastModified": date(self.updated_at),
            "location": format!("{base}/{}/{}", self.kind.path(), self.id),
            "version": self.etag(),
        });
        view.insert("meta".to_owned(), meta);
        view.into()
    }

    /// Whether it is in the catalog: somebody who was deactivated has left.
    pub(super) fn is_active(&self) -> bool {
        self.body.get("active").and_then(Value::as_bool) != Some(false)
    }

    /// Ids of members.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        let members = self.body.get("members").and_then(Value::as_array);
        let members = members.into_iter().flatten();
        members.filter_map(|member| member.get("value")?.as_str())
    }

    fn card(&self, base: &str) -> Card {
        let mut card = Card {
            name: name_of(self.key()),
            location: format!("url:{base}/{}/{}", self.kind.path(), self.id),
            display_name: self.text("displayName").map(str::to_owned),
            ..Card::default()
        };
        let annotations = &mut card.annotations;
        annotations.insert("callboard.dev/scim-id".to_owned(), self.id.clone());
        if let Some(id) = self.text("externalId") {
            annotations.insert("callboard.dev/scim-external-id".to_owned(), id.to_owned());
        }
        card
    }

    pub(super) fn person(&self, base: &str) -> Person {
        let primary = |name: &str| {
            let list = self.body.get(name).and_then(Value::as_array)?;
            let is_primary = |it: &&Value| it.get("primary").and_then(Value::as_bool) == Some(true);
            let chosen = list.iter().find(is_primary).or_else(|| list.first())?;
            chosen.get("value")?.as_str().map(str::to_owned)
        };
        let card = self.card(base);
        let name = |part: &str| {
            self.body
                .get("name")?
                .get(part)?
                .as_str()
                .map(str::to_owned)
        };
        let parts = || {
            let parts = [name("givenName"), name("familyName")];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        Person {
            card: Card {
                display_name: card
                    .display_name
                    .clone()
                    .or_else(|| name("formatted"))
                    .or_else(parts),
                email: primary("emails"),
                picture: primary("photos"),
                description: self.text("title").map(str::to_owned),
                ..card
            },
            ..Person::default()
        }
    }

    pub(super) fn team(&self, base: &str, members: Vec<String>) -> Team {
        Team {
            card: self.card(base),
            kind: "team".to_owned(),
            members,
            ..Team::default()
        }
    }
}

fn date(at: Millis) -> Option<String> {
    let nanos = i128::from(at) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    time.format(&Rfc3339).ok()
}
