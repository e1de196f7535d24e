//! From parser events to JSON values, without recursion and within limits.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScanError, Span, StrInput};
use serde_json::{Map, Value};

use super::split::Chunk;
use super::{DocumentPlace, YamlDocument, YamlLimits, scalar};
use crate::problem::{Position, Problem};

/// Bytes of text that weigh as much as one value.
const BYTES_PER_UNIT: usize = 64;
/// Most problems told about one document.
const MAX_PROBLEMS: usize = 20;
/// How often an anchored value may be used, counting uses inside of uses.
const MAX_ALIAS_COUNT: usize = 100;

const UNRESOLVED_ALIAS: &str = "Unresolved alias (the anchor must be set before the alias)";

/// Parses the documents of one chunk.
pub(super) struct ChunkLoader<'a> {
    chunk: Chunk<'a>,
    parser: Parser<'a, StrInput<'a>>,
    n_documents: usize,
    last_size: usize,
    is_broken: bool,
}

impl std::fmt::Debug for ChunkLoader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkLoader")
            .field("chunk", &self.chunk)
            .finish_non_exhaustive()
    }
}

/// Why a document cannot be read to its end.
enum Failure {
    Syntax(ScanError),
    Limit {
        code: &'static str,
        message: String,
        mark: Marker,
    },
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

fn limit(code: &'static str, message: impl Into<String>, span: Span) -> Failure {
    Failure::Limit {
        code,
        message: message.into(),
        mark: span.start,
    }
}

impl<'a> ChunkLoader<'a> {
    pub(super) fn new(chunk: Chunk<'a>) -> Self {
        Self {
            parser: Parser::new_from_str(chunk.text),
            chunk,
            n_documents: 0,
            last_size: 0,
            is_broken: false,
        }
    }

    /// Place of the document read last.
    pub(super) fn place(&self) -> DocumentPlace {
        let skip = self.n_documents.saturating_sub(1);
        DocumentPlace {
            skip,
            ..self.chunk.place()
        }
    }

    /// Size of the document read last.
    pub(super) fn last_size(&self) -> usize {
        self.last_size
    }

    /// The next document; a document that cannot be read is the last one of its chunk.
    pub(super) fn next_document(&mut self, limits: &YamlLimits) -> Option<YamlDocument> {
        if self.is_broken {
            return None;
        }
        let mut builder = Builder::new(limits);
        let outcome = self.build(&mut builder);
        if matches!(outcome, Ok(false)) {
            return None;
        }
        self.n_documents += 1;
        self.last_size = builder.size;
        if let Err(failure) = outcome {
            self.is_broken = true;
            builder.value = Value::Null;
            let problem = self.explain(failure);
            builder.problems.insert(0, problem);
        }
        let start = self.position(builder.start.unwrap_or_else(|| Marker::new(0, 1, 0)));
        for problem in &mut builder.problems {
            // Positions inside the builder count from the start of the chunk.
            if let Some(position) = &mut problem.position {
                position.line = self.file_line(position.line);
            }
        }
        Some(YamlDocument {
            index: 0,
            value: builder.value,
            start,
            place: self.place(),
            problems: builder.problems,
        })
    }

    /// Feeds one document into the builder; false at the end of the chunk.
    fn build(&mut self, builder: &mut Builder<'_>) -> Result<bool, Failure> {
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event?;
            match event {
                Event::StreamEnd => return Ok(false),
                Event::DocumentEnd => return Ok(true),
                Event::StreamStart | Event::Nothing => {}
                Event::DocumentStart(_) => builder.start = Some(span.start),
                event => builder.event(event, span)?,
            }
        }
        Ok(false)
    }

    fn position(&self, mark: Marker) -> Position {
        let mut position = chunk_position(mark);
        position.line = self.file_line(position.line);
        position
    }

    /// Line of the text for a line of the chunk.
    fn file_line(&self, line: u32) -> u32 {
        self.chunk.line.saturating_add(line).saturating_sub(1)
    }

    fn explain(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Limit {
                code,
                message,
                mark,
            } => {
                let mut problem = Problem::error(code, "", message);
                problem.position = Some(chunk_position(mark));
                problem
            }
            Failure::Syntax(error) => {
                let (code, message) = match error.info() {
                    "recursion limit exceeded" => ("yaml.too-deep", "Nested too deeply"),
                    info if info.ends_with("unknown anchor") => ("yaml.syntax", UNRESOLVED_ALIAS),
                    info => ("yaml.syntax", info),
                };
                let mut problem = Problem::error(code, "", message);
                problem.position = Some(chunk_position(*error.marker()));
                problem.hint = syntax_hint(self.chunk.text, &error).map(str::to_owned);
                problem
            }
        }
    }
}

/// Position relative to the chunk.
fn chunk_position(mark: Marker) -> Position {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        line: number(mark.line()),
        column: number(mark.col()).saturating_add(1),
    }
}

/// The usual reasons for syntax errors.
fn syntax_hint(text: &str, error: &ScanError) -> Option<&'static str> {
    let line = text
        .lines()
        .nth(error.marker().line().saturating_sub(1))
        .unwrap_or_default();
    if line.trim_start_matches(' ').starts_with('\t') || error.info().contains("tab") {
        return Some("indent with spaces, not with tabs");
    }
    if error.info().contains("unexpected character") {
        return Some("put the value in quotes");
    }
    if error.info().contains("mapping values are not allowed") {
        return Some("put a text that contains a colon in quotes, and check the indentation");
    }
    None
}

/// Builds the value of one document.
struct Builder<'l> {
    limits: &'l YamlLimits,
    value: Value,
    start: Option<Marker>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    size: usize,
    problems: Vec<Problem>,
}

/// A list or map that is not complete yet.
struct Frame {
    content: Content,
    anchor: usize,
    weight: Weight,
}

enum Content {
    List(Vec<Value>),
    Map(MapContent),
}

#[derive(Default)]
struct MapContent {
    members: Map<String, Value>,
    /// The key whose value comes next.
    key: Option<Key>,
    /// Keys that were no texts: `1` and `"1"` become one member but are not duplicates.
    converted: HashSet<String>,
}

struct Key {
    name: String,
    is_converted: bool,
    span: Span,
}

/// What a complete value costs.
#[derive(Clone, Copy, Default)]
struct Weight {
    size: usize,
    /// Highest alias count of anything inside.
    aliases: usize,
}

struct Anchor {
    value: Value,
    weight: Weight,
    count: usize,
}

impl<'l> Builder<'l> {
    fn new(limits: &'l YamlLimits) -> Self {
        Self {
            limits,
            value: Value::Null,
            start: None,
            stack: Vec::new(),
            anchors: HashMap::new(),
            size: 0,
            problems: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Failure> {
        if self.stack.is_empty() && !matches!(event, Event::Scalar(ref text, ..) if text.is_empty())
        {
            self.start = Some(span.start);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let size = 1 + text.len() / BYTES_PER_UNIT;
                self.spend(size, span)?;
                let value = scalar::value(text, style, tag.as_deref());
                self.complete(value, Weight { size, aliases: 1 }, anchor, span)
            }
            Event::SequenceStart(anchor, _) => self.open(Content::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, _) => {
                self.open(Content::Map(MapContent::default()), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn spend(&mut self, size: usize, span: Span) -> Result<(), Failure> {
        self.size = self.size.saturating_add(size);
        if self.size <= self.limits.max_document_size {
            return Ok(());
        }
        let message = format!("Document is larger than {}", self.limits.max_document_size);
        Err(limit("yaml.too-large", message, span))
    }

    fn open(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), Failure> {
        self.spend(1, span)?;
        if self.stack.len() >= self.limits.max_depth {
            let message = format!("Nested deeper than {} levels", self.limits.max_depth);
            return Err(limit("yaml.too-deep", message, span));
        }
        let weight = Weight {
            size: 1,
            aliases: 0,
        };
        self.stack.push(Frame {
            content,
            anchor,
            weight,
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Failure> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let value = match frame.content {
            Content::List(items) => Value::Array(items),
            Content::Map(map) => Value::Object(map.members),
        };
        self.complete(value, frame.weight, frame.anchor, span)
    }

    /// Puts a copy of an anchored value in place.
    fn alias(&mut self, id: usize, span: Span) -> Result<(), Failure> {
        let Some(anchor) = self.anchors.get_mut(&id) else {
            return Err(limit("yaml.alias", UNRESOLVED_ALIAS, span));
        };
        anchor.count += 1;
        let aliases = anchor.count * anchor.weight.aliases;
        if aliases > MAX_ALIAS_COUNT {
            let message = "Excessive alias count indicates a resource exhaustion attack";
            return Err(limit("yaml.alias", message, span));
        }
        let weight = Weight {
            aliases,
            ..anchor.weight
        };
        let size = weight.size;
        if self.size.saturating_add(size) > self.limits.max_document_size {
            return self.spend(size, span);
        }
        let value = anchor.value.clone();
        self.spend(size, span)?;
        self.complete(value, weight, 0, span)
    }

    /// Hands a complete value to its parent.
    fn complete(
        &mut self,
        value: Value,
        weight: Weight,
        anchor: usize,
        span: Span,
    ) -> Result<(), Failure> {
        if anchor != 0 {
            // The copy counts as much as the value.
            self.spend(weight.size, span)?;
            self.anchors.insert(
                anchor,
                Anchor {
                    value: value.clone(),
                    weight,
                    count: 1,
                },
            );
        }
        let Some(parent) = self.stack.last_mut() else {
            self.value = value;
            return Ok(());
        };
        parent.weight.size = parent.weight.size.saturating_add(weight.size);
        parent.weight.aliases = parent.weight.aliases.max(weight.aliases);
        match &mut parent.content {
            Content::List(items) => items.push(value),
            Content::Map(map) => {
                if let Some(duplicate) = map.accept(value, span)
                    && self.problems.len() < MAX_PROBLEMS
                {
                    self.problems.push(duplicate_key(&duplicate));
                }
            }
        }
        Ok(())
    }
}

impl MapContent {
    /// Takes a key or the value of the key before; returns a key that was there already.
    fn accept(&mut self, value: Value, span: Span) -> Option<Key> {
        let Some(key) = self.key.take() else {
            let (name, is_converted) = match value {
                Value::Array(_) | Value::Object(_) => (flow_text(&value), true),
                scalar => scalar::key(scalar),
            };
            self.key = Some(Key {
                name,
                is_converted,
                span,
            });
            return None;
        };
        if let Some(known) = self.members.get_mut(&key.name) {
            *known = value;
            let was_converted = self.converted.contains(&key.name);
            return (was_converted == key.is_converted).then_some(key);
        }
        if key.is_converted {
            self.converted.insert(key.name.clone());
        }
        self.members.insert(key.name, value);
        None
    }
}

fn duplicate_key(key: &Key) -> Problem {
    let mut problem = Problem::error("yaml.duplicate-key", "", "Map keys must be unique")
        .with_hint(format!("remove or rename one of the two `{}`", key.name));
    problem.position = Some(chunk_position(key.span.start));
    problem
}

/// The name of a member whose key is a list or map.
fn flow_text(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => format!("[ {} ]", join(items.iter().map(flow_text).collect())),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{key}: {}", flow_text(value));
            format!("{{ {} }}", join(members.iter().map(member).collect()))
        }
        Value::String(text) => text.clone(),
        scalar => scalar.to_string(),
    }
}
