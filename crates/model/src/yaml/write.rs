//! Writing YAML that reads as if a person wrote it and is read back as the same value.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// A value as a YAML document in block style, without markers; it is read back as the same value.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => block_map(members, 0, &mut text),
        Value::Array(items) if !items.is_empty() => block_list(items, 0, &mut text),
        scalar => {
            inline(scalar, &mut text);
            text.push('\n');
        }
    }
    text
}

fn block_map(members: &Map<String, Value>, indent: usize, text: &mut String) {
    for (number, (key, value)) in members.iter().enumerate() {
        // The first key of an item stands behind its dash.
        if number > 0 || !text.ends_with("- ") {
            push_indent(indent, text);
        }
        string(key, text);
        text.push(':');
        after(value, indent, text);
    }
}

fn block_list(items: &[Value], indent: usize, text: &mut String) {
    for item in items {
        push_indent(indent, text);
        text.push('-');
        match item {
            Value::Object(members) if !members.is_empty() => {
                text.push(' ');
                block_map(members, indent + 1, text);
            }
            other => after(other, indent, text),
        }
    }
}

/// What follows `key:` or `-`.
fn after(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            block_map(members, indent + 1, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            block_list(items, indent + 1, text);
        }
        Value::String(value) if is_literal(value) => literal(value, indent, text),
        scalar => {
            text.push(' ');
            inline(scalar, text);
            text.push('\n');
        }
    }
}

/// Whether a text of several lines can be written line by line.
fn is_literal(value: &str) -> bool {
    let body = value.strip_suffix('\n').unwrap_or(value);
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
}

fn literal(value: &str, indent: usize, text: &mut String) {
    let (body, mark) = match value.strip_suffix('\n') {
        Some(body) => (body, " |\n"),
        None => (value, " |-\n"),
    };
    text.push_str(mark);
    for line in body.split('\n') {
        if !line.is_empty() {
            push_indent(indent + 1, text);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn push_indent(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", indent));
}

fn inline(value: &Value, text: &mut String) {
    match value {
        Value::String(value) => string(value, text),
        // JSON's other scalars, and its empty object and list, are YAML as they are.
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

fn string(value: &str, text: &mut String) {
    if is_plain(value) {
        return text.push_str(value);
    }
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            c if is_printable(c) => text.push(c),
            c => {
                let _ = write!(text, "\\U{:08x}", u32::from(c));
            }
        }
    }
    text.push('"');
}

/// Whether a character stands for itself everywhere in a YAML text.
fn is_printable(c: char) -> bool {
    let is_break = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    let is_hidden = matches!(c, '\u{fffe}' | '\u{ffff}');
    !(c.is_control() || is_break || is_hidden)
}

/// Whether a string may stand without quotes: careful rather than complete.
fn is_plain(value: &str) -> bool {
    let starts_like_text = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let has_plain_letters = value
        .chars()
        .all(|c| c.is_alphanumeric() || "-_./:@+=$(),;'!? ".contains(c));
    let is_word = !matches!(
        value.to_ascii_lowercase().as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    starts_like_text
        && has_plain_letters
        && is_word
        && !value.ends_with([' ', ':'])
        && !value.contains(": ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::{YamlLimits, parse_documents};

    #[test]
    fn documents_look_as_people_write_them() {
        let entity = json!({
            "kind": "Component",
            "metadata": {"name": "a", "tags": ["x", "1.0"], "links": [{"url": "u", "title": "On"}]},
            "spec": {"text": "one\n\ntwo\n", "tight": "one\n two", "none": {}, "size": 1.5, "on": null},
        });
        let expected = "kind: Component\nmetadata:\n  name: a\n  tags:\n    - x\n    - \"1.0\"\n  \
            links:\n    - url: u\n      title: \"On\"\nspec:\n  text: |\n    one\n\n    two\n  \
            tight: |-\n    one\n     two\n  none: {}\n  size: 1.5\n  \"on\": null\n";
        assert_eq!(to_yaml(&entity), expected);
    }

    #[test]
    fn every_value_is_read_back_as_it_was() {
        let texts = [
            "",
            " ",
            "a",
            "a b",
            "a: b",
            "a #b",
            "#",
            "- a",
            "1",
            "1e3",
            "0x1f",
            "2020-01-01",
            "~",
            "null",
            "True",
            "no",
            "'",
            "\"",
            "\\",
            "a\nb",
            "a\nb\n",
            "a\nb\n\n",
            "\na",
            " a\nb",
            "a\n\tb",
            "a\r\nb",
            "\u{0}",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "é",
            "🎭",
            "---\na",
            "...\nb",
            "a:\n  b",
            "a\n\n\nb",
            "a \nb ",
            "|\n",
            "%a\nb",
            "@a",
            "`",
            "!a",
            "${{ x }}",
            "a,b",
            "[a]",
            "{a}",
            "a]",
            "*a",
            "&a",
            "?",
            "? a",
            "a:b",
            "käse",
            ".5",
            "off",
            "a:",
            "<<",
            "=",
        ];
        for text in texts {
            let value =
                json!({"a": text, "b": [text, [text], {text: text}], "c": {text: {"d": text}}});
            let written = to_yaml(&value);
            let mut documents = parse_documents(&written, &YamlLimits::default());
            assert_eq!(documents.len(), 1, "{text:?}\n{written}");
            let document = documents.remove(0);
            assert_eq!(document.problems, [], "{text:?}\n{written}");
            assert_eq!(document.value, value, "{text:?}\n{written}");
        }
    }
}
