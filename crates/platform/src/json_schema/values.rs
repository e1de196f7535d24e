//! Keywords of texts and numbers, and those of any value.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Checker, Keyword};

/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;
/// How far from whole a quotient may be because of binary fractions.
const WHOLE: f64 = 1e-9;

impl<'s> Checker<'s> {
    pub(super) fn check_scalar(&mut self, keyword: &str, at: &Keyword<'s>, value: &Value) {
        let broken = match keyword {
            "type" => is_other_type(at.argument, value).then(|| {
                let names = type_names(at.argument);
                let text = format!("is not of a type(s) {}", names.join(","));
                (text, "type", Value::from(names))
            }),
            "enum" => check_enum(at.argument, value),
            "const" if !is_equal(at.argument, value) => Some((
                format!("does not exactly match expected constant: {}", at.argument),
                "const",
                at.argument.clone(),
            )),
            _ => match value {
                Value::String(text) => check_text(keyword, at.argument, text),
                Value::Number(number) => {
                    let number = number.as_f64().unwrap_or(f64::NAN);
                    check_number(keyword, at.argument, number)
                }
                _ => None,
            },
        };
        if let Some((message, name, argument)) = broken {
            self.complain(message, at.schema, value, name, argument);
        }
    }
}

type Broken = Option<(String, &'static str, Value)>;

fn type_names(argument: &Value) -> Vec<String> {
    let name = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match argument {
        Value::Array(types) => types.iter().map(name).collect(),
        one => vec![name(one)],
    }
}

fn is_other_type(argument: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    };
    !type_names(argument).iter().any(|name| is(name))
}

fn check_enum(argument: &Value, value: &Value) -> Broken {
    let choices = argument.as_array()?;
    if choices.iter().any(|choice| is_equal(choice, value)) {
        return None;
    }
    let text = |choice: &Value| match choice {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let list = choices.iter().map(text).collect::<Vec<_>>().join(",");
    Some((
        format!("is not one of enum values: {list}"),
        "enum",
        argument.clone(),
    ))
}

fn is_equal(left: &Value, right: &Value) -> bool {
    left == right || canonical(left) == canonical(right)
}

/// A text that is the same for equal values: `1` is `1.0`, and the order of members does not count.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:?}", number.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            };
            let mut members: Vec<_> = members.iter().map(member).collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn check_text(keyword: &str, argument: &Value, text: &str) -> Broken {
    // JavaScript counts UTF-16 units; the validator replaces pairs by one before it counts.
    let len = text.chars().count() as u64;
    let argued = |message: String, name| Some((message, name, argument.clone()));
    match keyword {
        "minLength" if argument.as_u64().is_some_and(|min| len < min) => argued(
            format!("does not meet minimum length of {argument}"),
            "minLength",
        ),
        "maxLength" if argument.as_u64().is_some_and(|max| len > max) => argued(
            format!("does not meet maximum length of {argument}"),
            "maxLength",
        ),
        "pattern" if !matches(argument.as_str()?, text) => {
            argued(format!("does not match pattern {argument}"), "pattern")
        }
        "format" if !has_format(argument.as_str()?, text) => argued(
            format!("does not conform to the {argument} format"),
            "format",
        ),
        _ => None,
    }
}

fn check_number(keyword: &str, argument: &Value, number: f64) -> Broken {
    let bound = argument.as_f64()?;
    let (is_broken, message, name) = match keyword {
        "minimum" => (
            number < bound,
            "must be greater than or equal to",
            "minimum",
        ),
        "maximum" => (number > bound, "must be less than or equal to", "maximum"),
        "exclusiveMinimum" => (
            number <= bound,
            "must be strictly greater than",
            "exclusiveMinimum",
        ),
        "exclusiveMaximum" => (
            number >= bound,
            "must be strictly less than",
            "exclusiveMaximum",
        ),
        "multipleOf" => {
            let quotient = number / bound;
            let is_broken = bound != 0.0 && (quotient - quotient.round()).abs() > WHOLE;
            (
                is_broken,
                "is not a multiple of (divisible by)",
                "multipleOf",
            )
        }
        _ => return None,
    };
    is_broken.then(|| (format!("{message} {argument}"), name, argument.clone()))
}

/// A pattern as JavaScript means it: classes are of ASCII.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let ascii = pattern.replace("\\d", "[0-9]").replace("\\/", "/");
    let build = |text: &str| {
        RegexBuilder::new(text)
            .size_limit(PATTERN_SIZE)
            .build()
            .map_err(|error| {
                error
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .to_owned()
            })
    };
    build(&ascii).or_else(|_| build(pattern))
}

/// Whether a text matches; a pattern that cannot be run matches everything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).map_or(true, |regex| regex.is_match(text))
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "email" => is_email(text),
        "uri" | "url" => url::Url::parse(text).is_ok(),
        "date" => time::Date::parse(
            text,
            time::macros::format_description!("[year]-[month]-[day]"),
        )
        .is_ok(),
        "date-time" => {
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
                .is_ok()
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "regex" => compile(text).is_ok(),
        _ => true,
    }
}

/// Something, one `@`, and a domain with a point; nothing else can be told without sending a message.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let is_clean = !text.chars().any(char::is_whitespace) && !domain.contains('@');
        is_clean
            && !local.is_empty()
            && domain.split('.').filter(|part| !part.is_empty()).count() > 1
    })
}
