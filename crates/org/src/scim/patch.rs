//! Changes of parts of a resource (RFC 7644 §3.5.2), with the habits of Entra and Okta.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::filter::{Filter, Op, Path};
use super::resource::{attribute, spelling};
use super::{ScimError, ScimResult};

/// Most operations of a request.
const MAX_OPERATIONS: usize = 1_000;

/// A request to change something.
#[derive(Debug, Deserialize)]
pub(crate) struct Patch {
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    value: Value,
}

/// Where an operation works: an attribute, elements of a list, or a part of either.
struct Target {
    path: Path,
    element: Option<Filter>,
}

impl Patch {
    /// Does all operations, or none when one is wrong.
    pub(crate) fn apply(&self, body: &Map<String, Value>) -> ScimResult<Map<String, Value>> {
        if self.operations.len() > MAX_OPERATIONS {
            return Err(ScimError::of_status(413, "too many operations"));
        }
        let mut body = body.clone();
        for operation in &self.operations {
            operation.apply(&mut body)?;
        }
        Ok(body)
    }
}

impl Operation {
    fn apply(&self, body: &mut Map<String, Value>) -> ScimResult<()> {
        let kind = self.op.to_ascii_lowercase();
        let path = self.path.as_deref().filter(|path| !path.is_empty());
        let Some(path) = path else {
            return without_path(&kind, self.value.clone(), body);
        };
        let target = Target::parse(path)?;
        match &*kind {
            "add" => target.add(body, self.value.clone()),
            "replace" => target.replace(body, self.value.clone()),
            "remove" => target.remove(body, &self.value),
            _ => {
                return Err(ScimError::bad(
                    "invalidSyntax",
                    "`op` is add, replace or remove",
                ));
            }
        }
        Ok(())
    }
}

/// Without a path the value has the attributes, of which Entra writes some with dots.
fn without_path(kind: &str, value: Value, body: &mut Map<String, Value>) -> ScimResult<()> {
    let Value::Object(values) = value else {
        return Err(ScimError::bad(
            "noTarget",
            "an operation without `path` has an object",
        ));
    };
    for (name, value) in values {
        // The schema of an extension stands for all of its attributes, and Entra writes the attribute
        // of one behind it.
        if is_schema(&name) && value.is_object() {
            merge(
                body.entry(name)
                    .or_insert_with(|| Value::Object(Map::new())),
                value,
            );
            continue;
        }
        let target = Target::parse(&name)?;
        match kind {
            "add" => target.add(body, value),
            "replace" => target.replace(body, value),
            _ => return Err(ScimError::bad("noTarget", "`remove` needs a `path`")),
        }
    }
    Ok(())
}

/// Whether a name is that of a schema: it ends with the name of a kind of resource.
fn is_schema(name: &str) -> bool {
    let last = name.rsplit(':').next().unwrap_or_default();
    name.starts_with("urn:") && last.starts_with(|first: char| first.is_ascii_uppercase())
}

impl Target {
    fn parse(text: &str) -> ScimResult<Self> {
        let bad = || ScimError::bad("invalidPath", format!("`{text}` is no path"));
        let Some((name, rest)) = text.split_once('[') else {
            let path = Path::parse(text).ok_or_else(bad)?;
            return Ok(Self {
                path,
                element: None,
            });
        };
        let (filter, rest) = rest.rsplit_once(']').ok_or_else(bad)?;
        let element = Some(Filter::parse(filter)?);
        let path = Path::parse(&format!("{name}{rest}")).ok_or_else(bad)?;
        Ok(Self { path, element })
    }

    /// The map that has the attribute.
    fn map<'b>(&self, body: &'b mut Map<String, Value>) -> Option<&'b mut Map<String, Value>> {
        match &self.path.schema {
            Some(schema) => {
                let name = spelling(body, schema);
                let place = body.entry(name);
                place
                    .or_insert_with(|| Value::Object(Map::new()))
                    .as_object_mut()
            }
            None => Some(body),
        }
    }

    fn add(&self, body: &mut Map<String, Value>, value: Value) {
        if self.element.is_some() || self.path.sub.is_some() {
            return self.replace(body, value);
        }
        let Some(map) = self.map(body) else { return };
        let name = spelling(map, &self.path.name);
        let values = match value {
            Value::Array(values) => values,
            value => match map.get_mut(&name) {
                Some(Value::Array(list)) => {
                    push(list, value);
                    return;
                }
                Some(place @ Value::Object(_)) => return merge(place, value),
                _ => {
                    map.insert(name, value);
                    return;
                }
            },
        };
        let place = map.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        match place {
            Value::Array(list) => values.into_iter().for_each(|value| push(list, value)),
            place => *place = Value::Array(values),
        }
    }

    fn replace(&self, body: &mut Map<String, Value>, value: Value) {
        let Some(map) = self.map(body) else { return };
        let name = spelling(map, &self.path.name);
        match (&self.element, &self.path.sub) {
            (None, None) => match map.get_mut(&name) {
                Some(place @ Value::Object(_)) if value.is_object() => merge(place, value),
                _ => {
                    map.insert(name, value);
                }
            },
            (None, Some(sub)) => {
                let place = map.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(inner) = place {
                    inner.insert(spelling(inner, sub), value);
                }
            }
            (Some(filter), sub) => {
                let place = map.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = place else { return };
                let fits = |it: &Value| it.as_object().is_some_and(|it| filter.matches(it));
                if !list.iter().any(fits) {
                    // Entra replaces `emails[type eq "work"].value` of somebody without one.
                    list.extend(seed(filter));
                }
                for element in list.iter_mut().filter(|it| fits(it)) {
                    match (sub, element) {
                        (Some(sub), Value::Object(inner)) => {
                            inner.insert(spelling(inner, sub), value.clone());
                        }
                        (_, element) => merge(element, value.clone()),
                    }
                }
            }
        }
    }

    fn remove(&self, body: &mut Map<String, Value>, value: &Value) {
        let Some(map) = self.map(body) else { return };
        let name = spelling(map, &self.path.name);
        match (&self.element, &self.path.sub, map.get_mut(&name)) {
            (Some(filter), None, Some(Value::Array(list))) => {
                list.retain(|it| !it.as_object().is_some_and(|it| filter.matches(it)));
            }
            (Some(filter), Some(sub), Some(Value::Array(list))) => {
                let elements = list.iter_mut().filter_map(Value::as_object_mut);
                for element in elements.filter(|it| filter.matches(it)) {
                    element.shift_remove(&spelling(element, sub));
                }
            }
            (None, Some(sub), Some(Value::Object(inner))) => {
                inner.shift_remove(&spelling(inner, sub));
            }
            // Entra names the elements to remove in the value.
            (None, None, Some(Value::Array(list))) if !value.is_null() => {
                let gone = match value {
                    Value::Array(gone) => gone.as_slice(),
                    one => std::slice::from_ref(one),
                };
                list.retain(|it| !gone.iter().any(|gone| id(gone) == id(it)));
            }
            (None, None, Some(_)) => {
                map.shift_remove(&name);
            }
            _ => {}
        }
    }
}

/// What makes two elements of a list the same.
fn id(element: &Value) -> &Value {
    let own = element.as_object().and_then(|it| attribute(it, "value"));
    own.unwrap_or(element)
}

fn push(list: &mut Vec<Value>, value: Value) {
    match list.iter_mut().find(|own| id(own) == id(&value)) {
        Some(own) => merge(own, value),
        None => list.push(value),
    }
}

fn merge(place: &mut Value, value: Value) {
    match (place, value) {
        (Value::Object(place), Value::Object(value)) => {
            for (name, value) in value {
                place.insert(spelling(place, &name), value);
            }
        }
        (place, value) => *place = value,
    }
}

/// A new element that fulfils a filter, if it only says what is equal to what.
fn seed(filter: &Filter) -> Option<Value> {
    fn collect(filter: &Filter, map: &mut Map<String, Value>) -> bool {
        match filter {
            Filter::And(one, other) => collect(one, map) && collect(other, map),
            Filter::Compare(path, Op::Equal, value) if path.sub.is_none() => {
                map.insert(path.name.clone(), value.clone());
                true
            }
            _ => false,
        }
    }
    let mut map = Map::new();
    collect(filter, &mut map).then_some(Value::Object(map))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call reads like the request it makes"
    )]
    fn patched(body: &Value, operations: Value) -> Result<Value, &'static str> {
        let patch: Patch = serde_json::from_value(json!({ "Operations": operations })).unwrap();
        let body = patch.apply(body.as_object().unwrap());
        body.map(Value::Object)
            .map_err(|error| error.scim_type.unwrap_or_default())
    }

    #[test]
    fn operations_as_identity_providers_send_them() {
        let user = json!({"userName": "ann", "active": true, "name": {"givenName": "Ann"}});
        let group = json!({"displayName": "g", "members": [{"value": "1"}, {"value": "2"}]});
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let cases = [
            // Okta deactivates.
            (
                &user,
                json!([{"op": "replace", "value": {"active": false}}]),
                "/active",
                json!(false),
            ),
            // Entra, with its capitals and words; the words are read later.
            (
                &user,
                json!([{"op": "Replace", "path": "active", "value": "False"}]),
                "/active",
                json!("False"),
            ),
            (
                &user,
                json!([{"op": "Add", "value": {"name.familyName": "Lee"}}]),
                "/name",
                json!({"givenName": "Ann", "familyName": "Lee"}),
            ),
            (
                &user,
                json!([{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@b"}]),
                "/emails",
                json!([{"type": "work", "value": "a@b"}]),
            ),
            (
                &user,
                json!([{"op": "Add", "path": format!("{extension}:department"), "value": "HR"}]),
                "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                json!({"department": "HR"}),
            ),
            (
                &user,
                json!([{"op": "replace", "path": "NAME.GivenName", "value": "Eve"}]),
                "/name/givenName",
                json!("Eve"),
            ),
            (
                &user,
                json!([{"op": "remove", "path": "name.givenName"}]),
                "/name",
                json!({}),
            ),
            (
                &user,
                json!([{"op": "remove", "path": "name"}]),
                "/name",
                Value::Null,
            ),
            (
                &group,
                json!([{"op": "add", "path": "members", "value": [{"value": "3"}, {"value": "1"}]}]),
                "/members",
                json!([{"value": "1"}, {"value": "2"}, {"value": "3"}]),
            ),
            (
                &group,
                json!([{"op": "add", "path": "members", "value": {"value": "3"}}]),
                "/members/2",
                json!({"value": "3"}),
            ),
            (
                &group,
                json!([{"op": "remove", "path": "members[value eq \"1\"]"}]),
                "/members",
                json!([{"value": "2"}]),
            ),
            (
                &group,
                json!([{"op": "Remove", "path": "members", "value": [{"value": "2"}]}]),
                "/members",
                json!([{"value": "1"}]),
            ),
            (
                &group,
                json!([{"op": "remove", "path": "members"}]),
                "/members",
                Value::Null,
            ),
            (
                &group,
                json!([{"op": "replace", "path": "members", "value": [{"value": "9"}]}]),
                "/members",
                json!([{"value": "9"}]),
            ),
        ];
        for (body, operations, pointer, expected) in cases {
            let found = patched(body, operations.clone()).unwrap();
            let found = found.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(found, expected, "{operations}");
        }
    }

    /// In a value a schema has all attributes of an extension, or stands before one.
    #[test]
    fn attributes_of_extensions_come_in_either_way() {
        let user = json!({"userName": "ann"});
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let manager = format!("{extension}:manager");
        for (value, expected) in [
            (
                json!({extension: {"department": "HR"}}),
                json!({"department": "HR"}),
            ),
            (
                json!({manager: {"value": "7"}}),
                json!({"manager": {"value": "7"}}),
            ),
        ] {
            let operations = json!([{"op": "Add", "value": value}]);
            let found = patched(&user, operations).unwrap();
            assert_eq!(found[extension], expected, "{value}");
        }
    }

    #[test]
    fn wrong_operations_change_nothing() {
        let user = json!({"userName": "ann"});
        for (operations, expected) in [
            (
                json!([{"op": "move", "path": "a", "value": 1}]),
                "invalidSyntax",
            ),
            (json!([{"op": "remove"}]), "noTarget"),
            (json!([{"op": "remove", "value": {"a": 1}}]), "noTarget"),
            (json!([{"op": "add", "value": 1}]), "noTarget"),
            (
                json!([{"op": "add", "path": "a b", "value": 1}]),
                "invalidPath",
            ),
            (
                json!([{"op": "add", "path": "a[b", "value": 1}]),
                "invalidPath",
            ),
            (
                json!([{"op": "add", "path": "a[b is c]", "value": 1}]),
                "invalidFilter",
            ),
        ] {
            assert_eq!(patched(&user, operations), Err(expected));
        }
    }
}
