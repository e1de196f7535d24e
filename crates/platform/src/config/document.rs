//! Reads one YAML or JSON file into a tree that knows the place of every key.

use indexmap::IndexMap;
use model::{Position, Problem};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};
use serde_json::{Number, Value};

use super::transform::MAX_DEPTH;
use super::tree::{Kind, Mark, Node};

/// Values of a file, with those that aliases repeat.
const MAX_NODES: usize = 100_000;

/// The content of a file, `None` when it is empty or broken, and what is wrong with it.
pub(super) fn parse(text: &str, file: usize) -> (Option<Node>, Vec<Problem>) {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        file,
        anchors: Vec::new(),
        nodes: 0,
        problems: Vec::new(),
    };
    let tree = match reader.document() {
        Ok(tree) => tree,
        Err(problem) => {
            reader.problems.push(*problem);
            None
        }
    };
    (tree.filter(|tree| !tree.is_null()), reader.problems)
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    file: usize,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
    problems: Vec<Problem>,
}

type Read<T> = Result<T, Box<Problem>>;

fn problem(marker: Marker, message: impl Into<String>) -> Box<Problem> {
    let mut problem = Problem::error("config.syntax", "", message);
    problem.position = Some(position(marker));
    Box::new(problem)
}

fn position(marker: Marker) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
    }
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Read<(Event<'t>, Marker)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start)),
            Some(Err(error)) => Err(problem(*error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Marker::default())),
        }
    }

    fn document(&mut self) -> Read<Option<Node>> {
        let mut tree = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(tree),
                (Event::DocumentStart(_), marker) if tree.is_some() => {
                    return Err(problem(marker, "a configuration file is one document"));
                }
                (
                    Event::StreamStart
                    | Event::Nothing
                    | Event::DocumentStart(_)
                    | Event::DocumentEnd,
                    _,
                ) => {}
                (event, marker) => tree = Some(self.node(event, marker, marker, 0)?),
            }
        }
    }

    /// The value that starts with `event`; `key` is where its key is.
    fn node(&mut self, event: Event<'t>, at: Marker, key: Marker, depth: usize) -> Read<Node> {
        self.count(1, at)?;
        if depth > MAX_DEPTH {
            return Err(problem(at, "nested too deeply"));
        }
        let mark = Mark {
            file: self.file,
            position: Some(position(key)),
        };
        let (kind, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, mark, at),
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain
                    || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let value = if is_text {
                    Value::String(text.into_owned())
                } else {
                    resolve(&text)
                };
                (Kind::Scalar(value), anchor)
            }
            Event::SequenceStart(anchor, _) => (Kind::List(self.items(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Kind::Map(self.entries(depth)?), anchor),
            _ => return Err(problem(at, "unexpected end")),
        };
        let node = Node { mark, kind };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize) -> Read<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(event, at, at, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Read<IndexMap<String, Node>> {
        let mut entries = IndexMap::new();
        loop {
            let key_at = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), at) => (key.into_owned(), at),
                (_, at) => return Err(problem(at, "a key must be a string")),
            };
            let (key, key_at) = key_at;
            let (event, at) = self.next()?;
            let node = self.node(event, at, key_at, depth + 1)?;
            if entries.contains_key(&key) {
                let message = format!("the key `{key}` is there twice");
                self.problems.push(*problem(key_at, message));
                continue;
            }
            entries.insert(key, node);
        }
    }

    fn alias(&mut self, anchor: usize, mark: Mark, at: Marker) -> Read<Node> {
        let found = self.anchors.iter().rfind(|(id, _)| *id == anchor);
        let Some((_, node)) = found else {
            return Err(problem(at, "an alias must come after its anchor"));
        };
        let node = Node {
            mark,
            kind: node.kind.clone(),
        };
        self.count(size(&node), at)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: Marker) -> Read<()> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(problem(at, "the file has too many values"));
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.values().map(size).sum::<usize>(),
    }
}

/// The value of a plain scalar in YAML's core schema.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = digits.strip_prefix('.').unwrap_or(digits);
    if !starts.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let whole = text.parse::<u64>().map(Number::from);
    let whole = whole.or_else(|_| text.parse::<i64>().map(Number::from));
    whole
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}
