//! Formats of single envelope fields: names, namespaces, label keys, tags, links.

use serde_json::{Map, Value};
use url::Url;

use crate::findings::Findings;
use crate::javascript::{fits_utf16, scalar_text, trim};
use crate::pointer;

const LEARN_MORE: &str = "To learn more about catalog file format, visit: \
     https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md";

/// Longest name, label, tag and kind.
const MAX_LENGTH: usize = 63;
/// Longest prefix of a label or annotation key.
const MAX_PREFIX_LENGTH: usize = 253;

/// What a field must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    ApiVersion,
    Kind,
    ObjectName,
    Namespace,
    QualifiedName,
    LabelValue,
    Text,
    Tag,
    Url,
    NonBlank,
}

/// A field whose value has the wrong format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormatError {
    /// JSON pointer to the value.
    pub(crate) pointer: String,
    /// Message in the words of Backstage.
    pub(crate) message: String,
    /// How to fix it.
    pub(crate) hint: Option<String>,
}

/// Checks the fields in the order of Backstage.
///
/// The types of all fields must have been checked before.
pub(crate) fn check_field_formats(
    entity: &Value,
    found: &mut Findings<FormatError>,
) -> Result<(), FormatError> {
    let metadata = entity.get("metadata").unwrap_or(&Value::Null);
    required(
        "apiVersion",
        "/apiVersion",
        entity.get("apiVersion"),
        Format::ApiVersion,
        found,
    )?;
    required("kind", "/kind", entity.get("kind"), Format::Kind, found)?;
    required(
        "metadata.name",
        "/metadata/name",
        metadata.get("name"),
        Format::ObjectName,
        found,
    )?;
    optional(
        "metadata.namespace",
        "/metadata/namespace",
        metadata.get("namespace"),
        Format::Namespace,
        found,
    )?;
    check_map(metadata, "labels", Format::LabelValue, found)?;
    check_map(metadata, "annotations", Format::Text, found)?;
    for (index, tag) in items(metadata, "tags") {
        let at = format!("/metadata/tags/{index}");
        required(&format!("tags.{index}"), &at, Some(tag), Format::Tag, found)?;
    }
    for (index, link) in items(metadata, "links") {
        let at = |key| format!("/metadata/links/{index}/{key}");
        required(
            &format!("links.{index}.url"),
            &at("url"),
            link.get("url"),
            Format::Url,
            found,
        )?;
        for key in ["title", "icon"] {
            optional(
                &format!("links.{index}.{key}"),
                &at(key),
                link.get(key),
                Format::NonBlank,
                found,
            )?;
        }
    }
    Ok(())
}

fn items<'a>(metadata: &'a Value, key: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    metadata
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
}

fn check_map(
    metadata: &Value,
    name: &str,
    values: Format,
    found: &mut Findings<FormatError>,
) -> Result<(), FormatError> {
    let empty = Map::new();
    let members = metadata
        .get(name)
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (key, value) in members {
        let field = format!("{name}.{key}");
        let at = pointer::member(&format!("/metadata/{name}"), key);
        required(
            &field,
            &at,
            Some(&Value::from(key.as_str())),
            Format::QualifiedName,
            found,
        )?;
        required(&field, &at, Some(value), values, found)?;
    }
    Ok(())
}

fn optional(
    field: &str,
    pointer: &str,
    value: Option<&Value>,
    format: Format,
    found: &mut Findings<FormatError>,
) -> Result<(), FormatError> {
    value.map_or(Ok(()), |value| {
        required(field, pointer, Some(value), format, found)
    })
}

fn required(
    field: &str,
    pointer: &str,
    value: Option<&Value>,
    format: Format,
    found: &mut Findings<FormatError>,
) -> Result<(), FormatError> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        let message = format!("{field} must have a value");
        return found.add(FormatError {
            pointer: pointer.to_owned(),
            message,
            hint: None,
        });
    };
    if value.as_str().is_some_and(|text| format.accepts(text)) {
        return Ok(());
    }
    let text = scalar_text(value).unwrap_or_else(|| value.to_string().into());
    found.add(FormatError {
        pointer: pointer.to_owned(),
        message: format!(
            "\"{field}\" is not valid; expected {} but found \"{text}\". {LEARN_MORE}",
            format.expectation()
        ),
        hint: format.hint(&text),
    })
}

impl Format {
    fn accepts(self, text: &str) -> bool {
        match self {
            Self::ApiVersion => is_qualified(text, |name| is_made_of(name, b"")),
            Self::Kind => {
                is_made_of(text, b"") && text.starts_with(|c: char| c.is_ascii_alphabetic())
            }
            Self::ObjectName => is_object_name(text),
            Self::Namespace => is_dns_label(text),
            Self::QualifiedName => is_qualified(text, is_object_name),
            Self::LabelValue => text.is_empty() || is_object_name(text),
            Self::Text => true,
            Self::Tag => is_tag(text),
            Self::Url => Url::parse(text).is_ok(),
            Self::NonBlank => !trim(text).is_empty(),
        }
    }

    fn expectation(self) -> &'static str {
        match self {
            Self::ApiVersion | Self::QualifiedName => "a valid prefix and/or suffix",
            Self::Kind => {
                "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"
            }
            Self::ObjectName | Self::LabelValue => {
                "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], \
                 at most 63 characters in total"
            }
            Self::Namespace => {
                "a string that is sequences of [a-z0-9] separated by [-], \
                 at most 63 characters in total"
            }
            Self::Text => "a string",
            Self::Tag => {
                "a string that is sequences of [a-z0-9+#] separated by [-], \
                 at most 63 characters in total"
            }
            Self::Url => "a string that is a valid url",
            Self::NonBlank => "a non empty string",
        }
    }

    /// The nearest value that would be accepted.
    fn hint(self, found: &str) -> Option<String> {
        let repaired = match self {
            Self::ObjectName | Self::LabelValue => repair(found, b"-_."),
            Self::Namespace => repair(&found.to_ascii_lowercase(), b"-"),
            Self::Tag => repair(&found.to_ascii_lowercase(), b"-:+#"),
            Self::Url => return Some("write an absolute URL, for example https://…".to_owned()),
            Self::ApiVersion | Self::Kind | Self::QualifiedName | Self::Text | Self::NonBlank => {
                return None;
            }
        };
        self.accepts(&repaired)
            .then(|| format!("for example `{repaired}`"))
    }
}

/// Replaces runs of other characters by a dash and cuts the rest off.
fn repair(found: &str, allowed: &[u8]) -> String {
    let mut repaired = String::new();
    for c in found.chars().take(MAX_LENGTH) {
        let fits = c.is_ascii_alphanumeric() || u8::try_from(c).is_ok_and(|c| allowed.contains(&c));
        if fits {
            repaired.push(c);
        } else if !repaired.ends_with('-') {
            repaired.push('-');
        }
    }
    repaired
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_owned()
}

/// `<name>` or `<dns-subdomain>/<name>`.
fn is_qualified(text: &str, is_name: fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        None => is_name(text),
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_name(name),
    }
}

fn is_dns_subdomain(text: &str) -> bool {
    fits_utf16(text, MAX_PREFIX_LENGTH) && text.split('.').all(is_dns_label)
}

fn is_dns_label(text: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    fits_utf16(text, MAX_LENGTH)
        && text.bytes().all(|c| is_plain(c) || c == b'-')
        && [text.bytes().next(), text.bytes().last()]
            .iter()
            .all(|c| c.is_some_and(is_plain))
}

fn is_object_name(text: &str) -> bool {
    let ends = [text.bytes().next(), text.bytes().last()];
    is_made_of(text, b"-_.") && ends.iter().flatten().all(u8::is_ascii_alphanumeric)
}

fn is_tag(text: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b":+#".contains(&c);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_plain);
    fits_utf16(text, MAX_LENGTH) && text.split('-').all(is_part)
}

/// Whether the text has 1 to 63 characters, all letters, digits or of this set.
fn is_made_of(text: &str, others: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GHSA-4jqc-jvh2-pxg9: names become parts of paths.
    #[test]
    fn no_name_leads_to_another_folder() {
        let names = [
            "..", ".", "../a", "a/../b", "a/b", "..\\a", "a\\b", "%2e%2e", "a%2fb", "..%2fa",
            "a\0", "a\n", "..;a", "~", "a:b",
        ];
        for format in [Format::Kind, Format::ObjectName, Format::Namespace] {
            for name in names {
                let is_accepted = format.accepts(name);
                assert!(!is_accepted, "{format:?} {name:?}");
            }
        }
    }

    #[test]
    fn accepted_and_rejected_values() {
        let long = "a".repeat(MAX_LENGTH);
        let longer = "a".repeat(MAX_LENGTH + 1);
        let subdomain = format!("{}/x", vec!["a".repeat(62); 4].join("."));
        let cases: &[(Format, &[&str], &[&str])] = &[
            (
                Format::ApiVersion,
                &["v1", "backstage.io/v1alpha1", "a-b.c/V1", &long],
                &[
                    "", "a/b/c", "A.io/v1", "/v1", "a/", "v-1", "a..b/v1", &longer,
                ],
            ),
            (
                Format::Kind,
                &["Component", "a", "A1", &long],
                &["", "1A", "A-b", "Ä", &longer],
            ),
            (
                Format::ObjectName,
                &["a", "A", "0", "a.b_c-d", "a..b", &long],
                &["", "-a", "a-", "_", "a b", "é", "bad name!", &longer],
            ),
            (
                Format::Namespace,
                &["a", "a-b", "a--b", "0", &long],
                &["", "A", "-a", "a-", "a.b", "a_b", &longer],
            ),
            (
                Format::QualifiedName,
                &["a", "backstage.io/x.y", &subdomain],
                &[
                    "",
                    "a/",
                    "/a",
                    "a/b/c",
                    "A.io/x",
                    "a.io/-x",
                    &format!("abc.{subdomain}"),
                ],
            ),
            (Format::LabelValue, &["", "a.b"], &["a b", "-", &longer]),
            (
                Format::Tag,
                &["java", "c++", "c#", "a-b", "a:b", "net-6", &long],
                &["", "A", "a--b", "-a", "a-", "a b", "a.b", &longer],
            ),
            (
                Format::Url,
                &["https://a", "mailto:x@y", "a:b"],
                &["", "a", "//a", "https://"],
            ),
            (Format::NonBlank, &["x", " x "], &["", " \t\u{feff}"]),
        ];
        for (format, accepted, rejected) in cases {
            for text in *accepted {
                assert!(format.accepts(text), "{format:?} {text}");
            }
            for text in *rejected {
                assert!(!format.accepts(text), "{format:?} {text}");
            }
        }
    }

    #[test]
    fn repaired_values_are_suggested() {
        for (format, found, expected) in [
            (
                Format::ObjectName,
                "bad name!",
                Some("for example `bad-name`"),
            ),
            (
                Format::Namespace,
                "Bad_Namespace",
                Some("for example `bad-namespace`"),
            ),
            (Format::Tag, "Upper  Case", Some("for example `upper-case`")),
            (Format::ObjectName, "!!!", None),
            (Format::Kind, "1", None),
        ] {
            assert_eq!(format.hint(found).as_deref(), expected);
        }
    }
}
