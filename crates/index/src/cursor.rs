//! Cursors as clients see them: base64 of JSON, field for field what Backstage writes.
//!
//! Its client library looks into cursors (for `query`), and cursors may be kept across an upgrade
//! from Backstage, hence the same fields in the same order. The one difference is the tie breaker
//! in `orderFieldValues`, which is the entity reference here.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::OrderField;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// Longest encoded cursor that is looked at.
const MAX_LEN: usize = 256 * 1024;

/// Characters that JavaScript shows on either side of a syntax error.
const CONTEXT: usize = 10;

/// A search for text in values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFilter {
    /// The text; `%` and `_` in it are wildcards, blank text matches everything.
    #[serde(default)]
    pub term: String,
    /// Keys to search; by default the order field, or `metadata.uid` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
}

/// A query and a position in its results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor {
    /// Fields to order by; only the first counts.
    pub order_fields: Vec<OrderField>,
    /// Whether to read backwards from the position.
    pub is_previous: bool,
    /// Text to search for.
    pub full_text_filter: Option<TextFilter>,
    /// The position: order value, if there is an order field, and entity reference.
    pub order_field_values: Option<Vec<String>>,
    /// The filter as the client wrote it; opaque here.
    pub filter: Option<Value>,
    /// The predicate as the client wrote it; opaque here.
    pub query: Option<Value>,
    /// The position of the first item of the first page, where going back ends.
    pub first_sort_field_values: Option<Vec<String>>,
    /// The number of results, as counted for the first page.
    pub total_items: Option<u64>,
    /// Whether the cursor came from a client, which affects the order of fields when written.
    is_continued: bool,
}

/// A cursor that cannot be read; the text is for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorError(String);

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CursorError {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    order_fields: Vec<OrderField>,
    is_previous: bool,
    full_text_filter: Option<TextFilter>,
    order_field_values: Option<Vec<String>>,
    filter: Option<Value>,
    query: Option<Value>,
    first_sort_field_values: Option<Vec<String>>,
    total_items: Option<u64>,
}

impl Cursor {
    /// The start of a query.
    pub fn first(order_fields: Vec<OrderField>, full_text_filter: Option<TextFilter>) -> Self {
        Self {
            order_fields,
            full_text_filter,
            ..Self::default()
        }
    }

    /// Reads a cursor from a client.
    pub fn decode(encoded: &str) -> Result<Self, CursorError> {
        let wire = decode_json(encoded).and_then(|value| {
            serde_json::from_value::<Wire>(value).map_err(|error| error.to_string())
        });
        let wire = wire.and_then(check).map_err(|reason| malformed(&reason))?;
        Ok(Self {
            order_fields: wire.order_fields,
            is_previous: wire.is_previous,
            full_text_filter: wire.full_text_filter,
            order_field_values: wire.order_field_values,
            filter: wire.filter,
            query: wire.query,
            first_sort_field_values: wire.first_sort_field_values,
            total_items: wire.total_items,
            is_continued: true,
        })
    }

    /// Writes a cursor for a client.
    pub fn encode(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The field to order by.
    pub(crate) fn order_field(&self) -> Option<&OrderField> {
        self.order_fields.first()
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("orderFields", &self.order_fields)?;
        map.serialize_entry("isPrevious", &self.is_previous)?;
        let conditions = [("filter", &self.filter), ("query", &self.query)];
        let conditions = conditions
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        if !self.is_continued {
            conditions
                .clone()
                .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        }
        if let Some(filter) = &self.full_text_filter {
            map.serialize_entry("fullTextFilter", filter)?;
        }
        if let Some(values) = &self.order_field_values {
            map.serialize_entry("orderFieldValues", values)?;
        }
        if self.is_continued {
            conditions
                .clone()
                .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        }
        if let Some(values) = &self.first_sort_field_values {
            map.serialize_entry("firstSortFieldValues", values)?;
        }
        if let Some(total) = self.total_items {
            map.serialize_entry("totalItems", &total)?;
        }
        map.end()
    }
}

/// A position names an order value exactly if there is an order field.
fn check(wire: Wire) -> Result<Wire, String> {
    let expected = 1 + usize::from(!wire.order_fields.is_empty());
    let positions = [&wire.order_field_values, &wire.first_sort_field_values];
    if positions
        .into_iter()
        .flatten()
        .any(|values| values.len() != expected)
    {
        return Err(format!("a position must have {expected} values"));
    }
    Ok(wire)
}

fn malformed(reason: &str) -> CursorError {
    CursorError(format!("Malformed cursor: {reason}"))
}

/// Decodes base64 as leniently as Node.js does, then JSON with its error messages.
fn decode_json(encoded: &str) -> Result<Value, String> {
    if encoded.len() > MAX_LEN {
        return Err("too long".to_owned());
    }
    let text = String::from_utf8_lossy(&decode_base64(encoded)).into_owned();
    serde_json::from_str(&text).map_err(|error| format!("SyntaxError: {}", explain(&error, &text)))
}

/// Both alphabets are accepted, foreign characters are skipped and padding ends the text.
fn decode_base64(encoded: &str) -> Vec<u8> {
    let digits = encoded
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'A'..=b'Z' => Some(byte - b'A'),
            b'a'..=b'z' => Some(byte - b'a' + 26),
            b'0'..=b'9' => Some(byte - b'0' + 52),
            b'+' | b'-' => Some(62),
            b'/' | b'_' => Some(63),
            _ => None,
        });
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut bits, mut n_bits) = (0_u32, 0);
    for digit in digits {
        bits = bits << 6 | u32::from(digit);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits & 0xff) as u8);
        }
    }
    bytes
}

/// The message of a JSON syntax error as V8 words it.
fn explain(error: &serde_json::Error, text: &str) -> String {
    let line_start = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len);
    let at = line_start.sum::<usize>() + error.column().saturating_sub(1);
    let at = text
        .char_indices()
        .take_while(|(start, _)| *start < at + 1)
        .count()
        .saturating_sub(1);
    let chars: Vec<char> = text.chars().collect();
    let Some(token) = chars.get(at).filter(|_| !error.is_eof()) else {
        return "Unexpected end of JSON input".to_owned();
    };
    let (mut start, mut end) = (0, chars.len());
    if chars.len() > 2 * CONTEXT {
        start = at.saturating_sub(CONTEXT);
        end = chars.len().min(at + CONTEXT);
    }
    let shown: String = chars[start..end].iter().collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if end < chars.len() { "..." } else { "" };
    format!("Unexpected token '{token}', {before}\"{shown}\"{after} is not valid JSON")
}

/// The cursor of offset pages: base64 of `{limit, offset}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct After {
    /// Items per page.
    pub limit: usize,
    /// Items before the page.
    pub offset: usize,
}

impl After {
    /// Reads a cursor from a client; parts it does not have stay open.
    pub fn decode(encoded: &str) -> Result<(Option<usize>, Option<usize>), CursorError> {
        let error = |what: &str| CursorError(format!("Malformed after cursor, {what}"));
        let value = decode_json(encoded).map_err(|_| error("could not be parsed"))?;
        let number = |name: &str| match value.get(name) {
            None => Ok(None),
            Some(number) => number
                .as_u64()
                .map(usize::try_from)
                .transpose()
                .map_err(|_| ())
                .and_then(|number| number.map(Some).ok_or(())),
        };
        let limit = number("limit").map_err(|()| error("limit was not an number"))?;
        let offset = number("offset").map_err(|()| error("offset was not a number"))?;
        Ok((limit, offset))
    }

    /// Writes a cursor for a client.
    pub fn encode(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The cursor that Backstage sends in answers to `HEAD`, where parameters are still text and
    /// adding the limit to the offset joins the two.
    pub fn encode_text(limit: &str, offset: Option<&str>) -> String {
        let offset = format!("{}{limit}", offset.unwrap_or("0"));
        STANDARD.encode(serde_json::json!({ "limit": limit, "offset": offset }).to_string())
    }
}

#[cfg(test)]
mod tests {
    use model::Direction;

    use super::*;

    fn json(encoded: &str) -> String {
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    fn by_name() -> Vec<OrderField> {
        vec![OrderField {
            field: "metadata.name".to_owned(),
            order: Direction::Asc,
        }]
    }

    #[test]
    fn cursors_are_written_as_recorded() {
        let text = TextFilter::default();
        let mut cursor = Cursor::first(by_name(), Some(text));
        cursor.query = Some(serde_json::json!({ "kind": "component" }));
        cursor.order_field_values = Some(vec!["cycle-b".to_owned(), "x".to_owned()]);
        cursor.first_sort_field_values = Some(vec!["a2".to_owned(), "y".to_owned()]);
        cursor.total_items = Some(22);
        let first = r#"{"orderFields":[{"field":"metadata.name","order":"asc"}],"isPrevious":false,"query":{"kind":"component"},"fullTextFilter":{"term":""},"orderFieldValues":["cycle-b","x"],"firstSortFieldValues":["a2","y"],"totalItems":22}"#;
        assert_eq!(json(&cursor.encode()), first);
        let cursor = Cursor::decode(&cursor.encode()).unwrap();
        let next = r#"{"orderFields":[{"field":"metadata.name","order":"asc"}],"isPrevious":false,"fullTextFilter":{"term":""},"orderFieldValues":["cycle-b","x"],"query":{"kind":"component"},"firstSortFieldValues":["a2","y"],"totalItems":22}"#;
        assert_eq!(json(&cursor.encode()), next);
    }

    #[test]
    fn recorded_cursors_are_read() {
        let recorded = STANDARD.encode(
            r#"{"orderFields":[{"field":"metadata.uid","order":"asc"}],"isPrevious":false,"fullTextFilter":{"term":""},"orderFieldValues":["04161556-d565-4370-a965-c4b537fe7de8","04161556-d565-4370-a965-c4b537fe7de8"],"firstSortFieldValues":["04161556-d565-4370-a965-c4b537fe7de8","04161556-d565-4370-a965-c4b537fe7de8"],"totalItems":0}"#,
        );
        let cursor = Cursor::decode(&recorded).unwrap();
        assert_eq!(cursor.total_items, Some(0));
        assert_eq!(cursor.encode(), recorded);
        assert_eq!(
            Cursor::decode(recorded.trim_end_matches('=')).unwrap(),
            cursor
        );
    }

    #[test]
    fn malformed_cursors_say_why() {
        let check = |encoded: &str, message: &str| {
            assert_eq!(Cursor::decode(encoded).unwrap_err().to_string(), message);
        };
        check(
            "garbage",
            "Malformed cursor: SyntaxError: Unexpected token '\u{fffd}', \"\u{fffd}\u{fffd}\u{fffd}j\u{7}\" is not valid JSON",
        );
        check(
            "",
            "Malformed cursor: SyntaxError: Unexpected end of JSON input",
        );
        check(
            &STANDARD.encode("{\"a\":["),
            "Malformed cursor: SyntaxError: Unexpected end of JSON input",
        );
        check(
            &STANDARD.encode("{\"orderFields\":[],\"isPrevious\": x, \"totalItems\": 10000}"),
            "Malformed cursor: SyntaxError: Unexpected token 'x', ...\"revious\": x, \"totalI\"... is not valid JSON",
        );
        check(
            &STANDARD.encode("{}"),
            "Malformed cursor: missing field `orderFields`",
        );
        check(
            &STANDARD
                .encode(r#"{"orderFields":[],"isPrevious":true,"orderFieldValues":["a","b"]}"#),
            "Malformed cursor: a position must have 1 values",
        );
        check(&"A".repeat(MAX_LEN + 1), "Malformed cursor: too long");
    }

    #[test]
    fn after_cursors_are_read_and_written_as_recorded() {
        assert_eq!(
            json(
                &After {
                    limit: 2,
                    offset: 4
                }
                .encode()
            ),
            r#"{"limit":2,"offset":4}"#
        );
        assert_eq!(
            json(&After::encode_text("1", None)),
            r#"{"limit":"1","offset":"01"}"#
        );
        let read = |json: &str| After::decode(&STANDARD.encode(json)).map_err(|e| e.to_string());
        assert_eq!(read(r#"{"limit":2,"offset":4}"#), Ok((Some(2), Some(4))));
        assert_eq!(read("{}"), Ok((None, None)));
        let error = |what: &str| Err(format!("Malformed after cursor, {what}"));
        assert_eq!(read("\u{81}"), error("could not be parsed"));
        assert_eq!(read(r#"{"limit":"1"}"#), error("limit was not an number"));
        assert_eq!(read(r#"{"offset":-1}"#), error("offset was not a number"));
    }
}
