//! Entity references: `[<kind>:][<namespace>/]<name>`.
//!
//! A reference keeps the case it was written in; comparing, ordering, hashing and printing use
//! the lower-case form, which is what the catalog stores.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::error_info::ErrorInfo;
use crate::javascript::lower;

/// Namespace of entities and references that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// A complete reference to an entity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EntityRef {
    /// Kind, in the case of its source.
    pub kind: String,
    /// Namespace, in the case of its source.
    pub namespace: String,
    /// Name, in the case of its source.
    pub name: String,
}

/// A text that is not an entity or location reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct RefError {
    /// `TypeError` or `Error`, as Backstage classifies the mistake.
    pub name: &'static str,
    /// Message in the words of Backstage.
    pub message: String,
}

impl RefError {
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self {
            name: "TypeError",
            message: message.into(),
        }
    }

    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self {
            name: "Error",
            message: message.into(),
        }
    }
}

impl From<RefError> for ErrorInfo {
    fn from(error: RefError) -> Self {
        Self::new(error.name, error.message)
    }
}

impl EntityRef {
    /// A reference from its three parts.
    pub fn new(
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Reads a reference, filling in kind and namespace where the text has none.
    ///
    /// An empty `default_namespace` stands for [`DEFAULT_NAMESPACE`].
    pub fn parse(
        text: &str,
        default_kind: Option<&str>,
        default_namespace: &str,
    ) -> Result<Self, RefError> {
        if text.is_empty() {
            return Err(RefError::incomplete("Entity reference must not be empty"));
        }
        let (kind, namespace, name) = split(text)?;
        let Some(kind) = kind.or(default_kind).filter(|kind| !kind.is_empty()) else {
            return Err(missing_kind(&Value::from(text)));
        };
        let fallback = if default_namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            default_namespace
        };
        Ok(Self::new(kind, namespace.unwrap_or(fallback), name))
    }

    /// Reads a reference that may also be an object with `kind`, `namespace` and `name`.
    pub(crate) fn parse_value(
        value: &Value,
        default_kind: Option<&str>,
        default_namespace: &str,
    ) -> Result<Self, RefError> {
        if let Value::String(text) = value {
            return Self::parse(text, default_kind, default_namespace);
        }
        if matches!(value, Value::Null | Value::Bool(false)) {
            return Err(RefError::incomplete("Entity reference must not be empty"));
        }
        let part = |key| value.get(key).and_then(Value::as_str);
        let kind = part("kind")
            .or(default_kind)
            .filter(|kind| !kind.is_empty());
        let namespace = part("namespace").unwrap_or(default_namespace);
        let name = part("name").filter(|name| !name.is_empty());
        match (kind, name) {
            (None, _) => Err(missing_kind(value)),
            (_, None) => Err(RefError::incomplete(format!(
                "Entity reference {value} had missing or empty name"
            ))),
            _ if namespace.is_empty() => Err(RefError::incomplete(format!(
                "Entity reference {value} had missing or empty namespace"
            ))),
            (Some(kind), Some(name)) => Ok(Self::new(kind, namespace, name)),
        }
    }

    /// The reference of an entity; kind and name must be present.
    pub fn from_entity(entity: &Value) -> Result<Self, RefError> {
        let metadata = entity.get("metadata");
        let part = |key| {
            metadata
                .and_then(|metadata| metadata.get(key))
                .and_then(Value::as_str)
        };
        let kind = entity
            .get("kind")
            .and_then(Value::as_str)
            .filter(|kind| !kind.is_empty());
        let name = part("name").filter(|name| !name.is_empty());
        let (Some(kind), Some(name)) = (kind, name) else {
            return Err(RefError::malformed(
                "Entity has no kind or no metadata.name",
            ));
        };
        let namespace = part("namespace").filter(|namespace| !namespace.is_empty());
        Ok(Self::new(
            kind,
            namespace.unwrap_or(DEFAULT_NAMESPACE),
            name,
        ))
    }

    fn parts(&self) -> [&str; 3] {
        [&self.kind, &self.namespace, &self.name]
    }
}

type Parts<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// Splits at the first colon and the first slash; a slash ahead of the colon hides the colon.
fn split(text: &str) -> Result<Parts<'_>, RefError> {
    let slash = text.find('/');
    let colon = text
        .find(':')
        .filter(|colon| slash.is_none_or(|slash| *colon < slash));
    let after_colon = colon.map_or(0, |colon| colon + 1);
    let kind = colon.map(|colon| &text[..colon]);
    let namespace = slash.map(|slash| &text[after_colon..slash]);
    let name = &text[slash.map_or(after_colon, |slash| slash + 1)..];
    if kind == Some("") || namespace == Some("") || name.is_empty() {
        return Err(RefError::malformed(format!(
            "Entity reference \"{text}\" was not on the form [<kind>:][<namespace>/]<name>"
        )));
    }
    Ok((kind, namespace, name))
}

fn missing_kind(reference: &Value) -> RefError {
    RefError::incomplete(format!(
        "Entity reference {reference} had missing or empty kind \
         (e.g. did not start with \"component:\" or similar)"
    ))
}

/// The kind is mandatory; the namespace defaults to [`DEFAULT_NAMESPACE`].
impl FromStr for EntityRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        Self::parse(text, None, DEFAULT_NAMESPACE)
    }
}

impl TryFrom<String> for EntityRef {
    type Error = RefError;

    fn try_from(text: String) -> Result<Self, RefError> {
        text.parse()
    }
}

impl From<EntityRef> for String {
    fn from(reference: EntityRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kind, namespace, name] = self.parts().map(lower);
        write!(f, "{kind}:{namespace}/{name}")
    }
}

impl PartialEq for EntityRef {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for EntityRef {}

impl PartialOrd for EntityRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EntityRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().map(lower).cmp(&other.parts().map(lower))
    }
}

impl Hash for EntityRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().map(lower).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(text: &str, kind: Option<&str>, namespace: &str) -> Result<[String; 3], String> {
        EntityRef::parse(text, kind, namespace)
            .map(|r| [r.kind, r.namespace, r.name])
            .map_err(|e| format!("{}: {}", e.name, e.message))
    }

    #[test]
    fn complete_and_partial_references() {
        for (text, kind, namespace, expected) in [
            ("component:ns/name", None, "", ["component", "ns", "name"]),
            ("Component:NS/Name", None, "", ["Component", "NS", "Name"]),
            ("component:name", None, "", ["component", "default", "name"]),
            (
                "component:name",
                None,
                "mine",
                ["component", "mine", "name"],
            ),
            ("name", Some("Group"), "mine", ["Group", "mine", "name"]),
            ("ns/name", Some("Group"), "mine", ["Group", "ns", "name"]),
            // The slash comes first: the colon belongs to the name.
            ("ns/na:me", Some("Group"), "", ["Group", "ns", "na:me"]),
            // Recorded fixture `bad-ref`: accepted by Backstage.
            ("a:b:c/d/e", Some("Group"), "default", ["a", "b:c", "d/e"]),
            ("k:a/b/c", None, "", ["k", "a", "b/c"]),
        ] {
            assert_eq!(parsed(text, kind, namespace).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn messages_of_bad_references() {
        let form = |text| {
            format!(
                "TypeError: Entity reference \"{text}\" was not on the form \
                 [<kind>:][<namespace>/]<name>"
            )
        };
        for text in [":name", "kind:", "kind:/name", "/name", "ns/", "not a ref:"] {
            assert_eq!(parsed(text, Some("x"), "").unwrap_err(), form(text));
        }
        assert_eq!(
            parsed("", None, "").unwrap_err(),
            "Error: Entity reference must not be empty"
        );
        assert_eq!(
            parsed("a\"b", None, "").unwrap_err(),
            "Error: Entity reference \"a\\\"b\" had missing or empty kind \
             (e.g. did not start with \"component:\" or similar)"
        );
    }

    #[test]
    fn case_is_kept_but_never_compared() {
        let upper: EntityRef = "Component:Default/My.API".parse().unwrap();
        let lower: EntityRef = "component:my.api".parse().unwrap();
        assert_eq!(upper, lower);
        assert_eq!(upper.name, "My.API");
        assert_eq!(upper.to_string(), "component:default/my.api");
        assert_eq!(HashSet::from([upper.clone(), lower]).len(), 1);
        assert_eq!(
            serde_json::to_value(&upper).unwrap(),
            json!("component:default/my.api")
        );
    }

    #[test]
    fn entities_have_references() {
        let entity = json!({"kind": "Group", "metadata": {"name": "A"}});
        assert_eq!(
            EntityRef::from_entity(&entity).unwrap().to_string(),
            "group:default/a"
        );
        for broken in [
            json!({}),
            json!({"kind": "A"}),
            json!({"kind": 1, "metadata": {"name": "x"}}),
        ] {
            EntityRef::from_entity(&broken).unwrap_err();
        }
    }

    #[test]
    fn compound_references() {
        let compound = json!({"kind": "User", "name": "x"});
        let reference = EntityRef::parse_value(&compound, None, "ns").unwrap();
        assert_eq!(reference.to_string(), "user:ns/x");
        assert_eq!(
            EntityRef::parse_value(&json!(5), None, "ns")
                .unwrap_err()
                .message,
            "Entity reference 5 had missing or empty kind \
             (e.g. did not start with \"component:\" or similar)"
        );
    }

    proptest! {
        #[test]
        fn printing_and_parsing_round_trip(
            kind in "[^:/]{1,8}",
            namespace in "[^:/]{1,8}",
            name in "[^/]{1,8}",
        ) {
            let reference = EntityRef::new(kind, namespace, name);
            let printed = reference.to_string();
            let again: EntityRef = printed.parse().unwrap();
            prop_assert_eq!(again.to_string(), printed);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,20}", kind in proptest::option::of(".{0,3}")) {
            _ = EntityRef::parse(&text, kind.as_deref(), "");
        }
    }
}
