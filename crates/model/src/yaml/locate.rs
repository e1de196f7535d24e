//! Finding the place of a value, for messages.
//!
//! Positions are not kept while loading, because almost all documents are fine. When a message
//! needs one, the document is parsed once more.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, Span};

use super::{DocumentPlace, Position, scalar};
use crate::pointer;

/// Most events looked at.
const MAX_EVENTS: usize = 5_000_000;

/// The place of the value a JSON pointer leads to, or of the nearest value around it.
///
/// For lists and maps that are members, it is the place of their key.
pub fn locate(text: &str, place: DocumentPlace, pointer: &str) -> Option<Position> {
    let chunk = text.get(place.offset..)?;
    let mut search = Search::new(pointer);
    let mut documents_to_skip = place.skip;
    for event in Parser::new_from_str(chunk).take(MAX_EVENTS) {
        let Ok((event, span)) = event else {
            break;
        };
        match event {
            Event::DocumentEnd if documents_to_skip == 0 => break,
            Event::DocumentEnd => documents_to_skip -= 1,
            event if documents_to_skip == 0 => {
                search.event(&event, span);
                if search.is_done {
                    break;
                }
            }
            _ => {}
        }
    }
    let mark = search.found?;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line = place
        .line
        .saturating_add(number(mark.line()))
        .saturating_sub(1);
    Some(Position {
        line,
        column: number(mark.col()).saturating_add(1),
    })
}

/// A list or map around the current event.
struct Frame {
    is_on_path: bool,
    slot: Slot,
}

/// What a list or map expects next.
enum Slot {
    Item(usize),
    Key,
    Value { key: Option<String>, at: Marker },
}

struct Search<'a> {
    tokens: Vec<Cow<'a, str>>,
    /// Frames on the path are always the outermost ones; frame `n` is looked at for token `n`.
    stack: Vec<Frame>,
    /// Open lists and maps inside a key that is one itself.
    key_depth: usize,
    found: Option<Marker>,
    is_done: bool,
}

impl<'a> Search<'a> {
    fn new(pointer: &'a str) -> Self {
        let tokens = pointer::tokens(pointer).collect();
        Self {
            tokens,
            stack: Vec::new(),
            key_depth: 0,
            found: None,
            is_done: false,
        }
    }

    fn event(&mut self, event: &Event<'_>, span: Span) {
        let expects_key = matches!(
            self.stack.last(),
            Some(Frame {
                slot: Slot::Key,
                ..
            })
        );
        if self.key_depth > 0 || expects_key {
            return self.key_event(event, span);
        }
        match event {
            Event::Scalar(text, ..) => {
                // An absent value has no place of its own.
                self.enter(span, text.is_empty());
                self.leave();
            }
            Event::Alias(_) => {
                self.enter(span, false);
                self.leave();
            }
            Event::SequenceStart(..) => self.open(span, Slot::Item(0)),
            Event::MappingStart(..) => self.open(span, Slot::Key),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    /// An event where a map expects a key.
    fn key_event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => self.key_depth += 1,
            // The map itself is over.
            Event::SequenceEnd | Event::MappingEnd if self.key_depth == 0 => return self.close(),
            Event::SequenceEnd | Event::MappingEnd => self.key_depth -= 1,
            _ => {}
        }
        if self.key_depth > 0 {
            return;
        }
        let key = match event {
            Event::Scalar(text, style, _, tag) => {
                Some(scalar::key(scalar::value(text.clone(), *style, tag.as_deref())).0)
            }
            _ => None,
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.slot = Slot::Value {
                key,
                at: span.start,
            };
        }
    }

    /// A value begins; returns whether it is on the path.
    fn enter(&mut self, span: Span, prefers_key: bool) -> bool {
        let (is_on_path, key_mark) = match self.stack.last() {
            None => (true, None),
            Some(frame) => {
                let token = self.tokens.get(self.stack.len() - 1).map(AsRef::as_ref);
                let (matches, mark) = frame.slot.matches(token);
                (frame.is_on_path && matches, mark)
            }
        };
        if is_on_path {
            self.found = Some(key_mark.filter(|_| prefers_key).unwrap_or(span.start));
            self.is_done = self.stack.len() == self.tokens.len();
        }
        is_on_path
    }

    /// The value of the current slot is over.
    fn leave(&mut self) {
        if let Some(frame) = self.stack.last_mut() {
            frame.slot = match frame.slot {
                Slot::Item(index) => Slot::Item(index + 1),
                Slot::Key | Slot::Value { .. } => Slot::Key,
            };
        }
    }

    fn open(&mut self, span: Span, slot: Slot) {
        let is_on_path = self.enter(span, true);
        self.stack.push(Frame { is_on_path, slot });
    }

    fn close(&mut self) {
        // Nothing behind the end of a value on the path can be nearer.
        self.is_done |= self.stack.pop().is_some_and(|frame| frame.is_on_path);
        self.leave();
    }
}

impl Slot {
    /// Whether the pointer token leads to this slot, and where its key is.
    fn matches(&self, token: Option<&str>) -> (bool, Option<Marker>) {
        match self {
            Self::Item(index) => (token.is_some_and(|token| token == index.to_string()), None),
            Self::Key => (false, None),
            Self::Value { key, at } => (key.as_deref() == token && token.is_some(), Some(*at)),
        }
    }
}
