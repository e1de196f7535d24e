//! What browsers may see of the configuration by the schemas that come with a front end.
//!
//! A build of Backstage's front end brings the schemas of its packages in `.config-schema.json`. They
//! mark keys with `visibility` and, for all that is below, `deepVisibility`. Reference 3 §9.
//!
//! Invariants: what no schema marks as `frontend` is not shown; what any of them marks as `secret`
//! is not either, whatever the others say.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::handle::Config;
use crate::error::{Error, Result};
use crate::json_schema::fulfils;

/// Nesting of values and of schemas that is followed.
const MAX_DEPTH: usize = 64;

/// `.config-schema.json` of a front end.
#[derive(Debug, Clone, Deserialize)]
pub struct FrontEndSchemas {
    schemas: Vec<Package>,
}

/// The schema of one package.
#[derive(Debug, Clone, Deserialize)]
struct Package {
    value: Value,
}

impl FrontEndSchemas {
    /// Reads the file.
    pub fn parse(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text).map_err(|error| {
            Error::input("`.config-schema.json` of the front end is broken").with_source(error)
        })
    }

    /// What browsers may see of the configuration.
    pub fn visible(&self, config: &Config) -> Value {
        let sites = self.schemas.iter().map(|package| Site {
            root: &package.value,
            schema: &package.value,
            is_match: true,
        });
        let seen = visible(sites.collect(), config.root(), Visibility::Backend, 0);
        seen.unwrap_or_else(|| Value::Object(Map::new()))
    }
}

/// Who may see a value; the greater one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Visibility {
    Backend,
    Frontend,
    Secret,
}

/// A schema that applies to a value, and the document its references are about.
#[derive(Clone, Copy)]
struct Site<'s> {
    root: &'s Value,
    schema: &'s Value,
    /// Whether it is not an alternative that the value does not fulfil; of those only secrets count.
    is_match: bool,
}

impl<'s> Site<'s> {
    fn at(self, schema: &'s Value) -> Self {
        Self { schema, ..self }
    }

    fn list(self, keyword: &str) -> &'s [Value] {
        let list = self.schema.get(keyword).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// What it says by a keyword about who may see the value.
    fn says(self, keyword: &str) -> Visibility {
        match self.schema.get(keyword).and_then(Value::as_str) {
            Some("secret") => Visibility::Secret,
            Some("frontend") if self.is_match => Visibility::Frontend,
            _ => Visibility::Backend,
        }
    }

    /// Adds the schema and all that it is composed of, as far as they are about the value.
    fn unfold(self, value: &Value, depth: usize, found: &mut Vec<Self>) {
        if depth > MAX_DEPTH {
            return;
        }
        let reference = self.schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|it| self.root.pointer(it.strip_prefix('#')?));
        if let Some(target) = target {
            return self.at(target).unfold(value, depth + 1, found);
        }
        found.push(self);
        for part in self.list("allOf") {
            self.at(part).unfold(value, depth + 1, found);
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = self.list(keyword);
            let matches: Vec<bool> = branches
                .iter()
                .map(|branch| fulfils(self.root, branch, value))
                .collect();
            // A mistake that is none of the front end's must not hide what is.
            let is_lost = !matches.contains(&true);
            for (branch, fits) in branches.iter().zip(matches) {
                let is_match = self.is_match && (fits || is_lost);
                let site = Self {
                    is_match,
                    ..self.at(branch)
                };
                site.unfold(value, depth + 1, found);
            }
        }
    }
}

/// The part of a value that browsers may see.
fn visible(
    sites: Vec<Site<'_>>,
    value: &Value,
    inherited: Visibility,
    depth: usize,
) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut all = Vec::new();
    for site in sites {
        site.unfold(value, depth, &mut all);
    }
    let says = |keyword: &str| all.iter().map(|site| site.says(keyword)).max();
    let own = says("visibility").unwrap_or(Visibility::Backend);
    let own = own.max(inherited);
    let below = says("deepVisibility").unwrap_or(Visibility::Backend);
    let below = below.max(inherited);
    let is_visible = own == Visibility::Frontend;
    match value {
        Value::Null => None,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let seen = visible(of_member(&all, name), value, below, depth + 1)?;
                Some((name.clone(), seen))
            };
            let shown: Map<String, Value> = members.iter().filter_map(member).collect();
            (is_visible || !shown.is_empty()).then_some(Value::Object(shown))
        }
        Value::Array(items) => {
            let item = |(index, item): (usize, &Value)| {
                // Plain items are as visible as their list.
                let is_plain = !(item.is_object() || item.is_array());
                let inherited = if is_plain { own.max(below) } else { below };
                visible(of_item(&all, index), item, inherited, depth + 1)
            };
            let shown: Vec<Value> = items.iter().enumerate().filter_map(item).collect();
            (is_visible || !shown.is_empty()).then_some(Value::Array(shown))
        }
        scalar => is_visible.then(|| scalar.clone()),
    }
}

/// The schemas of a member: those that name it, or else those of whatever is not named.
fn of_member<'s>(sites: &[Site<'s>], name: &str) -> Vec<Site<'s>> {
    let named: Vec<_> = sites
        .iter()
        .filter_map(|site| Some(site.at(site.schema.get("properties")?.get(name)?)))
        .collect();
    if !named.is_empty() {
        return named;
    }
    let others = sites
        .iter()
        .filter_map(|site| Some(site.at(site.schema.get("additionalProperties")?)));
    others.collect()
}

fn of_item<'s>(sites: &[Site<'s>], index: usize) -> Vec<Site<'s>> {
    let item = |site: &Site<'s>| match site.schema.get("items")? {
        Value::Array(schemas) => Some(site.at(schemas.get(index)?)),
        schema => Some(site.at(schema)),
    };
    sites.iter().filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(schemas: &[Value], config: Value) -> Value {
        let packages: Vec<Value> = schemas
            .iter()
            .map(|schema| json!({ "path": "p", "value": schema }))
            .collect();
        let text = json!({ "schemas": packages, "backstageConfigSchemaVersion": 1 });
        let schemas = FrontEndSchemas::parse(text.to_string().as_bytes()).unwrap();
        schemas.visible(&Config::from(config))
    }

    fn of(name: &str, schema: &Value) -> Value {
        json!({ "type": "object", "properties": { name: schema } })
    }

    #[test]
    fn browsers_see_what_is_marked_for_them() {
        let text = json!({ "type": "string", "visibility": "frontend" });
        let hosts = json!({ "type": "array", "items": {
            "type": "object",
            "properties": { "host": text, "token": { "type": "string", "visibility": "secret" } },
        } });
        let union = json!({ "anyOf": [
            { "type": "object", "required": ["url"], "properties": { "url": text } },
            { "type": "object", "required": ["key"], "properties": { "key": text, "note": text } },
        ] });
        let cases = [
            (
                of("a", &text),
                json!({ "a": "x", "b": "y" }),
                json!({ "a": "x" }),
            ),
            (
                of("a", &json!({ "type": "string" })),
                json!({ "a": "x" }),
                json!({}),
            ),
            (of("a", &text), json!({ "a": null }), json!({})),
            (
                of("a", &hosts),
                json!({ "a": [{ "host": "h", "token": "t" }, { "token": "t" }] }),
                json!({ "a": [{ "host": "h" }] }),
            ),
            (
                of(
                    "a",
                    &json!({ "type": "array", "visibility": "frontend", "items": { "type": "string" } }),
                ),
                json!({ "a": ["x", "y"] }),
                json!({ "a": ["x", "y"] }),
            ),
            (
                of("a", &json!({ "type": "object", "visibility": "frontend" })),
                json!({ "a": { "hidden": 1 } }),
                json!({ "a": {} }),
            ),
            (
                of(
                    "a",
                    &json!({ "deepVisibility": "frontend", "properties": {
                    "s": { "type": "string", "visibility": "secret" },
                } }),
                ),
                json!({ "a": { "b": { "c": [1, { "d": true }] }, "s": "t" } }),
                json!({ "a": { "b": { "c": [1, { "d": true }] } } }),
            ),
            (
                of(
                    "a",
                    &json!({ "additionalProperties": { "properties": { "id": text } } }),
                ),
                json!({ "a": { "one": { "id": "1", "x": 2 } } }),
                json!({ "a": { "one": { "id": "1" } } }),
            ),
            // Of alternatives, the one that fits.
            (
                of("a", &union),
                json!({ "a": { "url": "u", "note": "n" } }),
                json!({ "a": { "url": "u" } }),
            ),
            (
                of("a", &union),
                json!({ "a": { "note": "n" } }),
                json!({ "a": { "note": "n" } }),
            ),
            (
                json!({ "properties": { "a": { "$ref": "#/definitions/t" } }, "definitions": { "t": text } }),
                json!({ "a": "x" }),
                json!({ "a": "x" }),
            ),
        ];
        for (schema, config, expected) in cases {
            assert_eq!(
                shown(std::slice::from_ref(&schema), config.clone()),
                expected,
                "{config} by {schema}"
            );
        }
    }

    #[test]
    fn a_secret_of_one_package_is_a_secret_of_all() {
        let marked =
            |visibility: &str| of("a", &json!({ "type": "string", "visibility": visibility }));
        let deep = |visibility: &str| json!({ "deepVisibility": visibility });
        let open = json!({ "additionalProperties": { "visibility": "frontend" } });
        let other = json!({ "anyOf": [
            { "type": "number", "visibility": "secret" },
            { "type": "string", "visibility": "frontend" },
        ] });
        for (schemas, is_shown) in [
            (vec![marked("frontend"), marked("backend")], true),
            (vec![marked("frontend"), marked("secret")], false),
            (vec![deep("frontend")], true),
            (vec![deep("secret"), marked("frontend")], false),
            (vec![deep("frontend"), marked("secret")], false),
            // What is named is not "everything else".
            (vec![open.clone()], true),
            (vec![open, of("a", &json!({ "type": "string" }))], false),
            (vec![of("a", &other)], false),
        ] {
            let expected = if is_shown {
                json!({ "a": "x" })
            } else {
                json!({})
            };
            assert_eq!(
                shown(&schemas, json!({ "a": "x" })),
                expected,
                "{schemas:?}"
            );
        }
    }

    #[test]
    fn a_circle_of_references_ends() {
        let schema = json!({ "$ref": "#" });
        assert_eq!(shown(&[schema], json!({ "a": "x" })), json!({}));
    }
}
