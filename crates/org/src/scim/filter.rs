//! Filters of lists (RFC 7644 §3.4.2.2), as identity providers send them.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::resource::{Kind, attribute};
use super::{ScimError, ScimResult};

/// Longest filter, and how deep it may be nested.
const MAX_LENGTH: usize = 4_000;
const MAX_DEPTH: usize = 16;
const PREFIX: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(Path, Op, Value),
    Present(Path),
    /// One element of a list fulfils all of it: `emails[type eq "work"]`.
    Element(Path, Box<Filter>),
}

/// The path of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// The schema of an extension.
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
    pub(crate) sub: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Path {
    /// Reads `name`, `name.sub`, or either after the URN of a schema.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_urn = text
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
        let (schema, rest) = match text.rsplit_once(':') {
            // The version in a URN has a dot, so the last colon is the border.
            Some((schema, rest)) if is_urn => (Some(schema), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_$".contains(c))
        };
        let is_core = |schema: &&str| {
            let head = schema.get(..PREFIX.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(PREFIX))
        };
        (is_name(name) && sub.is_none_or(is_name)).then(|| Self {
            schema: schema.filter(|schema| !is_core(schema)).map(str::to_owned),
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// The values it leads to; those of lists one by one.
    fn values<'v>(&self, map: &'v Map<String, Value>) -> Vec<&'v Value> {
        let map = match &self.schema {
            Some(schema) => attribute(map, schema).and_then(Value::as_object),
            None => Some(map),
        };
        let found = map.and_then(|map| attribute(map, &self.name));
        let list = found.into_iter().flat_map(|value| match value {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        });
        let sub = self.sub.as_deref();
        list.filter_map(|value| match (value, sub) {
            (Value::Object(object), Some(sub)) => attribute(object, sub),
            // An element of a list stands for its value.
            (Value::Object(object), None) => attribute(object, "value").or(Some(value)),
            (value, None) => Some(value),
            (_, Some(_)) => None,
        })
        .collect()
    }
}

impl Filter {
    pub(crate) fn parse(text: &str) -> ScimResult<Self> {
        let bad = || ScimError::bad("invalidFilter", "the filter is not understood");
        if text.len() > MAX_LENGTH {
            return Err(bad());
        }
        let mut parser = Parser { rest: text };
        let filter = parser.any(0).filter(|_| parser.rest.trim().is_empty());
        filter.ok_or_else(bad)
    }

    /// Whether a resource fulfils it.
    pub(crate) fn matches(&self, map: &Map<String, Value>) -> bool {
        match self {
            Self::And(one, other) => one.matches(map) && other.matches(map),
            Self::Or(one, other) => one.matches(map) || other.matches(map),
            Self::Not(inner) => !inner.matches(map),
            Self::Present(path) => path.values(map).iter().any(|value| !is_empty(value)),
            Self::Element(path, inner) => {
                let found = attribute(map, &path.name);
                let list = found.and_then(Value::as_array).into_iter().flatten();
                list.filter_map(Value::as_object)
                    .any(|element| inner.matches(element))
            }
            Self::Compare(path, Op::NotEqual, wanted) => {
                let is_exact = is_exact(&path.name);
                let values = path.values(map);
                !values
                    .iter()
                    .any(|value| compares(value, Op::Equal, wanted, is_exact))
            }
            Self::Compare(path, op, wanted) => {
                let is_exact = is_exact(&path.name);
                let values = path.values(map);
                values
                    .iter()
                    .any(|value| compares(value, *op, wanted, is_exact))
            }
        }
    }

    /// The attribute and text of a filter that is one comparison for equality.
    pub(crate) fn equality(&self, kind: Kind) -> Option<(&'static str, &str)> {
        let Self::Compare(path, Op::Equal, Value::String(text)) = self else {
            return None;
        };
        let known = ["id", "externalId", kind.key()];
        let name = known
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(&path.name))?;
        (path.sub.is_none() && path.schema.is_none()).then_some((name, text))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Ids are compared letter by letter, everything else without regard to case.
fn is_exact(name: &str) -> bool {
    name.eq_ignore_ascii_case("id") || name.eq_ignore_ascii_case("externalId")
}

fn compares(value: &Value, op: Op, wanted: &Value, is_exact: bool) -> bool {
    match (value, wanted) {
        (Value::String(text), Value::String(wanted)) if is_exact => texts(text, op, wanted),
        (Value::String(text), Value::String(wanted)) => {
            texts(&text.to_lowercase(), op, &wanted.to_lowercase())
        }
        (Value::Bool(value), Value::String(wanted)) => {
            op == Op::Equal && wanted.eq_ignore_ascii_case(&value.to_string())
        }
        (Value::Number(value), Value::Number(wanted)) => {
            let order = value.as_f64().partial_cmp(&wanted.as_f64());
            order.is_some_and(|order| fits(order, op))
        }
        (value, wanted) => op == Op::Equal && value == wanted,
    }
}

fn texts(text: &str, op: Op, wanted: &str) -> bool {
    match op {
        Op::Contains => text.contains(wanted),
        Op::StartsWith => text.starts_with(wanted),
        Op::EndsWith => text.ends_with(wanted),
        op => fits(text.cmp(wanted), op),
    }
}

fn fits(order: Ordering, op: Op) -> bool {
    match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Greater => order.is_gt(),
        Op::GreaterOrEqual => order.is_ge(),
        Op::Less => order.is_lt(),
        Op::LessOrEqual => order.is_le(),
        Op::Contains | Op::StartsWith | Op::EndsWith => false,
    }
}

/// Reads a filter from its beginning; `or` binds weakest.
struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn any(&mut self, depth: usize) -> Option<Filter> {
        let mut left = self.all(depth)?;
        while self.keyword("or") {
            let right = self.all(depth)?;
            left = Filter::Or(Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn all(&mut self, depth: usize) -> Option<Filter> {
        let mut left = self.one(depth)?;
        while self.keyword("and") {
            let right = self.one(depth)?;
            left = Filter::And(Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn one(&mut self, depth: usize) -> Option<Filter> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.keyword("not") {
            return Some(Filter::Not(Box::new(self.group(depth)?)));
        }
        if self.rest.trim_start().starts_with('(') {
            return self.group(depth);
        }
        let path = self.word()?;
        let path = Path::parse(path)?;
        if self.symbol('[') {
            let inner = self.any(depth + 1)?;
            return self
                .symbol(']')
                .then(|| Filter::Element(path, Box::new(inner)));
        }
        let op = self.word()?.to_ascii_lowercase();
        let op = match &*op {
            "pr" => return Some(Filter::Present(path)),
            "eq" => Op::Equal,
            "ne" => Op::NotEqual,
            "co" => Op::Contains,
            "sw" => Op::StartsWith,
            "ew" => Op::EndsWith,
            "gt" => Op::Greater,
            "ge" => Op::GreaterOrEqual,
            "lt" => Op::Less,
            "le" => Op::LessOrEqual,
            _ => return None,
        };
        Some(Filter::Compare(path, op, self.value()?))
    }

    fn group(&mut self, depth: usize) -> Option<Filter> {
        let inner = self.symbol('(').then(|| self.any(depth + 1))??;
        self.symbol(')').then_some(inner)
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some((head, tail)) = rest.split_at_checked(word.len()) else {
            return false;
        };
        let is_end = tail.starts_with([' ', '(']);
        if head.eq_ignore_ascii_case(word) && is_end {
            self.rest = tail;
            return true;
        }
        false
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        let end = rest
            .find([' ', '(', ')', '[', ']', '"'])
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        self.rest = tail;
        (!word.is_empty()).then_some(word)
    }

    fn value(&mut self) -> Option<Value> {
        let rest = self.rest.trim_start();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = stream.next()?;
        let end = stream.byte_offset();
        if let Ok(value) = value
            && !value.is_object()
            && !value.is_array()
        {
            self.rest = rest.get(end..)?;
            return Some(value);
        }
        // Some send words without regard to case.
        match self.word()?.to_ascii_lowercase().as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_of_identity_providers() {
        let user = json!({
            "userName": "Ann@acme.org", "externalId": "X1", "active": true, "title": "",
            "name": {"familyName": "Lee"}, "age": 30,
            "emails": [{"type": "work", "value": "ann@acme.org"}, {"type": "home", "value": "a@x.org"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"},
        });
        let cases = [
            (r#"userName eq "ann@ACME.org""#, true),
            (r#"USERNAME Eq "ann@acme.org""#, true),
            (r#"userName eq "bob""#, false),
            (r#"externalId eq "x1""#, false),
            (r#"externalId eq "X1""#, true),
            (r#"userName sw "ann" and active eq true"#, true),
            ("active eq True", true),
            (r#"active eq "true""#, true),
            (r#"userName co "acme" and active eq false"#, false),
            (r#"userName eq "bob" or name.familyName ew "ee""#, true),
            (r#"not (userName eq "bob")"#, true),
            (r#"userName ne "bob""#, true),
            (r#"emails.value eq "a@x.org""#, true),
            (r#"emails eq "a@x.org""#, true),
            (r#"emails[type eq "work" and value co "@x.org"]"#, false),
            (r#"emails[type eq "home" and value co "@x.org"]"#, true),
            ("title pr", false),
            ("name pr", true),
            ("age gt 29 and age le 30", true),
            (
                r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann@acme.org""#,
                true,
            ),
            (
                r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "R&D""#,
                true,
            ),
            (
                r#"userName eq "a" or userName sw "ann" and active eq false"#,
                false,
            ),
            (
                r#"(userName eq "a" or userName sw "ann") and active eq true"#,
                true,
            ),
            (r#"userName eq "with \"quotes\"""#, false),
        ];
        for (text, expected) in cases {
            let filter = Filter::parse(text).unwrap();
            assert_eq!(
                filter.matches(user.as_object().unwrap()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = format!(
            "{}a pr{}",
            "(".repeat(MAX_DEPTH + 2),
            ")".repeat(MAX_DEPTH + 2)
        );
        let long = format!("a eq \"{}\"", "x".repeat(MAX_LENGTH));
        for text in [
            "",
            "userName",
            "userName eq",
            "userName eq bob",
            "userName is \"a\"",
            "a eq \"b\" and",
            "(a pr",
            "a pr)",
            "a[b pr",
            "a:b eq \"c\"",
            "a eq {}",
            "a eq \"b\" c",
            &deep,
            &long,
            "é eq \"a\"",
            "aéé:b eq \"c\"",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn equality_is_recognized() {
        let equality = |text| {
            let filter = Filter::parse(text).unwrap();
            filter
                .equality(Kind::User)
                .map(|(name, text)| (name, text.to_owned()))
        };
        assert_eq!(
            equality(r#"username eq "a""#),
            Some(("userName", "a".to_owned()))
        );
        assert_eq!(
            equality(r#"externalid eq "a""#),
            Some(("externalId", "a".to_owned()))
        );
        assert_eq!(equality(r#"displayName eq "a""#), None);
        assert_eq!(equality(r#"userName sw "a""#), None);
    }
}
