//! Keywords of objects and lists.

use serde_json::{Map, Value};

use super::{Checker, Keyword, place, values};

impl<'s> Checker<'s> {
    pub(super) fn check_object(
        &mut self,
        keyword: &str,
        at: &Keyword<'s>,
        object: &Map<String, Value>,
        value: &Value,
    ) {
        match keyword {
            "properties" => self.check_properties(at, object),
            "patternProperties" => self.check_patterns(at, object),
            "additionalProperties" => self.check_additional(at, object, value),
            "propertyNames" => {
                for name in object.keys() {
                    self.check(at.argument, &Value::from(name.as_str()));
                }
            }
            "required" => self.check_required(at, object, value),
            "dependencies" => self.check_dependencies(at, object, value),
            "minProperties" if is_below(object.len(), at.argument) => {
                let text = format!("does not meet minimum property length of {}", at.argument);
                self.complain(text, at.schema, value, "minProperties", at.argument.clone());
            }
            "maxProperties" if is_above(object.len(), at.argument) => {
                let text = format!("does not meet maximum property length of {}", at.argument);
                self.complain(text, at.schema, value, "maxProperties", at.argument.clone());
            }
            _ => {}
        }
    }

    fn check_properties(&mut self, at: &Keyword<'s>, object: &Map<String, Value>) {
        for (name, schema) in at.argument.as_object().into_iter().flatten() {
            if let Some(member) = object.get(name) {
                self.below(name.as_str().into(), schema, member);
            }
        }
    }

    fn check_patterns(&mut self, at: &Keyword<'s>, object: &Map<String, Value>) {
        for (pattern, schema) in at.argument.as_object().into_iter().flatten() {
            for (name, member) in object {
                if values::matches(pattern, name) {
                    self.below(name.as_str().into(), schema, member);
                }
            }
        }
    }

    fn check_additional(&mut self, at: &Keyword<'s>, object: &Map<String, Value>, value: &Value) {
        let known = at.members.get("properties").and_then(Value::as_object);
        let patterns = at.members.get("patternProperties");
        let patterns = patterns.and_then(Value::as_object);
        for (name, member) in object {
            let is_known = known.is_some_and(|known| known.contains_key(name))
                || patterns.is_some_and(|it| it.keys().any(|it| values::matches(it, name)));
            if is_known {
                continue;
            }
            if at.argument == &Value::Bool(false) {
                let quoted = Value::from(name.as_str());
                let text = format!("is not allowed to have the additional property {quoted}");
                self.complain(text, at.schema, value, "additionalProperties", quoted);
            } else {
                self.below(name.as_str().into(), at.argument, member);
            }
        }
    }

    fn check_required(&mut self, at: &Keyword<'s>, object: &Map<String, Value>, value: &Value) {
        let names = at.argument.as_array().into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            if !object.contains_key(name) {
                let text = format!("requires property {}", Value::from(name));
                self.complain(text, at.schema, value, "required", name.into());
            }
        }
    }

    fn check_dependencies(&mut self, at: &Keyword<'s>, object: &Map<String, Value>, value: &Value) {
        for (name, demand) in at.argument.as_object().into_iter().flatten() {
            if !object.contains_key(name) {
                continue;
            }
            let Value::Array(others) = demand else {
                self.check(demand, value);
                continue;
            };
            for other in others.iter().filter_map(Value::as_str) {
                if !object.contains_key(other) {
                    let mut path = self.path.clone();
                    path.push(name.as_str().into());
                    let by = place("instance", &path);
                    let text = format!("property {other} not found, required by {by}");
                    self.complain(text, at.schema, value, "dependencies", by.into());
                }
            }
        }
    }

    pub(super) fn check_array(
        &mut self,
        keyword: &str,
        at: &Keyword<'s>,
        items: &[Value],
        value: &Value,
    ) {
        match keyword {
            "items" => self.check_items(at, items),
            "contains" if !items.iter().any(|item| self.is_valid(at.argument, item)) => {
                let text = "must contain an item matching given schema".to_owned();
                self.complain(text, at.schema, value, "contains", at.argument.clone());
            }
            "minItems" if is_below(items.len(), at.argument) => {
                let text = format!("does not meet minimum length of {}", at.argument);
                self.complain(text, at.schema, value, "minItems", at.argument.clone());
            }
            "maxItems" if is_above(items.len(), at.argument) => {
                let text = format!("does not meet maximum length of {}", at.argument);
                self.complain(text, at.schema, value, "maxItems", at.argument.clone());
            }
            "uniqueItems" if at.argument == &Value::Bool(true) && has_twins(items) => {
                let text = "contains duplicate item".to_owned();
                self.complain(text, at.schema, value, "uniqueItems", Value::Null);
            }
            _ => {}
        }
    }

    fn check_items(&mut self, at: &Keyword<'s>, items: &[Value]) {
        for (index, item) in items.iter().enumerate() {
            let schema = match at.argument {
                Value::Array(schemas) => schemas
                    .get(index)
                    .or_else(|| at.members.get("additionalItems")),
                one => Some(one),
            };
            if let Some(schema) = schema {
                self.below(index.into(), schema, item);
            }
        }
    }
}

fn is_below(len: usize, bound: &Value) -> bool {
    bound.as_u64().is_some_and(|bound| (len as u64) < bound)
}

fn is_above(len: usize, bound: &Value) -> bool {
    bound.as_u64().is_some_and(|bound| (len as u64) > bound)
}

fn has_twins(items: &[Value]) -> bool {
    let mut texts: Vec<String> = items.iter().map(values::canonical).collect();
    texts.sort_unstable();
    texts.windows(2).any(|pair| pair[0] == pair[1])
}
