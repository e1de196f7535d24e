//! Final entities with their search rows: what goes into the index.

use index::{Document, Index};
use model::Flattener;
use serde_json::Value;

use crate::store::changes::Stored;

/// A final entity with its search rows.
pub(crate) struct Flat {
    stored: Stored,
    rows: Rows,
}

/// Flattens many.
pub(crate) fn flatten_all(batch: Vec<Stored>) -> Vec<Flat> {
    let mut flattener = Flattener::default();
    batch
        .into_iter()
        .filter_map(|stored| Flat::of(stored, &mut flattener))
        .collect()
}

impl Flat {
    /// Flattens one. A body that is not an entity cannot have been written by us; it is left out and
    /// the self-check reports it.
    pub(crate) fn of(stored: Stored, flattener: &mut Flattener) -> Option<Self> {
        let entity: Value = match serde_json::from_str(&stored.body) {
            Ok(entity) => entity,
            Err(error) => {
                tracing::error!(entity = stored.entity_ref, %error, "stored entity is not JSON");
                return None;
            }
        };
        let rows = match Rows::of(&entity, flattener) {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(
                    entity = stored.entity_ref,
                    error = error.message,
                    "not searchable"
                );
                Rows::default()
            }
        };
        Some(Self { stored, rows })
    }

    /// Puts it into the index.
    pub(crate) fn insert(&self, index: &mut Index) {
        let Self { stored, rows } = self;
        index.upsert(Document {
            id: stored.id,
            entity_ref: &stored.entity_ref,
            uid: &stored.uid,
            etag: &stored.etag,
            body_len: u32::try_from(stored.body.len()).unwrap_or(u32::MAX),
            rows: &rows.borrow(),
        });
    }

    /// The entity without its rows.
    pub(crate) fn into_stored(self) -> Stored {
        self.stored
    }
}

/// Search rows of one entity, copied into one buffer.
#[derive(Default)]
struct Rows {
    text: String,
    spans: Vec<(Span, Option<Span>, Option<Span>)>,
}

type Span = std::ops::Range<usize>;

impl Rows {
    fn of(entity: &Value, flattener: &mut Flattener) -> Result<Self, model::InputError> {
        let mut rows = Self::default();
        flattener.flatten(entity, &mut |row| {
            let key = rows.push(row.key);
            let value = row.value.map(|value| rows.push(value));
            let original = row.original.map(|original| rows.push(original));
            rows.spans.push((key, value, original));
        })?;
        Ok(rows)
    }

    fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn borrow(&self) -> Vec<index::Row<'_>> {
        let text = |span: &Span| &self.text[span.clone()];
        self.spans
            .iter()
            .map(|(key, value, original)| index::Row {
                key: text(key),
                value: value.as_ref().map(text),
                original: original.as_ref().map(text),
            })
            .collect()
    }
}
