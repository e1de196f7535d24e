//! One YAML or JSON file as a tree, and the places of its keys.
//!
//! Places are looked up in the text when a message needs one; loading only numbers the values.

use model::{DocumentPlace, Position, Problem, YamlLimits, locate, parse_documents, pointer};
use serde_json::Value;

use super::files::MAX_CONFIG_BYTES;
use super::transform::MAX_DEPTH;
use super::tree::{Kind, Mark, Node};

/// Values of a file, with those that aliases repeat.
const MAX_SIZE: usize = 100_000;

/// What a file says.
pub(super) struct Document {
    /// The values; `None` when the file is empty or cannot be understood.
    pub(super) tree: Option<Node>,
    /// For [`key_position`].
    pub(super) place: Option<DocumentPlace>,
    /// Pointers of the values by number.
    pub(super) pointers: Vec<String>,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
}

/// Reads the only document of a file.
pub(super) fn parse(text: &str, file: usize) -> Document {
    let max_bytes = usize::try_from(MAX_CONFIG_BYTES).unwrap_or(usize::MAX);
    let limits = YamlLimits {
        max_bytes,
        max_document_bytes: max_bytes,
        max_documents: 2,
        max_depth: MAX_DEPTH,
        max_document_size: MAX_SIZE,
        max_total_size: MAX_SIZE,
        skip_empty: true,
    };
    let mut documents = parse_documents(text, &limits).into_iter();
    let mut read = Document {
        tree: None,
        place: None,
        pointers: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(document) = documents.next() {
        read.place = Some(document.place);
        read.problems = document.problems;
        if !document.value.is_null() {
            read.tree = Some(number(
                document.value,
                file,
                &mut String::new(),
                &mut read.pointers,
            ));
        }
    }
    if let Some(second) = documents.next() {
        let message = "a configuration file is one document";
        let mut problem = Problem::error("config.syntax", "", message);
        problem.position = Some(second.start);
        read.problems.push(problem);
    }
    read
}

/// Gives every value a number, under which its pointer is found again.
fn number(value: Value, file: usize, at: &mut String, pointers: &mut Vec<String>) -> Node {
    let mark = Mark {
        file,
        value: Some(pointers.len()),
    };
    pointers.push(at.clone());
    let len = at.len();
    let kind = match value {
        Value::Array(items) => {
            let mut nodes = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                pointer::push_index(at, index);
                nodes.push(number(item, file, at, pointers));
                at.truncate(len);
            }
            Kind::List(nodes)
        }
        Value::Object(entries) => {
            let mut nodes = indexmap::IndexMap::with_capacity(entries.len());
            for (key, item) in entries {
                pointer::push_key(at, &key);
                nodes.insert(key, number(item, file, at, pointers));
                at.truncate(len);
            }
            Kind::Map(nodes)
        }
        scalar => Kind::Scalar(scalar),
    };
    Node { mark, kind }
}

/// Where the key of a value is, or the value itself when it is an item of a list.
pub(super) fn key_position(text: &str, place: DocumentPlace, pointer: &str) -> Option<Position> {
    let position = locate(text, place, pointer)?;
    let key = pointer::tokens(pointer).last().unwrap_or_default();
    let is_index = key.bytes().all(|byte| byte.is_ascii_digit());
    let place_of_key = if is_index {
        None
    } else {
        key_before(text, position, &key)
    };
    Some(place_of_key.unwrap_or(position))
}

/// Lines between a key and its value that are looked at.
const MAX_LINES_BACK: usize = 4;

/// The last occurrence of `key` at or before `position`.
fn key_before(text: &str, position: Position, key: &str) -> Option<Position> {
    let line = usize::try_from(position.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(position.column).ok()?.checked_sub(1)?;
    let first = line.saturating_sub(MAX_LINES_BACK);
    let lines: Vec<&str> = text.lines().skip(first).take(line - first + 1).collect();
    let (last, before) = lines.split_last()?;
    let (head, tail) = last.split_at(byte_of_column(last, column));
    if is_key(tail, key) {
        return Some(position);
    }
    let heads = before.iter().copied().chain([head]).enumerate();
    let (number, head, byte) = heads
        .filter_map(|(number, head)| Some((number, head, head.rfind(key)?)))
        .last()?;
    let quote = head[..byte].ends_with(['"', '\'']);
    Some(Position {
        line: u32::try_from(first + number + 1).ok()?,
        column: u32::try_from(head[..byte].chars().count() + 1 - usize::from(quote)).ok()?,
    })
}

/// Whether a text starts with `key`, perhaps in quotes, and a colon.
fn is_key(text: &str, key: &str) -> bool {
    let quotes = ['"', '\''];
    let rest = text.trim_start_matches(quotes).strip_prefix(key);
    rest.is_some_and(|rest| {
        rest.trim_start_matches(quotes)
            .trim_start()
            .starts_with(':')
    })
}

fn byte_of_column(line: &str, column: usize) -> usize {
    line.char_indices()
        .nth(column)
        .map_or(line.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_value_is_the_place_of_its_key() {
        let text = "a:\n  b: 1\n  'c d': {e: x, ee: y, é: \"z\"}\n  list:\n    - \"k\": v\n      a: a\n    -  7\n\
                    b: |\n  text\nlong:\n  # note\n  value\n";
        let document = parse(text, 0);
        assert_eq!(document.problems, []);
        let table = [
            ("/a", (1, 1)),
            ("/a/b", (2, 3)),
            ("/a/c d", (3, 3)),
            ("/a/c d/e", (3, 11)),
            ("/a/c d/ee", (3, 17)),
            ("/a/c d/é", (3, 24)),
            ("/a/list", (4, 3)),
            ("/a/list/0", (5, 7)),
            ("/a/list/0/k", (5, 7)),
            ("/a/list/0/a", (6, 7)),
            ("/a/list/1", (7, 8)),
            ("/b", (8, 1)),
            ("/long", (10, 1)),
        ];
        for (pointer, (line, column)) in table {
            let position = key_position(text, document.place.unwrap(), pointer);
            assert_eq!(position, Some(Position { line, column }), "{pointer}");
        }
    }
}
