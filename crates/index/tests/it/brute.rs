//! The reference: a map of entities and no cleverness at all.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use index::{Document, FacetValue, Index, ListRequest, Page, PageRequest, Row, TextFilter};
use model::{Direction, Filter, OrderField};

/// One entity as both sides see it.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) id: i64,
    pub(crate) reference: String,
    pub(crate) uid: String,
    pub(crate) etag: String,
    pub(crate) rows: Vec<SearchRow>,
}

/// Key in lower case, the value as spelled and in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchRow {
    pub(crate) key: String,
    pub(crate) original: Option<String>,
    pub(crate) value: Option<String>,
}

impl SearchRow {
    pub(crate) fn new(key: &str, original: Option<&str>) -> Self {
        Self {
            key: key.to_lowercase(),
            original: original.map(str::to_owned),
            value: original.map(str::to_lowercase),
        }
    }
}

/// Position in the results of a query.
type Position = Vec<String>;

/// What a page must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExpectedPage {
    ids: Vec<i64>,
    total: u64,
    next: Option<Position>,
    previous: Option<Position>,
}

impl From<&Page> for ExpectedPage {
    fn from(page: &Page) -> Self {
        Self {
            ids: page.items.iter().map(|hit| hit.id).collect(),
            total: page.total,
            next: page
                .next
                .clone()
                .and_then(|cursor| cursor.order_field_values),
            previous: page
                .previous
                .clone()
                .and_then(|cursor| cursor.order_field_values),
        }
    }
}

/// All entities by row id.
#[derive(Default)]
pub(crate) struct Brute(pub(crate) BTreeMap<i64, Entity>);

impl Brute {
    pub(crate) fn upsert(&mut self, entity: Entity) {
        self.0
            .retain(|_, other| other.reference != entity.reference);
        self.0.insert(entity.id, entity);
    }

    pub(crate) fn count(&self, filter: &Filter) -> u64 {
        self.0
            .values()
            .filter(|entity| holds(entity, filter))
            .count() as u64
    }

    pub(crate) fn page(&self, request: &PageRequest<'_>) -> ExpectedPage {
        let cursor = request.cursor;
        let field = cursor.order_fields.first();
        let order_key = field.map(|field| field.field.as_str());
        let mut found: Vec<(Position, i64)> = self
            .0
            .values()
            .filter(|entity| holds(entity, request.filter))
            .filter(|entity| has_text(entity, cursor.full_text_filter.as_ref(), order_key))
            .filter_map(|entity| Some((position(entity, order_key)?, entity.id)))
            .collect();
        found.sort();
        let total = match cursor.total_items {
            Some(total) => total,
            None if request.with_total => found.len() as u64,
            None => 0,
        };
        let is_descending = field.is_some_and(|field| field.order == Direction::Desc);
        if is_descending != cursor.is_previous {
            found.reverse();
        }
        if let Some(from) = &cursor.order_field_values {
            let beyond = if is_descending == cursor.is_previous {
                Ordering::Greater
            } else {
                Ordering::Less
            };
            found.retain(|(position, _)| position.cmp(from) == beyond);
        } else {
            found.drain(..request.offset.min(found.len()));
        }
        let n_found = found.len();
        found.truncate(request.limit);
        let mut has_more = n_found > request.limit && request.limit > 0;
        if cursor.is_previous {
            found.reverse();
            has_more = !found.is_empty();
        }
        let (first, last) = (found.first(), found.last());
        let start = cursor.first_sort_field_values.as_ref();
        let previous = first.filter(|(first, _)| start.is_some_and(|start| start != first));
        ExpectedPage {
            ids: found.iter().map(|(_, id)| *id).collect(),
            total,
            next: last.filter(|_| has_more).map(|(last, _)| last.clone()),
            previous: previous.map(|(first, _)| first.clone()),
        }
    }

    /// Ids in order, and whether there are more.
    pub(crate) fn list(&self, request: &ListRequest<'_>) -> (Vec<i64>, bool) {
        let field = request.order.first();
        let is_paged = request.limit.is_some() || request.offset.is_some();
        let mut found: Vec<&Entity> = self
            .0
            .values()
            .filter(|entity| holds(entity, request.filter))
            .collect();
        found.sort_by(|a, b| compare_in_list(a, b, field, is_paged));
        if let Some(field) = field.filter(|_| !is_paged) {
            found.retain(|entity| order_value(entity, &field.field).is_some());
        }
        let mut ids: Vec<i64> = found.into_iter().map(|entity| entity.id).collect();
        ids.drain(..request.offset.unwrap_or_default().min(ids.len()));
        let limit = request.limit.unwrap_or(usize::MAX);
        let has_more = ids.len() > limit;
        ids.truncate(limit);
        (ids, has_more)
    }

    pub(crate) fn facets(&self, key: &str, filter: &Filter) -> Vec<FacetValue> {
        let key = key.to_lowercase();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for entity in self.0.values().filter(|entity| holds(entity, filter)) {
            for row in entity.rows.iter().filter(|row| row.key == key) {
                if let Some(original) = &row.original {
                    *counts.entry(original).or_default() += 1;
                }
            }
        }
        let facet = |(value, count): (&str, u64)| FacetValue {
            value: value.to_owned(),
            count,
        };
        counts.into_iter().map(facet).collect()
    }
}

/// Puts an entity into the index.
pub(crate) fn upsert(index: &mut Index, entity: &Entity) {
    let rows: Vec<Row<'_>> = entity
        .rows
        .iter()
        .map(|row| Row {
            key: &row.key,
            value: row.value.as_deref(),
            original: row.original.as_deref(),
        })
        .collect();
    let done = index.upsert(Document {
        id: entity.id,
        entity_ref: &entity.reference,
        uid: &entity.uid,
        etag: &entity.etag,
        body_len: 1,
        rows: &rows,
    });
    assert!(done);
}

/// Whether a filter holds for an entity.
pub(crate) fn holds(entity: &Entity, filter: &Filter) -> bool {
    let any = |key: &str, test: &dyn Fn(&str) -> bool| {
        let rows = entity.rows.iter().filter(|row| row.key == key);
        rows.filter_map(|row| row.value.as_deref()).any(test)
    };
    match filter {
        Filter::All(parts) => parts.iter().all(|part| holds(entity, part)),
        Filter::Any(parts) => parts.iter().any(|part| holds(entity, part)),
        Filter::Not(part) => !holds(entity, part),
        Filter::Exists(key) => entity.rows.iter().any(|row| row.key == *key),
        Filter::In { key, values } => any(key, &|value| values.iter().any(|other| other == value)),
        Filter::Prefix { key, prefix } => any(key, &|value| value.starts_with(prefix)),
    }
}

fn order_value(entity: &Entity, field: &str) -> Option<String> {
    let field = field.to_lowercase();
    entity
        .rows
        .iter()
        .filter(|row| row.key == field)
        .filter_map(|row| row.value.clone())
        .min()
}

fn position(entity: &Entity, order_key: Option<&str>) -> Option<Position> {
    Some(match order_key {
        Some(field) => vec![order_value(entity, field)?, entity.reference.clone()],
        None => vec![entity.reference.clone()],
    })
}

fn compare_in_list(a: &Entity, b: &Entity, field: Option<&OrderField>, is_paged: bool) -> Ordering {
    let ties = a.reference.cmp(&b.reference);
    let Some(field) = field else { return ties };
    let is_desc = field.order == Direction::Desc;
    let ties = if is_desc && !is_paged {
        ties.reverse()
    } else {
        ties
    };
    match (order_value(a, &field.field), order_value(b, &field.field)) {
        (Some(a), Some(b)) if is_desc => b.cmp(&a).then(ties),
        (Some(a), Some(b)) => a.cmp(&b).then(ties),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.reference.cmp(&b.reference),
    }
}

fn has_text(entity: &Entity, text: Option<&TextFilter>, order_key: Option<&str>) -> bool {
    let Some(text) = text.filter(|text| !text.term.trim().is_empty()) else {
        return true;
    };
    let pattern: Vec<char> = format!("%{}%", text.term.trim().to_lowercase())
        .chars()
        .collect();
    let default = vec![order_key.unwrap_or("metadata.uid").to_owned()];
    text.fields
        .as_ref()
        .unwrap_or(&default)
        .iter()
        .any(|field| {
            let rows = entity
                .rows
                .iter()
                .filter(|row| row.key == field.to_lowercase());
            rows.filter_map(|row| row.value.as_deref())
                .any(|value| like(&value.chars().collect::<Vec<_>>(), &pattern))
        })
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|at| like(&text[at..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        [char, rest @ ..] => text.first() == Some(char) && like(&text[1..], rest),
    }
}
