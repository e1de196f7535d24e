//! Settings that may be written in more than one shape: a switch or an object, one value or a list.
//!
//! Written by hand rather than with `#[serde(untagged)]`, which would lose the place of an error
//! and the conversion of strings into numbers and booleans.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::duration::{HumanDuration, Spelling};

/// `false`, `true` (all defaults) or an object with settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Toggle<T> {
    /// Switched off.
    #[default]
    Off,
    /// Switched on, with these settings.
    On(T),
}

impl<T> Toggle<T> {
    /// The settings when switched on.
    pub fn settings(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(settings) => Some(settings),
        }
    }
}

impl<T: Serialize> Serialize for Toggle<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On(settings) => settings.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Toggle<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToggleVisitor(PhantomData))
    }
}

struct ToggleVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ToggleVisitor<T> {
    type Value = Toggle<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or an object")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Self::Value, E> {
        Ok(if on {
            Toggle::On(T::default())
        } else {
            Toggle::Off
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "true" => self.visit_bool(true),
            "false" => self.visit_bool(false),
            _ => Err(E::invalid_type(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Toggle::On)
    }
}

impl<T: JsonSchema> JsonSchema for Toggle<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Toggle{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, generator.subschema_for::<T>()] })
    }
}

/// A list that may also be written as its only value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(OneOrManyVisitor(PhantomData))
            .map(Self)
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        T::deserialize(text.into_deserializer()).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// How often something happens: a duration, or `false` for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Not at all.
    Never,
    /// Once in this time.
    Every(HumanDuration),
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_bool(false),
            Self::Every(duration) => duration.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntervalVisitor)
    }
}

struct IntervalVisitor;

impl<'de> Visitor<'de> for IntervalVisitor {
    type Value = Interval;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration or false")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Interval, E> {
        if on {
            return Err(E::invalid_value(de::Unexpected::Bool(on), &self));
        }
        Ok(Interval::Never)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Interval, E> {
        if text == "false" {
            return Ok(Interval::Never);
        }
        text.parse().map(Interval::Every).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Interval, A::Error> {
        HumanDuration::deserialize(MapAccessDeserializer::new(map)).map(Interval::Every)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Interval, E> {
        Spelling { numbers: false }
            .visit_u64::<E>(number)
            .map(|_| Interval::Never)
    }
}

impl JsonSchema for Interval {
    fn schema_name() -> Cow<'static, str> {
        "DurationOrFalse".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, or `false` for never.",
            "x-type": "duration or false",
            "x-check": "duration-or-false",
            "anyOf": [{ "const": false }, generator.subschema_for::<HumanDuration>()]
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::de::from_value;
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    struct Settings {
        limit: u32,
    }

    impl Default for Settings {
        fn default() -> Self {
            Self { limit: 5 }
        }
    }

    #[test]
    fn a_toggle_is_a_switch_or_an_object() {
        let on = |limit| Toggle::On(Settings { limit });
        let table = [
            (json!(true), on(5)),
            (json!("true"), on(5)),
            (json!(false), Toggle::Off),
            (json!({ "limit": "9" }), on(9)),
        ];
        for (tree, expected) in table {
            assert_eq!(
                from_value::<Toggle<Settings>>(&tree).unwrap(),
                expected,
                "{tree}"
            );
        }
        let misfit = from_value::<Toggle<Settings>>(&json!({ "limit": "x" })).unwrap_err();
        assert_eq!(misfit.pointer, "/limit");
    }

    #[test]
    fn a_list_may_be_one_value() {
        let read = |tree| from_value::<OneOrMany<String>>(&tree).unwrap().0;
        assert_eq!(read(json!("a")), ["a"]);
        assert_eq!(read(json!(["a", 1])), ["a", "1"]);
    }

    #[test]
    fn an_interval_is_a_duration_or_false() {
        let read = |tree| from_value::<Interval>(&tree);
        assert_eq!(read(json!(false)), Ok(Interval::Never));
        assert_eq!(
            read(json!("PT5M")),
            Ok(Interval::Every(HumanDuration::from_secs(300)))
        );
        assert_eq!(
            read(json!({ "minutes": 5 })),
            Ok(Interval::Every(HumanDuration::from_secs(300)))
        );
        assert!(read(json!(true)).is_err());
        assert!(
            read(json!(300))
                .unwrap_err()
                .message
                .contains("needs a unit")
        );
    }
}
