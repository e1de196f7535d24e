//! The envelope every entity shares, whatever its kind.

use serde_json::{Map, Value};

use crate::entity_ref::DEFAULT_NAMESPACE;
use crate::findings::Findings;
use crate::schema::{Members, Others, Rule, Violation};

/// What is needed to tell which entity this is.
const SKELETON: Members = Members {
    required: &["apiVersion", "kind", "metadata"],
    known: &[
        ("apiVersion", Rule::NonEmpty),
        ("kind", Rule::NonEmpty),
        (
            "metadata",
            Rule::Object(Members {
                required: &["name"],
                known: &[("name", Rule::NonEmpty), ("namespace", Rule::NonEmpty)],
                others: Others::Anything,
            }),
        ),
    ],
    others: Others::Anything,
};

/// Everything an entity may have at its root.
const ENTITY: Members = Members {
    required: &["apiVersion", "kind", "metadata"],
    known: &[
        ("apiVersion", Rule::NonEmpty),
        ("kind", Rule::NonEmpty),
        ("metadata", Rule::Object(METADATA)),
        ("spec", Rule::Object(FREE)),
        ("relations", Rule::List(&Rule::Object(RELATION))),
        ("status", Rule::Object(STATUS)),
    ],
    others: Others::Nothing,
};

const FREE: Members = Members {
    required: &[],
    known: &[],
    others: Others::Anything,
};

const METADATA: Members = Members {
    required: &["name"],
    known: &[
        ("uid", Rule::NonEmpty),
        ("etag", Rule::NonEmpty),
        ("name", Rule::NonEmpty),
        ("namespace", Rule::NonEmpty),
        ("title", Rule::NonEmpty),
        ("description", Rule::Text),
        ("labels", Rule::TextMap),
        ("annotations", Rule::TextMap),
        ("tags", Rule::List(&Rule::NonEmpty)),
        ("links", Rule::List(&Rule::Object(LINK))),
    ],
    others: Others::Anything,
};

const LINK: Members = Members {
    required: &["url"],
    known: &[
        ("url", Rule::NonEmpty),
        ("title", Rule::NonEmpty),
        ("icon", Rule::NonEmpty),
        ("type", Rule::NonEmpty),
    ],
    others: Others::Anything,
};

const RELATION: Members = Members {
    required: &["type", "targetRef"],
    known: &[
        ("type", Rule::Word),
        ("target", Rule::Object(COMPOUND_REF)),
        ("targetRef", Rule::NonEmpty),
    ],
    others: Others::Nothing,
};

const COMPOUND_REF: Members = Members {
    required: &["kind", "namespace", "name"],
    known: &[
        ("kind", Rule::NonEmpty),
        ("namespace", Rule::NonEmpty),
        ("name", Rule::NonEmpty),
    ],
    others: Others::Nothing,
};

const STATUS: Members = Members {
    required: &[],
    known: &[("items", Rule::List(&Rule::Object(STATUS_ITEM)))],
    others: Others::Anything,
};

const STATUS_ITEM: Members = Members {
    required: &["type", "level", "message"],
    known: &[
        ("type", Rule::NonEmpty),
        ("level", Rule::OneOf(&["info", "warning", "error"])),
        ("message", Rule::Text),
        (
            "error",
            Rule::Object(Members {
                required: &["name", "message"],
                known: &[
                    ("name", Rule::NonEmpty),
                    ("message", Rule::Text),
                    ("code", Rule::Text),
                    ("stack", Rule::Text),
                ],
                others: Others::Anything,
            }),
        ),
    ],
    others: Others::Anything,
};

/// Root members that a file may contain; the others are made by the catalog.
pub(crate) const INGESTED_ROOT_FIELDS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// Checks that the entity can be told from others at all.
pub(crate) fn check_skeleton(
    entity: &Value,
    found: &mut Findings<Violation>,
) -> Result<(), Violation> {
    SKELETON.check(entity, &mut String::new(), found)
}

/// Checks the types of everything outside the spec.
pub(crate) fn check_envelope(
    entity: &Value,
    found: &mut Findings<Violation>,
) -> Result<(), Violation> {
    ENTITY.check(entity, &mut String::new(), found)
}

/// Root members that the catalog makes itself.
pub(crate) fn foreign_root_fields(entity: &Value) -> impl Iterator<Item = &str> {
    let keys = entity.as_object().into_iter().flat_map(Map::keys);
    keys.map(String::as_str)
        .filter(|key| !INGESTED_ROOT_FIELDS.contains(key))
}

/// Puts an entity without namespace into the default one.
///
/// Metadata then comes first, with the namespace at its head: the order in which Backstage stores
/// such entities.
pub(crate) fn set_default_namespace(entity: &mut Value) {
    let Some(members) = entity.as_object_mut() else {
        return;
    };
    if members
        .get("metadata")
        .is_none_or(|metadata| metadata.get("namespace").is_some())
    {
        return;
    }
    let mut reordered = Map::with_capacity(members.len());
    let mut metadata = Map::new();
    metadata.insert("namespace".to_owned(), Value::from(DEFAULT_NAMESPACE));
    if let Some(Value::Object(known)) = members.shift_remove("metadata") {
        metadata.extend(known);
    }
    reordered.insert("metadata".to_owned(), Value::Object(metadata));
    reordered.append(members);
    *members = reordered;
}
