//! Reads typed settings from a configuration tree.
//!
//! Differs from `serde_json::from_value` in three ways: strings, numbers and booleans convert into
//! each other as in Backstage (`port: "7007"`), an error knows the place it happened at, and no
//! error text contains a value, because any value may be a secret.

use std::fmt;

use model::pointer;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

/// What does not fit, and where; the pointer starts at the value given to [`from_value`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) pointer: String,
    pub(super) message: String,
    placed: bool,
}

/// Reads `T` from a part of the configuration.
pub(super) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Misfit> {
    let root = Place::Root;
    T::deserialize(Reader {
        value,
        place: &root,
    })
    .map_err(|misfit| misfit.at(&root))
}

/// The way from the root to a value, as a list on the stack: it costs nothing unless there is an error.
enum Place<'p> {
    Root,
    Key(&'p Place<'p>, &'p str),
    Index(&'p Place<'p>, usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => pointer::member(&parent.pointer(), key),
            Self::Index(parent, index) => {
                let mut pointer = parent.pointer();
                pointer::push_index(&mut pointer, *index);
                pointer
            }
        }
    }
}

impl Misfit {
    fn new(message: String) -> Self {
        Self {
            pointer: String::new(),
            message,
            placed: false,
        }
    }

    fn at(mut self, place: &Place<'_>) -> Self {
        if !self.placed {
            self.pointer = place.pointer();
            self.placed = true;
        }
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!(
            "expected {}, found {}",
            in_words(expected),
            kind_of(&unexpected)
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(match unexpected {
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "the number is out of range".into(),
            _ => format!("expected {}", in_words(expected)),
        })
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        Self::new(format!("must be one of {}", names.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is missing"))
    }
}

/// What was expected, without the names of Rust's types.
fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
            "a whole number".to_owned()
        }
        "f32" | "f64" => "a number".to_owned(),
        text if text.starts_with("struct ") || text == "a map" => "an object".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ => expected,
    }
}

/// The type of a value without the value.
fn kind_of(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

#[derive(Clone, Copy)]
struct Reader<'de, 'p> {
    value: &'de Value,
    place: &'p Place<'p>,
}

impl<'de> Reader<'de, '_> {
    fn mismatch<E: de::Error>(self, expected: &dyn Expected) -> E {
        let unexpected = match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Unsigned(0),
            Value::String(value) => Unexpected::Str(value),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        E::invalid_type(unexpected, expected)
    }

    /// A number, also when it is written as a string.
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let number = match self.value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => number_in(text),
            _ => None,
        };
        let read = match number {
            Some(number) => visit_number(&number, visitor),
            None => Err(self.mismatch(&visitor)),
        };
        read.map_err(|misfit| misfit.at(self.place))
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Misfit> {
    if let Some(whole) = number.as_u64() {
        visitor.visit_u64(whole)
    } else if let Some(whole) = number.as_i64() {
        visitor.visit_i64(whole)
    } else {
        visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// The number a string spells, as JavaScript's `Number` would read it.
pub(super) fn number_in(text: &str) -> Option<Number> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    let whole = text.parse::<u64>().map(Number::from);
    let whole = whole.or_else(|_| text.parse::<i64>().map(Number::from));
    whole
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let read = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => return self.number(visitor),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                place: self.place,
            }),
            Value::Object(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
                place: self.place,
            }),
        };
        read.map_err(|misfit: Misfit| misfit.at(self.place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::String(text) if text == "true" => visitor.visit_bool(true),
            Value::String(text) if text == "false" => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.mismatch::<Misfit>(&visitor).at(self.place)),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let read = match self.value {
            Value::Bool(value) => visitor.visit_str(if *value { "true" } else { "false" }),
            Value::Number(number) => visitor.visit_string(number.to_string()),
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.mismatch(&visitor)),
        };
        read.map_err(|misfit: Misfit| misfit.at(self.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let place = self.place;
        visitor
            .visit_newtype_struct(self)
            .map_err(|misfit: Misfit| misfit.at(place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let read = match self.value {
            Value::String(name) => visitor.visit_enum(Variant(name)),
            _ => Err(self.mismatch(&visitor)),
        };
        read.map_err(|misfit: Misfit| misfit.at(self.place))
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de, 'p> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    place: &'p Place<'p>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        let place = Place::Index(self.place, index);
        let read = seed.deserialize(Reader {
            value,
            place: &place,
        });
        read.map(Some).map_err(|misfit| misfit.at(&place))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'de, 'p> {
    rest: serde_json::map::Iter<'de>,
    value: Option<(&'de str, &'de Value)>,
    place: &'p Place<'p>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        let name: StrDeserializer<'_, Misfit> = key.as_str().into_deserializer();
        seed.deserialize(name)
            .map(Some)
            .map_err(|misfit| misfit.at(&Place::Key(self.place, key)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((key, value)) = self.value.take() else {
            return Err(Misfit::new("a value was read before its key".to_owned()));
        };
        let place = Place::Key(self.place, key);
        seed.deserialize(Reader {
            value,
            place: &place,
        })
        .map_err(|misfit| misfit.at(&place))
    }
}

/// An enum value: a name and nothing else.
struct Variant<'de>(&'de str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Misfit> {
        let name: StrDeserializer<'de, Misfit> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Misfit> {
        Err(Misfit::new("expected a plain name".to_owned()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misfit> {
        Err(Misfit::new("expected a plain name".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Misfit> {
        Err(Misfit::new("expected a plain name".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Listen {
        port: u16,
        host: Option<String>,
        #[serde(default)]
        flags: Vec<bool>,
        #[serde(default)]
        mode: Mode,
        #[serde(default)]
        nested: BTreeMap<String, Vec<u8>>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        #[default]
        Fast,
        Slow,
    }

    #[test]
    fn strings_numbers_and_booleans_convert() {
        let tree = json!({ "port": "7007", "host": 10, "flags": ["true", false], "mode": "slow" });
        let listen: Listen = from_value(&tree).unwrap();
        let expected = Listen {
            port: 7007,
            host: Some("10".to_owned()),
            flags: vec![true, false],
            mode: Mode::Slow,
            nested: BTreeMap::new(),
        };
        assert_eq!(listen, expected);
    }

    #[test]
    fn errors_name_the_place_and_never_the_value() {
        let table = [
            (
                json!({ "port": "s3cret" }),
                "/port",
                "expected a whole number, found a string",
            ),
            (
                json!({ "port": 70007 }),
                "/port",
                "the number is out of range",
            ),
            (
                json!({ "port": "70007" }),
                "/port",
                "the number is out of range",
            ),
            (json!({}), "", "`port` is missing"),
            (
                json!({ "port": 1, "host": {} }),
                "/host",
                "expected a string, found an object",
            ),
            (
                json!({ "port": 1, "flags": [true, "s3cret"] }),
                "/flags/1",
                "expected a boolean, found a string",
            ),
            (
                json!({ "port": 1, "mode": "s3cret" }),
                "/mode",
                "must be one of `fast`, `slow`",
            ),
            (
                json!({ "port": 1, "nested": { "a/b": [1, -1] } }),
                "/nested/a~1b/1",
                "the number is out of range",
            ),
            (json!("s3cret"), "", "expected an object, found a string"),
        ];
        for (tree, pointer, message) in table {
            let misfit = from_value::<Listen>(&tree).unwrap_err();
            assert_eq!(
                (misfit.pointer.as_str(), misfit.message.as_str()),
                (pointer, message),
                "{tree}"
            );
        }
    }
}
