//! Lists by offset, as `GET /entities` returns them.

use model::{Direction, Filter, OrderField};

use crate::cursor::After;
use crate::documents::Hit;
use crate::index::Index;
use crate::order::Order;
use crate::set::Set;

/// A request for a list.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// What entities must fulfil.
    pub filter: &'a Filter,
    /// Fields to order by; only the first counts.
    pub order: &'a [OrderField],
    /// Most items to return.
    pub limit: Option<usize>,
    /// Items to leave out.
    pub offset: Option<usize>,
}

/// A list, or a page of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The entities.
    pub items: Vec<Hit>,
    /// Cursor of the rest, if there is a limit and it was reached.
    pub after: Option<After>,
}

impl Index {
    /// A list of entities by offset.
    ///
    /// Without an order entities come by reference. With one, and with a limit or an offset, they
    /// come by its smallest lower-case value, then by ascending reference, and entities without a
    /// value come last; with neither limit nor offset entities without a value are left out and
    /// ties follow the direction of the order.
    pub fn list(&self, request: &ListRequest<'_>) -> ListPage {
        let offset = request.offset.unwrap_or_default();
        let limit = request.limit.unwrap_or(usize::MAX);
        let need = offset.saturating_add(limit).saturating_add(1);
        let set = self.evaluate(self.compile(request.filter));
        let mut slots = match request.order.first() {
            None => self.along_refs(&set, need),
            Some(field) if request.limit.is_none() && request.offset.is_none() => {
                self.with_value(&set, field)
            }
            Some(field) => self.nulls_last(&set, field, need),
        };
        slots.drain(..offset.min(slots.len()));
        let has_more = slots.len() > limit;
        slots.truncate(limit);
        ListPage {
            items: slots.into_iter().map(|slot| self.hit(slot)).collect(),
            after: has_more.then(|| After {
                limit,
                offset: offset + limit,
            }),
        }
    }

    fn along_refs(&self, set: &Set<'_>, need: usize) -> Vec<u32> {
        let order = self.order(None);
        let walk = |order: &Order| -> Vec<u32> {
            order
                .walk(set, order.edge(false), false, need)
                .take(need)
                .collect()
        };
        order.map_or_else(Vec::new, |order| walk(&order))
    }

    fn with_value(&self, set: &Set<'_>, field: &OrderField) -> Vec<u32> {
        let is_desc = field.order == Direction::Desc;
        let order = self.order(Some(&field.field));
        let walk = |order: &Order| -> Vec<u32> {
            order
                .walk(set, order.edge(is_desc), is_desc, usize::MAX)
                .collect()
        };
        order.map_or_else(Vec::new, |order| walk(&order))
    }

    fn nulls_last(&self, set: &Set<'_>, field: &OrderField, need: usize) -> Vec<u32> {
        let Some(order) = self.order(Some(&field.field)) else {
            return self.along_refs(set, need);
        };
        let mut slots = match field.order {
            Direction::Asc => order
                .walk(set, order.edge(false), false, need)
                .take(need)
                .collect(),
            Direction::Desc => self.descending_with_ascending_ties(set, &order, need),
        };
        if slots.len() < need {
            let rest = set
                .iter()
                .filter(|slot| !order.members().contains(*slot))
                .collect();
            slots.extend(self.along_refs(&Set::Few(rest), need - slots.len()));
        }
        slots
    }

    fn descending_with_ascending_ties(
        &self,
        set: &Set<'_>,
        order: &Order,
        need: usize,
    ) -> Vec<u32> {
        let mut slots: Vec<u32> = Vec::new();
        let mut group_start = 0;
        for slot in order.walk(set, order.edge(true), true, usize::MAX) {
            let is_tie = |last: u32| self.same_text(order.value(last), order.value(slot));
            if !slots.last().copied().is_some_and(is_tie) {
                slots[group_start..].reverse();
                group_start = slots.len();
                if group_start >= need {
                    break;
                }
            }
            slots.push(slot);
        }
        slots[group_start..].reverse();
        slots.truncate(need);
        slots
    }
}
