//! The committed reference of all keys is current.

use std::path::Path;

use platform::config::schema;
use serde_json::Value;

use crate::assert_current;

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

#[test]
fn the_committed_schema_is_current() {
    let document = serde_json::to_string_pretty(schema::document()).unwrap() + "\n";
    assert_current(&docs().join("config.schema.json"), &document);
}

#[test]
fn the_committed_reference_is_current() {
    assert_current(&docs().join("config.md"), &schema::markdown());
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn visit(node: &Value, path: &str, missing: &mut Vec<String>) {
        let Some(keywords) = node.as_object() else {
            return;
        };
        for (name, property) in keywords
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let path = format!("{path}.{name}");
            let is_unit = property == &serde_json::json!({ "type": "number" });
            if property.get("description").is_none() && !is_unit {
                missing.push(path.clone());
            }
            visit(property, &path, missing);
        }
        for (name, node) in keywords
            .get("$defs")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            visit(node, name, missing);
        }
    }
    let mut missing = Vec::new();
    visit(schema::document(), "", &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
}
