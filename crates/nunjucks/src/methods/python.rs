//! Methods of Python's texts, for templates of Cookiecutter.

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::number;
use crate::value::{Text, Value};

use super::{argument, integer, unknown};

pub(super) const TEXT: [&str; 27] = [
    "capitalize",
    "casefold",
    "count",
    "endswith",
    "find",
    "index",
    "isalnum",
    "isalpha",
    "isdigit",
    "islower",
    "isupper",
    "join",
    "lower",
    "lstrip",
    "removeprefix",
    "removesuffix",
    "replace",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

/// Least and most arguments.
pub(super) fn n_arguments(name: &str) -> (usize, usize) {
    match name {
        "replace" => (2, 3),
        "split" | "rsplit" => (0, 2),
        "strip" | "lstrip" | "rstrip" => (0, 1),
        "count" | "endswith" | "find" | "index" | "join" | "removeprefix" | "removesuffix"
        | "startswith" | "zfill" => (1, 1),
        _ => (0, 0),
    }
}

pub(super) fn call<'a>(
    machine: &mut Machine<'a>,
    text: &Text<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    machine.meter.work(text.len() / 64)?;
    if n_arguments(name) == (0, 0) {
        return plain(machine, text, name);
    }
    match name {
        "strip" | "lstrip" | "rstrip" => strip(machine, text, name, arguments),
        "split" | "rsplit" => split(machine, text, name, arguments),
        "replace" => replace(machine, text, arguments),
        "join" => join(machine, text, &argument(arguments, 0)),
        "zfill" => {
            let width = integer(machine, arguments, 0)?.unwrap_or(0.0);
            let missing = number::to_len(width).saturating_sub(text.chars().count());
            machine.meter.scratch(missing)?;
            let signed = text.strip_prefix(['-', '+']);
            let (sign, digits) = text.split_at(text.len() - signed.unwrap_or(text).len());
            machine.text(format!("{sign}{}{digits}", "0".repeat(missing)))
        }
        _ => search(machine, text, name, arguments),
    }
}

/// Methods without arguments.
fn plain<'a>(machine: &mut Machine<'a>, text: &str, name: &str) -> Result<Value<'a>> {
    let is_all = |test: fn(char) -> bool| Value::Bool(!text.is_empty() && text.chars().all(test));
    match name {
        "lower" | "casefold" => machine.text(text.to_lowercase()),
        "upper" => machine.text(text.to_uppercase()),
        "capitalize" => machine.text(capitalized(text)),
        "title" => machine.text(titled(text)),
        "swapcase" => {
            let swap = |c: char| -> String {
                if c.is_uppercase() {
                    c.to_lowercase().collect()
                } else {
                    c.to_uppercase().collect()
                }
            };
            machine.text(text.chars().map(swap).collect())
        }
        "splitlines" => {
            let lines = text.lines().map(|line| Value::from(line.to_owned()));
            let lines = lines.collect();
            machine.array(lines)
        }
        "isalnum" => Ok(is_all(char::is_alphanumeric)),
        "isalpha" => Ok(is_all(char::is_alphabetic)),
        "isdigit" => Ok(is_all(|c| c.is_ascii_digit())),
        "islower" => Ok(Value::Bool(
            text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        )),
        "isupper" => Ok(Value::Bool(
            text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        )),
        _ => Err(unknown(name)),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    let rest = chars.as_str().to_lowercase();
    first.into_iter().flatten().chain(rest.chars()).collect()
}

/// Each run of letters begins with a large one.
fn titled(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut is_inside = false;
    for c in text.chars() {
        if is_inside {
            output.extend(c.to_lowercase());
        } else {
            output.extend(c.to_uppercase());
        }
        is_inside = c.is_alphabetic();
    }
    output
}

fn strip<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let chars = match argument(arguments, 0) {
        Value::Undefined | Value::Null => None,
        chars => Some(machine.text_of(&chars)?),
    };
    let is_cut = |c: char| match &chars {
        Some(chars) => chars.contains(c),
        None => c.is_whitespace(),
    };
    let stripped = match name {
        "lstrip" => text.trim_start_matches(is_cut),
        "rstrip" => text.trim_end_matches(is_cut),
        _ => text.trim_matches(is_cut),
    };
    machine.text(stripped.to_owned())
}

fn split<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let most = integer(machine, arguments, 1)?.filter(|most| *most >= 0.0);
    let most = most.map_or(usize::MAX, |most| number::to_len(most).saturating_add(1));
    machine.meter.scratch(text.len())?;
    let own = |part: &str| Value::from(part.to_owned());
    let separator = match argument(arguments, 0) {
        Value::Undefined | Value::Null => None,
        separator => Some(machine.text_of(&separator)?),
    };
    let mut parts: Vec<Value<'a>> = match separator.as_deref() {
        Some("") => return Err(fault("empty separator")),
        Some(separator) if name == "rsplit" => {
            let mut parts: Vec<_> = text.rsplitn(most, separator).map(own).collect();
            parts.reverse();
            parts
        }
        Some(separator) => text.splitn(most, separator).map(own).collect(),
        None if most == usize::MAX => text.split_whitespace().map(own).collect(),
        None => return Err(fault("splitting at space takes no limit")),
    };
    parts.shrink_to_fit();
    machine.array(parts)
}

fn replace<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let from = machine.text_of(&argument(arguments, 0))?;
    let to = machine.text_of(&argument(arguments, 1))?;
    let most = integer(machine, arguments, 2)?.filter(|most| *most >= 0.0);
    let most = most.map_or(usize::MAX, number::to_len);
    let n_found = text.matches(&*from).count().min(most);
    machine
        .meter
        .scratch(text.len() + n_found.saturating_mul(to.len()))?;
    machine.text(text.replacen(&*from, &to, most))
}

fn join<'a>(machine: &mut Machine<'a>, separator: &str, list: &Value<'a>) -> Result<Value<'a>> {
    let Value::Array(array) = list else {
        return Err(fault("`join` takes a list"));
    };
    let mut output = String::new();
    for index in 0..machine.array_len(*array) {
        let item = machine.item(*array, index);
        let item = machine.text_of(&item)?;
        machine.meter.scratch(item.len() + separator.len())?;
        if index > 0 {
            output.push_str(separator);
        }
        output.push_str(&item);
    }
    machine.text(output)
}

fn search<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let needle = machine.text_of(&argument(arguments, 0))?;
    let place = |at: usize| number::from_len(text[..at].chars().count());
    match name {
        "startswith" => Ok(Value::Bool(text.starts_with(&*needle))),
        "endswith" => Ok(Value::Bool(text.ends_with(&*needle))),
        "count" => Ok(Value::Number(number::from_len(
            text.matches(&*needle).count(),
        ))),
        "find" => Ok(Value::Number(text.find(&*needle).map_or(-1.0, place))),
        "index" => match text.find(&*needle) {
            Some(at) => Ok(Value::Number(place(at))),
            None => Err(fault("substring not found")),
        },
        "removeprefix" => {
            let rest = text.strip_prefix(&*needle).unwrap_or(text);
            machine.text(rest.to_owned())
        }
        "removesuffix" => {
            let rest = text.strip_suffix(&*needle).unwrap_or(text);
            machine.text(rest.to_owned())
        }
        _ => Err(unknown(name)),
    }
}
