//! `catalog.providers`: one provider, or several by id.

use std::collections::BTreeMap;

use platform::config::Opaque;
use platform::{Error, Result};
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

/// The providers of a type by id. One without an id has the settings themselves where others have
/// ids: `own` is a key that it must have.
pub(crate) fn by_id<T: DeserializeOwned>(
    all: &BTreeMap<String, Opaque>,
    kind: &str,
    own: &str,
) -> Result<Vec<(String, T)>> {
    let Some(Opaque(value)) = all.get(kind) else {
        return Ok(Vec::new());
    };
    let place = format!("catalog.providers.{kind}");
    match value {
        Value::Object(one) if one.contains_key(own) => {
            let id = one.get("id").and_then(Value::as_str).unwrap_or("default");
            Ok(vec![(id.to_owned(), read(value, &place)?)])
        }
        Value::Object(several) => several
            .iter()
            .map(|(id, value)| Ok((id.clone(), read(value, &format!("{place}.{id}"))?)))
            .collect(),
        Value::Array(several) => several
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let place = format!("{place}[{at}]");
                let id = value.get("id").and_then(Value::as_str);
                let id = id.ok_or_else(|| Error::input(format!("`{place}.id` is missing")))?;
                Ok((id.to_owned(), read(value, &place)?))
            })
            .collect(),
        _ => Err(Error::input(format!(
            "`{place}` is neither settings nor a list"
        ))),
    }
}

/// A setting that is a URL.
pub(crate) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(de::Error::custom)
}

/// The parser names keys and kinds of values, never values that may be secret.
fn read<T: DeserializeOwned>(value: &Value, place: &str) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        let text = error.to_string();
        let reason = if text.starts_with("missing field") {
            text
        } else {
            "a setting has another form than it should".to_owned()
        };
        Error::input(format!("`{place}`: {reason}"))
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Settings {
        target: String,
    }

    #[test]
    fn one_provider_or_several() {
        for (config, expected) in [
            (json!({"target": "a"}), Ok(vec![("default", "a")])),
            (json!({"id": "x", "target": "a"}), Ok(vec![("x", "a")])),
            (
                json!({"x": {"target": "a"}, "y": {"target": "b"}}),
                Ok(vec![("x", "a"), ("y", "b")]),
            ),
            (json!([{"id": "x", "target": "a"}]), Ok(vec![("x", "a")])),
            (
                json!([{"target": "a"}]),
                Err("`catalog.providers.kind[0].id` is missing"),
            ),
            (
                json!({"x": {}}),
                Err("`catalog.providers.kind.x`: missing field `target`"),
            ),
            (json!({"target": 1}), Err("another form")),
            (json!("a"), Err("neither settings nor a list")),
        ] {
            let all = BTreeMap::from([("kind".to_owned(), Opaque(config.clone()))]);
            let found = by_id::<Settings>(&all, "kind", "target");
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    let found: Vec<_> = found.iter().map(|(id, it)| (&**id, &*it.target)).collect();
                    assert_eq!(found, expected);
                }
                (Err(error), Err(text)) => assert!(error.message().contains(text), "{error}"),
                (found, _) => panic!("{config}: {found:?}"),
            }
        }
    }
}
