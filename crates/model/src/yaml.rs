//! YAML as catalog files use it: several documents, core schema of YAML 1.2, plain JSON values.
//!
//! Texts such as `yes`, `2024-01-02` or `0777` stay what the `yaml` package of Backstage makes of
//! them, merge keys (`<<`) are ordinary keys, duplicate keys are mistakes. Each document is
//! parsed on its own: a mistake in one does not hide the others.
//!
//! Everything is bounded by [`YamlLimits`]; whatever exceeds them is a [`Problem`].

mod loader;
mod locate;
mod scalar;
mod split;
mod write;

use std::ops::ControlFlow;

use serde_json::Value;

use self::loader::ChunkLoader;
pub use self::locate::locate;
use self::split::{Chunk, Chunks};
pub use self::write::to_yaml;
use crate::javascript::type_of;
use crate::problem::{Position, Problem};

/// Bounds on what a YAML text may ask of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlLimits {
    /// Longest text.
    pub max_bytes: usize,
    /// Longest single document.
    pub max_document_bytes: usize,
    /// Most documents of a text.
    pub max_documents: usize,
    /// Deepest nesting of lists and maps.
    pub max_depth: usize,
    /// Largest document after expanding aliases: one per value and one per 64 bytes of text.
    pub max_document_size: usize,
    /// Largest sum of the sizes of all documents.
    pub max_total_size: usize,
    /// Leave out documents that are empty or null.
    pub skip_empty: bool,
}

impl Default for YamlLimits {
    fn default() -> Self {
        Self {
            max_bytes: 128 << 20,
            max_document_bytes: 8 << 20,
            max_documents: 250_000,
            max_depth: 200,
            max_document_size: 500_000,
            max_total_size: 20_000_000,
            skip_empty: true,
        }
    }
}

/// Where a document is in its text; cheap to keep, precise enough to find it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace {
    /// Byte at which the parser has to start.
    offset: usize,
    /// Line of that byte, from one.
    line: u32,
    /// Documents between that byte and this document.
    skip: usize,
}

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct YamlDocument {
    /// Number of the document in its text, from zero; empty documents count.
    pub index: usize,
    /// What the document says; only reliable without problems.
    pub value: Value,
    /// Where its content starts.
    pub start: Position,
    /// For [`locate`].
    pub place: DocumentPlace,
    /// What is wrong with it. A document with problems must not be used.
    pub problems: Vec<Problem>,
}

impl YamlDocument {
    /// The mistake of a document that is no entity at all: anything but an object or null.
    pub fn root_problem(&self) -> Option<Problem> {
        if self.value.is_object() || self.value.is_null() {
            return None;
        }
        let message = format!("Expected object at root, got {}", type_of(&self.value));
        let mut problem = Problem::error("yaml.root", "", message);
        problem.position = Some(self.start);
        Some(problem)
    }
}

/// Reads all documents of a text.
pub fn parse_documents(text: &str, limits: &YamlLimits) -> Vec<YamlDocument> {
    YamlDocuments::new(text, limits).collect()
}

/// Hands over the documents of a text one by one, so that only one is in memory at a time.
pub fn for_each_document(
    text: &str,
    limits: &YamlLimits,
    mut visit: impl FnMut(YamlDocument) -> ControlFlow<()>,
) {
    // Stopping early is no failure.
    _ = YamlDocuments::new(text, limits).try_for_each(&mut visit);
}

/// The documents of a text, parsed while iterating.
#[derive(Debug)]
pub struct YamlDocuments<'a> {
    limits: YamlLimits,
    chunks: Chunks<'a>,
    current: Option<ChunkLoader<'a>>,
    next_index: usize,
    size_left: usize,
    is_done: bool,
}

impl<'a> YamlDocuments<'a> {
    /// The documents of this text.
    pub fn new(text: &'a str, limits: &YamlLimits) -> Self {
        Self {
            limits: limits.clone(),
            chunks: Chunks::new(text),
            current: None,
            next_index: 0,
            size_left: limits.max_total_size,
            is_done: false,
        }
    }

    /// The next document, empty ones included.
    fn next_document(&mut self) -> Option<YamlDocument> {
        if self.is_done {
            return None;
        }
        if self.next_index == 0 && self.chunks.text_len() > self.limits.max_bytes {
            let message = format!("Text is longer than {} bytes", self.limits.max_bytes);
            return Some(self.give_up("yaml.too-long", message));
        }
        loop {
            if let Some(document) = self.next_of_chunk() {
                return Some(self.within_total(document));
            }
            let chunk = self.chunks.next()?;
            if chunk.text.len() > self.limits.max_document_bytes {
                let message = format!(
                    "Document is longer than {} bytes",
                    self.limits.max_document_bytes
                );
                let problem = Problem::error("yaml.too-long", "", message);
                return Some(self.failed(chunk.place(), problem));
            }
            self.current = Some(ChunkLoader::new(chunk));
        }
    }

    fn next_of_chunk(&mut self) -> Option<YamlDocument> {
        let mut document = self.current.as_mut()?.next_document(&self.limits);
        if let Some(document) = &mut document {
            document.index = self.next_index;
            self.next_index += 1;
        } else {
            self.current = None;
        }
        document
    }

    /// Counts a document against the limits of the whole text.
    fn within_total(&mut self, document: YamlDocument) -> YamlDocument {
        let size = self.current.as_ref().map_or(0, ChunkLoader::last_size);
        let size_left = self.size_left.checked_sub(size);
        self.size_left = size_left.unwrap_or_default();
        let (code, message) = if document.index >= self.limits.max_documents {
            let message = format!("More than {} documents", self.limits.max_documents);
            ("yaml.too-many-documents", message)
        } else if size_left.is_none() {
            let message = format!("Documents are larger than {}", self.limits.max_total_size);
            ("yaml.too-large", message)
        } else {
            return document;
        };
        self.next_index = document.index;
        self.give_up(code, message)
    }

    /// Ends with a document that says why.
    fn give_up(&mut self, code: &str, message: String) -> YamlDocument {
        self.is_done = true;
        let place = self
            .current
            .as_ref()
            .map_or_else(|| Chunk::START, ChunkLoader::place);
        self.failed(place, Problem::error(code, "", message))
    }

    fn failed(&mut self, place: DocumentPlace, mut problem: Problem) -> YamlDocument {
        let start = Position {
            line: place.line,
            column: 1,
        };
        problem.position = Some(start);
        let index = self.next_index;
        self.next_index += 1;
        YamlDocument {
            index,
            value: Value::Null,
            start,
            place,
            problems: vec![problem],
        }
    }
}

impl Iterator for YamlDocuments<'_> {
    type Item = YamlDocument;

    fn next(&mut self) -> Option<YamlDocument> {
        loop {
            let document = self.next_document()?;
            let is_empty = document.value.is_null() && document.problems.is_empty();
            if !(self.limits.skip_empty && is_empty) {
                return Some(document);
            }
        }
    }
}

#[cfg(test)]
mod tests;
