//! Pages of a query, forwards and backwards from a cursor.
//!
//! A position is a value and an entity reference, found by binary search: pages neither repeat nor
//! skip an entity that stays where it is, whatever comes and goes around it.

use model::{Direction, Filter};

use crate::cursor::{Cursor, TextFilter};
use crate::documents::Hit;
use crate::filter::{Node, all, union};
use crate::index::Index;
use crate::like::Like;
use crate::order::{Order, Texts};
use crate::runs::Position;
use crate::set::Set;
use crate::source::TRUE;
use crate::text::TextColumn;
use crate::values::ValueId;

/// Field that text is searched in when neither the request nor its order names one.
const DEFAULT_TEXT_FIELD: &str = "metadata.uid";

/// A request for a page.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// What entities must fulfil; the caller builds it from the cursor and the permissions.
    pub filter: &'a Filter,
    /// The query: [`Cursor::first`], or what [`Cursor::decode`] gave.
    pub cursor: &'a Cursor,
    /// Items per page; 0 asks for the total only.
    pub limit: usize,
    /// Items to leave out on the first page; of no effect with a cursor from a client.
    pub offset: usize,
    /// Whether to count all results; the total is 0 otherwise, unless the cursor knows it.
    pub with_total: bool,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The entities.
    pub items: Vec<Hit>,
    /// Number of entities on all pages.
    pub total: u64,
    /// Cursor of the following page.
    pub next: Option<Cursor>,
    /// Cursor of the preceding page.
    pub previous: Option<Cursor>,
}

impl Index {
    /// One page of a query.
    ///
    /// Without an order field entities come by reference. With one they come by its smallest
    /// lower-case value, then by reference, all in the direction asked for; entities without such a
    /// value are neither listed nor counted.
    pub fn page(&self, request: &PageRequest<'_>) -> Page {
        let cursor = request.cursor;
        let known_total = cursor.total_items.unwrap_or_default();
        let Some(order) = self.order(cursor.order_field().map(|field| field.field.as_str())) else {
            return Page {
                total: known_total,
                ..Page::default()
            };
        };
        let set = self.select(request);
        let total = match cursor.total_items {
            None if request.with_total && order.members().len() == self.len() => set.len(),
            None if request.with_total => set.intersection_len(order.members()),
            _ => known_total,
        };
        let (slots, has_more) = self.window(request, &order, &set);
        let (next, previous) = self.cursors(cursor, &order, &slots, has_more, total);
        let items = slots.into_iter().map(|slot| self.hit(slot)).collect();
        Page {
            items,
            total,
            next,
            previous,
        }
    }

    /// The entities that pass filter and text filter.
    fn select(&self, request: &PageRequest<'_>) -> Set<'_> {
        let filter = self.compile(request.filter);
        let order_field = request
            .cursor
            .order_field()
            .map(|field| field.field.as_str());
        let text = request.cursor.full_text_filter.as_ref();
        match text.and_then(|text| self.compile_text(text, order_field)) {
            Some(text) => self.evaluate(all(vec![filter, text])),
            None => self.evaluate(filter),
        }
    }

    /// The entities with the text in one of the fields; `None` for blank text.
    fn compile_text(&self, text: &TextFilter, order_field: Option<&str>) -> Option<Node<'_>> {
        let term = text.term.trim();
        if term.is_empty() {
            return None;
        }
        let like = Like::new(&term.to_lowercase());
        let default = [order_field.unwrap_or(DEFAULT_TEXT_FIELD).to_owned()];
        let mut views = Vec::new();
        for field in text.fields.as_deref().unwrap_or(&default) {
            let source = self.source(&field.to_lowercase());
            if let Some(key) = source.key {
                let texts = self.texts.get(key.number(), self.text_limits(), || {
                    TextColumn::build(key, &self.column(key), &self.terms, &self.values)
                });
                let terms = texts.find(&like, &self.terms, &self.values);
                views.extend(terms.into_iter().map(|term| self.view(term)));
            }
            if like.matches(TRUE.as_bytes()) {
                views.extend(source.items.iter().map(|term| self.view(*term)));
            }
        }
        Some(union(views))
    }

    /// The slots of the page in reading order, and whether more follow.
    fn window(&self, request: &PageRequest<'_>, order: &Order, set: &Set<'_>) -> (Vec<u32>, bool) {
        let PageRequest { cursor, limit, .. } = *request;
        if limit == 0 {
            return (Vec::new(), false);
        }
        let is_desc = cursor
            .order_field()
            .is_some_and(|field| field.order == Direction::Desc);
        let is_descending = is_desc != cursor.is_previous;
        let start = self.start(cursor, order, is_descending);
        let skip = if cursor.order_field_values.is_none() {
            request.offset
        } else {
            0
        };
        if cursor.is_previous {
            let mut slots: Vec<u32> = order
                .walk(set, start, is_descending, limit)
                .take(limit)
                .collect();
            slots.reverse();
            let has_more = !slots.is_empty();
            return (slots, has_more);
        }
        let need = limit.saturating_add(1);
        let walk = order.walk(set, start, is_descending, need.saturating_add(skip));
        let mut slots: Vec<u32> = walk.skip(skip).take(need).collect();
        let has_more = slots.len() > limit;
        slots.truncate(limit);
        (slots, has_more)
    }

    /// Where reading starts: beyond the position of the cursor, or at the edge.
    fn start(&self, cursor: &Cursor, order: &Order, is_descending: bool) -> Position {
        let refs = |slot| self.documents.entity_ref(slot);
        let texts = Texts {
            values: &self.values,
            refs: &refs,
        };
        let (before, after) = match cursor.order_field_values.as_deref() {
            Some([value, entity_ref]) => order.around(value, entity_ref, texts),
            Some([entity_ref]) => order.around(entity_ref, entity_ref, texts),
            _ => return order.edge(is_descending),
        };
        if is_descending { before } else { after }
    }

    /// Going back ends where the first page began.
    fn cursors(
        &self,
        cursor: &Cursor,
        order: &Order,
        slots: &[u32],
        has_more: bool,
        total: u64,
    ) -> (Option<Cursor>, Option<Cursor>) {
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
            return (None, None);
        };
        let position = |slot: u32| self.position(cursor, order.value(slot), slot);
        let start = cursor.first_sort_field_values.clone();
        let has_previous = start
            .as_ref()
            .is_some_and(|start| *start != position(*first));
        let turned = |slot: u32, is_previous: bool| {
            let mut turned = cursor.clone();
            turned.is_previous = is_previous;
            turned.order_field_values = Some(position(slot));
            turned.first_sort_field_values = start.clone().or_else(|| Some(position(*first)));
            turned.total_items = Some(total);
            turned
        };
        (
            has_more.then(|| turned(*last, false)),
            has_previous.then(|| turned(*first, true)),
        )
    }

    fn position(&self, cursor: &Cursor, value: ValueId, slot: u32) -> Vec<String> {
        let entity_ref = self.values.text(self.documents.entity_ref(slot)).to_owned();
        match cursor.order_field() {
            Some(_) => vec![self.values.text(value).to_owned(), entity_ref],
            None => vec![entity_ref],
        }
    }
}
