//! What the server can do, as clients ask for it (RFC 7643 §5 to §7).

use serde_json::{Value, json};

use super::resource::Kind;

/// Most resources of a page.
pub(crate) const MAX_PAGE: i64 = 1_000;

pub(crate) fn provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MAX_PAGE},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer token", "primary": true,
            "description": "a token of `backend.auth.externalAccess` or `callboard token`",
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

pub(crate) fn types(base: &str) -> Vec<Value> {
    Kind::ALL
        .into_iter()
        .map(|kind| resource_type(kind, base))
        .collect()
}

pub(crate) fn find_type(id: &str, base: &str) -> Option<Value> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == id)?;
    Some(resource_type(kind, base))
}

fn resource_type(kind: Kind, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name(),
        "name": kind.name(),
        "endpoint": format!("/{}", kind.path()),
        "schema": kind.schema(),
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", kind.name()),
        },
    })
}

pub(crate) fn schemas(base: &str) -> Vec<Value> {
    Kind::ALL
        .into_iter()
        .map(|kind| schema(kind, base))
        .collect()
}

pub(crate) fn find_schema(id: &str, base: &str) -> Option<Value> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.schema() == id)?;
    Some(schema(kind, base))
}

fn schema(kind: Kind, base: &str) -> Value {
    let attributes = match kind {
        Kind::User => json!([
            named(text("userName")),
            text("displayName"),
            text("title"),
            complex("name", false, &["formatted", "familyName", "givenName"]),
            plain("active", "boolean"),
            complex("emails", true, &["value", "type"]),
            complex("photos", true, &["value", "type"]),
        ]),
        Kind::Group => json!([
            named(text("displayName")),
            complex("members", true, &["value"]),
        ]),
    };
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": kind.schema(),
        "name": kind.name(),
        "attributes": attributes,
        "meta": {
            "resourceType": "Schema",
            "location": format!("{base}/Schemas/{}", kind.schema()),
        },
    })
}

fn plain(name: &str, kind: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "required": false, "caseExact": false,
        "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    })
}

fn text(name: &str) -> Value {
    plain(name, "string")
}

/// The attribute that names a resource.
fn named(mut attribute: Value) -> Value {
    attribute["required"] = true.into();
    attribute["uniqueness"] = "server".into();
    attribute
}

fn complex(name: &str, is_list: bool, parts: &[&str]) -> Value {
    let mut attribute = plain(name, "complex");
    attribute["multiValued"] = is_list.into();
    attribute["subAttributes"] = parts.iter().map(|part| text(part)).collect();
    attribute
}
