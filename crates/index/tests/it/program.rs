//! Random programs of changes and queries.
//!
//! `INDEX_CASES` sets how many programs are tried; the default suits continuous integration.

use index::{Cursor, Index, ListRequest, PageRequest, TextFilter};
use model::{Filter, OrderField};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::brute::{Brute, Entity, ExpectedPage, holds, upsert};
use crate::sample;

const DEFAULT_CASES: u32 = 2_000;

#[derive(Clone, Debug)]
enum Step {
    Upsert(Entity),
    Remove(i64),
    Count(Filter),
    Facets(Vec<&'static str>, Filter),
    List {
        filter: Filter,
        order: Vec<OrderField>,
        limit: Option<usize>,
        offset: Option<usize>,
    },
    First {
        query: Query,
        limit: usize,
        offset: usize,
        with_total: bool,
    },
    Turn {
        is_back: bool,
        limit: usize,
    },
}

#[derive(Clone, Debug)]
struct Query {
    filter: Filter,
    order: Vec<OrderField>,
    text: Option<TextFilter>,
}

fn query() -> impl Strategy<Value = Query> {
    (sample::filter(), sample::order(), sample::text()).prop_map(|(filter, order, text)| Query {
        filter,
        order,
        text,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let everything = || Just(Filter::everything());
    let filter = || prop_oneof![sample::filter(), everything()];
    prop_oneof![
        8 => sample::entity().prop_map(Step::Upsert),
        2 => (0..24_i64).prop_map(Step::Remove),
        2 => sample::filter().prop_map(Step::Count),
        2 => (sample::facets(), filter()).prop_map(|(keys, filter)| Step::Facets(keys, filter)),
        2 => (filter(), sample::order(), option::of(0..6_usize), option::of(0..6_usize)).prop_map(
            |(filter, order, limit, offset)| Step::List { filter, order, limit, offset }
        ),
        3 => (query(), any::<bool>(), 0..6_usize, 0..4_usize, any::<bool>()).prop_map(
            |(mut query, is_wide, limit, offset, with_total)| {
                if is_wide {
                    query.filter = Filter::everything();
                }
                Step::First { query, limit, offset, with_total }
            }
        ),
        4 => (any::<bool>(), 1..5_usize).prop_map(|(is_back, limit)| Step::Turn { is_back, limit }),
    ]
}

/// Both sides, and the cursors of the last page.
#[derive(Default)]
struct World {
    index: Index,
    brute: Brute,
    filter: Option<Filter>,
    next: Option<Cursor>,
    previous: Option<Cursor>,
}

impl World {
    fn run(&mut self, step: Step) {
        match step {
            Step::Upsert(entity) => {
                upsert(&mut self.index, &entity);
                self.brute.upsert(entity);
            }
            Step::Remove(id) => {
                assert_eq!(self.index.remove(id), self.brute.0.remove(&id).is_some());
            }
            Step::Count(filter) => self.check_count(&filter),
            Step::Facets(keys, filter) => {
                let expected: Vec<_> = keys
                    .iter()
                    .map(|key| self.brute.facets(key, &filter))
                    .collect();
                assert_eq!(self.index.facets(&keys, &filter), expected);
            }
            Step::List {
                filter,
                order,
                limit,
                offset,
            } => {
                let request = ListRequest {
                    filter: &filter,
                    order: &order,
                    limit,
                    offset,
                };
                self.check_list(&request);
            }
            Step::First {
                query,
                limit,
                offset,
                with_total,
            } => {
                let cursor = Cursor::first(query.order, query.text);
                self.turn(&cursor, query.filter, limit, offset, with_total);
            }
            Step::Turn { is_back, limit } => {
                let cursor = if is_back {
                    self.previous.take()
                } else {
                    self.next.take()
                };
                if let (Some(cursor), Some(filter)) = (cursor, self.filter.clone()) {
                    let cursor = Cursor::decode(&cursor.encode()).unwrap();
                    self.turn(&cursor, filter, limit, 3, true);
                }
            }
        }
    }

    fn check_entities(&self) {
        assert_eq!(self.index.len(), self.brute.0.len() as u64);
        let mut fresh = Index::new();
        for entity in self.brute.0.values() {
            let by_ref = self.index.by_ref(&entity.reference).unwrap();
            assert_eq!(by_ref.id, entity.id);
            assert_eq!(self.index.by_id(entity.id), Some(by_ref));
            let meta = self.index.meta(by_ref.slot);
            assert_eq!(
                (meta.entity_ref, meta.uid),
                (&*entity.reference, &*entity.uid)
            );
            assert_eq!(meta.etag.as_str(), entity.etag);
            assert_eq!(self.index.by_uid(&entity.uid), Some(by_ref));
            upsert(&mut fresh, entity);
        }
        assert_eq!(self.index.bucket_digests(), fresh.bucket_digests());
        // Nothing of what is gone is kept.
        assert_eq!(self.index.cardinalities(), fresh.cardinalities());
    }

    fn check_count(&self, filter: &Filter) {
        assert_eq!(self.index.count(filter), self.brute.count(filter));
        let matcher = self.index.matcher(filter);
        for entity in self.brute.0.values() {
            let slot = self.index.by_ref(&entity.reference).unwrap().slot;
            assert_eq!(matcher.matches(slot), holds(entity, filter));
        }
    }

    fn check_list(&self, request: &ListRequest<'_>) {
        let page = self.index.list(request);
        let ids: Vec<i64> = page.items.iter().map(|hit| hit.id).collect();
        assert_eq!((ids, page.after.is_some()), self.brute.list(request));
    }

    fn turn(
        &mut self,
        cursor: &Cursor,
        filter: Filter,
        limit: usize,
        offset: usize,
        with_total: bool,
    ) {
        let request = PageRequest {
            filter: &filter,
            cursor,
            limit,
            offset,
            with_total,
        };
        let page = self.index.page(&request);
        assert_eq!(
            ExpectedPage::from(&page),
            self.brute.page(&request),
            "{request:?}"
        );
        (self.next, self.previous) = (page.next, page.previous);
        self.filter = Some(filter);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to test is not configuration"
)]
fn cases() -> u32 {
    let asked = std::env::var("INDEX_CASES").ok();
    asked
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(DEFAULT_CASES)
}

#[test]
fn random_programs_give_the_answers_of_the_reference() {
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..60), |steps| {
        let mut world = World::default();
        for step in steps {
            world.run(step);
        }
        world.check_entities();
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
