//! Finding the place in the source that an error of an entity is about.
//!
//! Positions are not kept for entities that are fine; for the few that fail, the source is read
//! and parsed once more.

use integrations::{FileLimits, ReadOutcome, ReadRequest, read_files};
use model::{LocationRef, Position, Problem};
use model::{YamlDocuments, YamlLimits};
use serde_json::Value;

use crate::model::Claimed;

use super::{Failure, LOCATION, Pipeline};

/// Adds file, line and column to the problems of a failure that have none.
pub(super) async fn add_places(pipeline: &Pipeline, claimed: &Claimed, failure: &mut Failure) {
    let Some(location) = location_of(claimed) else {
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
        let Some(line) = claimed.line else { continue };
        if text.is_none() {
            text = Some(read(pipeline, &location).await.unwrap_or_default());
        }
        let exact = text
            .as_deref()
            .and_then(|text| find(text, line, &problem.path));
        problem.position = Some(exact.unwrap_or(Position { line, column: 1 }));
    }
}

/// The place a JSON pointer leads to in the document that starts at a line.
fn find(text: &str, line: u32, pointer: &str) -> Option<Position> {
    let mut documents = YamlDocuments::new(text, &YamlLimits::default());
    let document = documents.find(|document| document.start.line == line)?;
    model::locate(text, document.place, pointer)
}

fn location_of(claimed: &Claimed) -> Option<LocationRef> {
    let entity: Value = serde_json::from_str(&claimed.unprocessed).ok()?;
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
