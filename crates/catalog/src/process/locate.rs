//! Finding the place in the source that an error of an entity is about.
//!
//! Positions are not kept for entities that are fine; for those that fail, the source is read once
//! more, and of it only their document is parsed. So that a file of thousands of bad entities does
//! not mean thousands of requests to its host, there is a limit; beyond it the line of the document
//! has to do.

use integrations::{FileLimits, ReadOutcome, ReadRequest, read_files};
use model::{LocationRef, Position, Problem};
use model::{YamlDocuments, YamlLimits};
use parking_lot::Mutex;
use platform::Millis;
use serde_json::Value;

use super::{Failure, LOCATION, Pipeline};

/// Sources read in one [`PERIOD`].
const MOST: u32 = 200;
/// Milliseconds after which sources may be read again.
const PERIOD: Millis = 60_000;

/// How many sources were read lately.
#[derive(Debug, Default)]
pub(crate) struct Lookups(Mutex<(Millis, u32)>);

impl Lookups {
    /// Whether one more source may be read.
    fn take(&self, now: Millis) -> bool {
        let mut lately = self.0.lock();
        let (since, n) = &mut *lately;
        if now - *since >= PERIOD {
            (*since, *n) = (now, 0);
        }
        *n = n.saturating_add(1);
        *n <= MOST
    }
}

/// Adds file, line and column to the problems of a failure that have none. The document of the entity
/// begins at `line`.
pub(super) async fn add_places(
    pipeline: &Pipeline,
    unprocessed: &str,
    line: Option<u32>,
    failure: &mut Failure,
) {
    let Some(location) = location_of(unprocessed) else {
        return;
    };
    let mut text = None;
    for error in &mut failure.errors {
        let problem = error.problem.get_or_insert_with(|| {
            Problem::error("catalog.processing", "", error.error.message.clone())
        });
        if problem.file.is_some() {
            continue;
        }
        problem.file = Some(location.target.clone());
        let Some(line) = line else { continue };
        if text.is_none() {
            let may_read = pipeline.lookups.take(pipeline.clock.now());
            let found = if may_read {
                read(pipeline, &location).await
            } else {
                None
            };
            text = Some(found.unwrap_or_default());
        }
        let exact = text
            .as_deref()
            .and_then(|text| find(text, line, &problem.path));
        problem.position = Some(exact.unwrap_or(Position { line, column: 1 }));
    }
}

/// The place a JSON pointer leads to in the document that starts at a line.
fn find(text: &str, line: u32, pointer: &str) -> Option<Position> {
    // Documents do not depend on those before them.
    let above = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = &text[line_start(text, above)?..];
    let document = YamlDocuments::new(text, &YamlLimits::default()).next()?;
    let found = model::locate(text, document.place, pointer)?;
    let line = found.line.checked_add(line)?.checked_sub(1)?;
    Some(Position { line, ..found })
}

/// The byte after so many line breaks.
fn line_start(text: &str, n_breaks: usize) -> Option<usize> {
    match n_breaks.checked_sub(1) {
        None => Some(0),
        Some(last) => text.match_indices('\n').nth(last).map(|(at, _)| at + 1),
    }
}

fn location_of(unprocessed: &str) -> Option<LocationRef> {
    let entity: Value = serde_json::from_str(unprocessed).ok()?;
    let annotation = entity.get("metadata")?.get("annotations")?.get(LOCATION)?;
    LocationRef::parse(annotation.as_str()?).ok()
}

async fn read(pipeline: &Pipeline, location: &LocationRef) -> Option<String> {
    let bytes = if location.location_type == "file" {
        let files = read_files(&location.target, FileLimits::default())
            .await
            .ok()?;
        files.into_iter().next()?.bytes
    } else {
        let url = url::Url::parse(&location.target).ok()?;
        match pipeline.reader.read(&ReadRequest::new(url)).await.ok()? {
            ReadOutcome::Found(file) => file.bytes,
            ReadOutcome::NotModified => return None,
        }
    };
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_whichever_document_it_is() {
        let text =
            "# first\nkind: A\nmetadata:\n  name: a\n---\n\nkind: B\nspec: {type: 1}\n--- {a: 2}\n";
        let cases = [
            (2, "/metadata/name", Some((4, 9))),
            (7, "/kind", Some((7, 7))),
            (7, "/spec/type", Some((8, 14))),
            (9, "/a", Some((9, 9))),
            (70, "/a", None),
        ];
        for (line, pointer, expected) in cases {
            let found = find(text, line, pointer).map(|found| (found.line, found.column));
            assert_eq!(found, expected, "{pointer} of the document in line {line}");
        }
    }

    #[test]
    fn sources_are_read_again_only_so_often() {
        let lookups = Lookups::default();
        let taken = |now: Millis| (0..2 * MOST).filter(|_| lookups.take(now)).count();
        let most = usize::try_from(MOST).unwrap();
        assert_eq!(taken(PERIOD), most);
        assert_eq!(taken(2 * PERIOD - 1), 0);
        assert_eq!(taken(2 * PERIOD), most);
    }
}
