//! Filters about HTML and URLs.

use std::fmt::Write as _;

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::number;
use crate::text;
use crate::value::{Text, Value};

use super::argument;
use super::words::{like, only_text, or_empty};

/// Times that markup is removed from what is left of markup.
const MAX_PASSES: usize = 8;

fn escaped(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => output.push_str("&amp;"),
            '"' => output.push_str("&quot;"),
            '\'' => output.push_str("&#39;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '\\' => output.push_str("&#92;"),
            c => output.push(c),
        }
    }
    output
}

pub(super) fn escape<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    also_safe: bool,
) -> Result<Value<'a>> {
    if matches!(input, Value::Safe(_)) && !also_safe {
        return Ok(input.clone());
    }
    let text = machine.rendered(input)?;
    let output = escaped(&text);
    machine.meter.scratch(output.len())?;
    Ok(Value::Safe(output.into()))
}

pub(super) fn safe<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    if matches!(input, Value::Safe(_)) {
        return Ok(input.clone());
    }
    // A new text, because a safe text is an object of its own.
    let text = machine.rendered(input)?.to_string();
    machine.meter.scratch(text.len())?;
    Ok(Value::Safe(text.into()))
}

pub(super) fn nl2br<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let text = if input.is_nullish() {
        Text::Borrowed("")
    } else {
        only_text(input)?
    };
    let output = text.replace("\r\n", "\n").replace('\n', "<br />\n");
    like(machine, input, output)
}

pub(super) fn strip_tags<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let text = only_text(&or_empty(input))?;
    machine.meter.work(text.len() / 8)?;
    let stripped = without_tags(&text)?;
    let stripped = text::trim(&stripped);
    let output = if argument(arguments, 0).is_truthy() {
        with_line_breaks(stripped)
    } else {
        collapse(stripped, text::is_space)
    };
    like(machine, input, output)
}

/// Runs of the characters become one space.
fn collapse(text: &str, is_collapsed: fn(char) -> bool) -> String {
    let mut output = String::with_capacity(text.len());
    let mut was_space = false;
    for c in text.chars() {
        let is_space = is_collapsed(c);
        if !is_space {
            output.push(c);
        } else if !was_space {
            output.push(' ');
        }
        was_space = is_space;
    }
    output
}

/// Keeps line breaks, but no space at the edges of lines and at most one empty line.
fn with_line_breaks(text: &str) -> String {
    let is_break = |c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    let mut lines = String::new();
    for line in text.split_inclusive(is_break) {
        let end = line.trim_end_matches(is_break).len();
        lines.push_str(line[..end].trim_matches(' '));
        lines.push_str(&line[end..]);
    }
    let mut output = collapse(&lines, |c| c == ' ').replace("\r\n", "\n");
    while output.contains("\n\n\n") {
        output = output.replace("\n\n\n", "\n\n");
    }
    output
}

/// Removes tags and comments, also those that come about by removing.
fn without_tags(text: &str) -> Result<String> {
    let mut text = text.to_owned();
    for _ in 0..MAX_PASSES {
        let stripped = strip_once(&text);
        if stripped == text {
            return Ok(text);
        }
        text = stripped;
    }
    if strip_once(&text) == text {
        return Ok(text);
    }
    Err(fault("the markup is nested too deeply"))
}

fn strip_once(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    // Behind the last end there is no tag, and no comment, that would have to be searched for.
    let end_of = |mark: &str| text.rfind(mark).unwrap_or_default();
    let (last_tag, last_comment) = (end_of(">"), end_of("-->"));
    while let Some(at) = rest.find('<') {
        output.push_str(&rest[..at]);
        rest = &rest[at..];
        let last = if rest.starts_with("<!") {
            last_comment
        } else {
            last_tag
        };
        let is_possible = text.len() - rest.len() < last;
        let len = is_possible.then(|| tag_len(rest)).flatten();
        if len.is_none() {
            output.push('<');
        }
        rest = &rest[len.unwrap_or(1)..];
    }
    output.push_str(rest);
    output
}

/// Length of the tag or comment that a text begins with.
fn tag_len(text: &str) -> Option<usize> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.find("-->").map(|at| at + 7);
    }
    let name = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
    let len = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // An underscore would continue the word.
    if !is_name || name[len..].starts_with('_') {
        return None;
    }
    let end = name[len..].find('>')? + len + 1;
    Some(text.len() - name.len() + end)
}

/// `encodeURIComponent`
fn push_encoded(text: &str, output: &mut String) -> Result<()> {
    if text::has_halves(text) {
        return Err(fault("half a character cannot be encoded"));
    }
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
        if is_plain {
            output.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(output, "%{byte:02X}");
        }
    }
    Ok(())
}

pub(super) fn url_encode<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let mut output = String::new();
    match input {
        Value::Text(text) | Value::Safe(text) => push_encoded(text, &mut output)?,
        Value::Record(record) => {
            for (name, value) in machine.entries(*record)? {
                push_pair(machine, &Value::Text(name), &value, &mut output)?;
            }
        }
        Value::Array(array) => {
            for item in machine.items(*array)? {
                if item.is_nullish() {
                    return Err(fault("an item is null or undefined"));
                }
                let mut sides = [Value::Undefined, Value::Undefined];
                for (side, index) in sides.iter_mut().zip(["0", "1"]) {
                    if let Some(member) = machine.own_member(&item, index)? {
                        *side = member;
                    }
                }
                push_pair(machine, &sides[0], &sides[1], &mut output)?;
            }
        }
        _ => {}
    }
    machine.text(output)
}

fn push_pair<'a>(
    machine: &mut Machine<'a>,
    name: &Value<'a>,
    value: &Value<'a>,
    output: &mut String,
) -> Result<()> {
    let (name, value) = (machine.text_of(name)?, machine.text_of(value)?);
    machine.meter.scratch(name.len() + value.len())?;
    if !output.is_empty() {
        output.push('&');
    }
    push_encoded(&name, output)?;
    output.push('=');
    push_encoded(&value, output)
}

/// Makes links of words that look like addresses.
pub(super) fn urlize<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let text = only_text(input)?;
    let shown_len = match argument(arguments, 0) {
        Value::Undefined => usize::MAX,
        Value::Number(length) if length.is_nan() => usize::MAX,
        length => number::to_len(machine.number_of(&length)?),
    };
    let attribute = match argument(arguments, 1) {
        Value::Bool(true) => " rel=\"nofollow\"",
        _ => "",
    };
    let mut output = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let word_len = rest.find(text::is_space).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_len);
        machine.meter.scratch(4 * word.len())?;
        push_word(word, shown_len, attribute, &mut output);
        let space_len = tail.find(|c| !text::is_space(c)).unwrap_or(tail.len());
        output.push_str(&tail[..space_len]);
        rest = &tail[space_len..];
    }
    machine.text(output)
}

fn push_word(word: &str, shown_len: usize, attribute: &str, output: &mut String) {
    let address = without_punctuation(word);
    let shown = text::slice(address, 0..shown_len);
    let link = if address.starts_with("http://") || address.starts_with("https://") {
        format!("<a href=\"{address}\"{attribute}>{shown}</a>")
    } else if address.starts_with("www.") {
        format!("<a href=\"http://{address}\"{attribute}>{shown}</a>")
    } else if is_mail_address(address) {
        format!("<a href=\"mailto:{address}\">{address}</a>")
    } else if has_common_domain(address) {
        format!("<a href=\"http://{address}\"{attribute}>{shown}</a>")
    } else {
        word.to_owned()
    };
    output.push_str(&link);
}

/// A word without one bracket in front and one mark behind.
fn without_punctuation(word: &str) -> &str {
    let word = ["(", "<", "&lt;"]
        .iter()
        .find_map(|mark| word.strip_prefix(mark))
        .unwrap_or(word);
    [".", ",", ")", "&gt;"]
        .iter()
        .find_map(|mark| word.strip_suffix(mark))
        .unwrap_or(word)
}

fn is_mail_address(word: &str) -> bool {
    let Some((user, domain)) = word.split_once('@') else {
        return false;
    };
    let is_user =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_.!#$%&'*+-/=?^`{|}~".contains(&byte);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !user.is_empty()
        && user.bytes().all(is_user)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

fn has_common_domain(word: &str) -> bool {
    [".org", ".net", ".com"].iter().any(|domain| {
        word.match_indices(domain).any(|(at, _)| {
            let rest = &word[at + domain.len()..];
            rest.is_empty() || rest.starts_with([':', '/'])
        })
    })
}
