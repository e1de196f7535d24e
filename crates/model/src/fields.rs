//! `fields=` parameters: which parts of an entity a client wants to see.

use serde_json::{Map, Value};

use crate::error_info::InputError;
use crate::javascript::trim;

/// Most fields one request may ask for.
const MAX_FIELDS: usize = 1_000;

/// A list of dotted paths to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    fields: Vec<String>,
}

impl Projection {
    /// Reads `fields` parameters, each a comma-separated list; `None` keeps everything.
    pub fn parse(params: &[impl AsRef<str>]) -> Result<Option<Self>, InputError> {
        let mut fields: Vec<String> = Vec::new();
        let parts = params
            .iter()
            .flat_map(|param| param.as_ref().split(','))
            .map(trim);
        for field in parts.filter(|field| !field.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(InputError::new(format!(
                    "Too many fields, at most {MAX_FIELDS}"
                )));
            }
            if field.contains('[') {
                return Err(InputError::new(format!(
                    "Invalid field \"{field}\", array type fields are not supported"
                )));
            }
            if !fields.iter().any(|known| known == field) {
                fields.push(field.to_owned());
            }
        }
        Ok((!fields.is_empty()).then_some(Self { fields }))
    }

    /// The dotted paths to keep, in the order of the request.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// A copy of the entity with nothing but the wanted fields; absent fields are left out.
    pub fn apply(&self, entity: &Value) -> Value {
        let mut output = Value::Object(Map::new());
        for field in &self.fields {
            if let Some(found) = Found::at(entity, field) {
                found.copy_into(&mut output);
            }
        }
        output
    }
}

/// One step from a container into a member.
struct Step<'a> {
    key: &'a str,
    container: &'a Value,
}

/// A value and the way to it.
struct Found<'a> {
    steps: Vec<Step<'a>>,
    value: &'a Value,
}

impl<'a> Found<'a> {
    /// Walks a dotted path. A part that is no member is joined with the next one, so that keys
    /// with dots can be reached.
    fn at(entity: &'a Value, field: &'a str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut value = entity;
        let (mut start, mut end) = (0, 0);
        for part in field.split('.') {
            end += part.len();
            let key = &field[start..end];
            end += 1;
            if let Some(found) = member(value, key) {
                steps.push(Step {
                    key,
                    container: value,
                });
                value = found;
                start = end;
            }
        }
        // `start` passed the end exactly if the last part was a member.
        (start > field.len()).then_some(Self { steps, value })
    }

    fn copy_into(&self, output: &mut Value) {
        let mut place = output;
        for step in &self.steps {
            place = match step.container {
                Value::Array(_) => array_place(place, step.key),
                _ => object_place(place, step.key),
            };
        }
        *place = self.value.clone();
    }
}

fn member<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(key),
        Value::Array(items) => items.get(array_index(key)?),
        _ => None,
    }
}

/// The index, if the key is the way JavaScript writes it.
fn array_index(key: &str) -> Option<usize> {
    key.parse()
        .ok()
        .filter(|index: &usize| index.to_string() == key)
}

fn object_place<'a>(place: &'a mut Value, key: &str) -> &'a mut Value {
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    &mut place[key]
}

/// The item of that index, after items that nobody asked for as null.
fn array_place<'a>(place: &'a mut Value, key: &str) -> &'a mut Value {
    let index = array_index(key).unwrap_or_default();
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    if let Value::Array(items) = place
        && items.len() <= index
    {
        items.resize(index + 1, Value::Null);
    }
    &mut place[index]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn projected(fields: &[&str]) -> Value {
        let entity = json!({
            "kind": "Component",
            "metadata": {
                "name": "c",
                "annotations": {"backstage.io/techdocs-ref": "dir:.", "a": {"b.c": {"d": 1}}},
                "labels": {"tier": "1"},
                "tags": ["x", "y"],
                "nothing": null,
            },
            "a.b": {"c": 2},
            "relations": [{"type": "ownedBy", "targetRef": "group:default/a"}],
        });
        Projection::parse(fields).unwrap().unwrap().apply(&entity)
    }

    #[test]
    fn only_wanted_fields_remain() {
        for (fields, expected) in [
            (&["kind"][..], json!({"kind": "Component"})),
            (
                &["metadata.name,kind"],
                json!({"metadata": {"name": "c"}, "kind": "Component"}),
            ),
            (
                &["kind", "kind", " , metadata.labels "],
                json!({"kind": "Component", "metadata": {"labels": {"tier": "1"}}}),
            ),
            // Recorded: cat-list-fields-dotted.
            (
                &["metadata.annotations.backstage.io/techdocs-ref"],
                json!({"metadata": {"annotations": {"backstage.io/techdocs-ref": "dir:."}}}),
            ),
            (
                &["metadata.annotations.a.b.c.d"],
                json!({"metadata": {"annotations": {"a": {"b.c": {"d": 1}}}}}),
            ),
            (&["a.b.c"], json!({"a.b": {"c": 2}})),
            // Recorded: cat-list-fields-missing.
            (&["nope"], json!({})),
            (
                &[
                    "metadata.nope",
                    "kind.nope",
                    "metadata.name.length",
                    "metadata.",
                ],
                json!({}),
            ),
            (
                &["metadata.nothing"],
                json!({"metadata": {"nothing": null}}),
            ),
            (
                &["metadata.tags.1"],
                json!({"metadata": {"tags": [null, "y"]}}),
            ),
            (&["metadata.tags.2", "metadata.tags.01"], json!({})),
            (
                &["relations.0.type"],
                json!({"relations": [{"type": "ownedBy"}]}),
            ),
        ] {
            assert_eq!(projected(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_whole_and_its_part() {
        for fields in [
            ["metadata.labels", "metadata.labels.tier"],
            ["metadata.labels.tier", "metadata.labels"],
        ] {
            assert_eq!(
                projected(&fields),
                json!({"metadata": {"labels": {"tier": "1"}}})
            );
        }
    }

    #[test]
    fn no_fields_keep_everything() {
        for params in [&[][..], &[""], &[" , ,"]] {
            assert_eq!(Projection::parse(params).unwrap(), None);
        }
    }

    #[test]
    fn array_fields_and_floods_are_rejected() {
        let error = Projection::parse(&["kind,metadata.tags[0]"]).unwrap_err();
        assert_eq!(
            error.message,
            "Invalid field \"metadata.tags[0]\", array type fields are not supported"
        );
        let flood = (0..=MAX_FIELDS)
            .map(|n| format!("f{n}"))
            .collect::<Vec<_>>()
            .join(",");
        Projection::parse(&[flood]).unwrap_err();
    }
}
