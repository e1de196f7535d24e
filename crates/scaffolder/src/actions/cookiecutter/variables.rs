//! The variables of a template of Cookiecutter, and what expressions can use beyond them.

use std::fmt::Write as _;

use nunjucks::{Host, Syntax, Template};
use platform::{Error, Result};
use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};

/// Nesting of values that are rendered.
const MAX_DEPTH: usize = 100;
/// Most characters of a random text.
const MAX_RANDOM: u64 = 10_000;

type Rendered = std::result::Result<String, nunjucks::Error>;

/// Everything that names and contents can see of `cookiecutter.json`, without asking anybody: of a
/// list the first item is chosen.
pub(super) fn render(
    settings: Map<String, Value>,
    syntax: Syntax,
    host: &Host,
) -> Result<Map<String, Value>> {
    let mut done = Map::new();
    let is_object = |(_, value): &(String, Value)| value.is_object();
    let settings = settings
        .into_iter()
        .filter(|(name, _)| name != "__prompts__");
    // As in Cookiecutter, objects come last.
    let (objects, others): (Vec<_>, Vec<_>) = settings.partition(is_object);
    for (name, value) in others.into_iter().chain(objects) {
        // One underscore hides a variable from the form and from rendering, two from the form.
        let is_raw = name.starts_with('_') && !name.starts_with("__");
        let value = if is_raw {
            value
        } else {
            let context = [("cookiecutter".to_owned(), Value::Object(done.clone()))];
            let context = context.into_iter().collect();
            let chosen = match value {
                Value::Array(options) if !name.starts_with('_') => {
                    let first = options.into_iter().next();
                    first.ok_or_else(|| {
                        Error::input(format!("{name}: there is nothing to choose"))
                    })?
                }
                other => other,
            };
            let render = |source: &str| text(source, &context, syntax, host);
            deep(&chosen, &render, 0).map_err(|error| Error::input(format!("{name}: {error}")))?
        };
        done.insert(name, value);
    }
    Ok(done)
}

/// A text of a variable, a name or a file, rendered.
pub(super) fn text(
    source: &str,
    context: &Map<String, Value>,
    syntax: Syntax,
    host: &Host,
) -> Rendered {
    Template::parse(source, syntax)?.render(context, host)
}

/// A value with all its texts rendered; numbers become texts.
fn deep(
    value: &Value,
    render: &dyn Fn(&str) -> Rendered,
    depth: usize,
) -> std::result::Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("it is nested too deeply".to_owned());
    }
    let text = |source: &str| render(source).map_err(|error| error.to_string());
    Ok(match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(number) => Value::String(number.to_string()),
        Value::String(source) => text(source)?.into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| deep(item, render, depth + 1));
            items.collect::<std::result::Result<_, _>>()?
        }
        Value::Object(members) => {
            let member = |(name, member): (&String, &Value)| {
                Ok((text(name)?, deep(member, render, depth + 1)?))
            };
            let members: std::result::Result<Map<_, _>, String> =
                members.iter().map(member).collect();
            members?.into()
        }
    })
}

/// `jsonify`, `slugify`, `uuid4` and `random_ascii_string`.
pub(super) fn host() -> Host {
    Host::new()
        .with_filter("jsonify", |arguments| {
            let value = arguments.first().cloned().flatten();
            jsonify(&value.unwrap_or_default()).map(|text| Some(text.into()))
        })
        .with_filter("slugify", |arguments| match arguments.first() {
            Some(Some(Value::String(text))) => slugify(text).map(|text| Some(text.into())),
            _ => Err("only texts can be a slug".to_owned()),
        })
        .with_function("uuid4", |_| {
            Ok(Some(uuid::Uuid::new_v4().to_string().into()))
        })
        .with_function("random_ascii_string", |arguments| {
            let len = arguments.first().and_then(Option::as_ref);
            let len = len.and_then(Value::as_f64).unwrap_or_default();
            random_text(len).map(|text| Some(text.into()))
        })
}

/// As Python writes JSON with sorted keys: four spaces, and only ASCII.
fn jsonify(value: &Value) -> std::result::Result<String, String> {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let written = sorted(value).serialize(&mut serializer);
    written.map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            output.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(output, "\\u{unit:04x}").map_err(|error| error.to_string())?;
        }
    }
    Ok(output)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.into_iter();
            let members = members.map(|(name, member)| (name.clone(), sorted(member)));
            members.collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Small letters and digits, with one hyphen between runs of them.
fn slugify(text: &str) -> std::result::Result<String, String> {
    if !text.is_ascii() {
        return Err("a slug can be made of ASCII only".to_owned());
    }
    // An apostrophe joins what it stands between.
    let text = text.replace('\'', "-").to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    Ok(words.join("-"))
}

fn random_text(len: f64) -> std::result::Result<String, String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion of floats saturates"
    )]
    let len = len as u64;
    if len > MAX_RANDOM {
        return Err(format!("a random text has at most {MAX_RANDOM} characters"));
    }
    let letters = std::iter::repeat_with(uuid::Uuid::new_v4)
        .flat_map(uuid::Uuid::into_bytes)
        // Even chances for all 52 letters; the version of an identifier is not random.
        .filter(|byte| *byte < 208)
        .map(|byte| {
            let index = byte % 52;
            char::from(if index < 26 {
                b'a' + index
            } else {
                b'A' + index - 26
            })
        });
    Ok(letters
        .take(usize::try_from(len).unwrap_or_default())
        .collect())
}
