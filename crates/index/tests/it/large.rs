//! Sets, orders and facets at sizes where the index changes its ways: bitmaps instead of lists,
//! walking an order instead of sorting hits, counting terms instead of entities.

use index::{Cursor, Index, ListRequest, PageRequest, TextFilter};
use model::{Direction, Filter, OrderField};

use crate::brute::{Brute, Entity, ExpectedPage, SearchRow, upsert};

const N_ENTITIES: u64 = 4_800;

/// A repeatable stream of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % n
    }

    fn index(&mut self, n: u64) -> usize {
        usize::try_from(self.below(n)).unwrap()
    }
}

fn entity(id: u64, numbers: &mut Numbers) -> Entity {
    let kind = ["Component", "Component", "Component", "API"][numbers.index(4)];
    let name = format!(
        "{}-{id}",
        ["amber", "Brisk", "calm", "deep"][numbers.index(4)]
    );
    let mut rows = vec![
        SearchRow::new("kind", Some(kind)),
        SearchRow::new("metadata.name", Some(&name)),
        SearchRow::new(
            "spec.owner",
            Some(&format!("group:default/team-{}", numbers.below(300))),
        ),
    ];
    if numbers.below(5) > 0 {
        let lifecycle = ["production", "Production", "experimental"][numbers.index(3)];
        rows.push(SearchRow::new("spec.lifecycle", Some(lifecycle)));
    }
    for _ in 0..numbers.below(4) {
        let tag = ["go", "java", "rust", "tier1", "true"][numbers.index(5)];
        if !rows.iter().any(|row| row.original.as_deref() == Some(tag)) {
            rows.push(SearchRow::new("metadata.tags", Some(tag)));
            rows.push(SearchRow::new(
                &format!("metadata.tags.{tag}"),
                Some("true"),
            ));
        }
    }
    Entity {
        id: id.cast_signed(),
        reference: format!("{kind}:default/{name}").to_lowercase(),
        uid: format!("{id:032}"),
        etag: numbers.below(1_000_000).to_string(),
        rows,
    }
}

fn filters() -> Vec<Filter> {
    let component = || Filter::equals("kind", "component");
    vec![
        Filter::everything(),
        component(),
        component().and(Filter::equals("spec.lifecycle", "production")),
        component().and(Filter::Not(Box::new(Filter::equals(
            "metadata.tags.go",
            "true",
        )))),
        Filter::Not(Box::new(component())),
        Filter::equals("spec.owner", "group:default/team-7"),
        Filter::Prefix {
            key: "spec.owner".to_owned(),
            prefix: "group:default/team-1".to_owned(),
        },
        Filter::Prefix {
            key: "metadata.name".to_owned(),
            prefix: "b".to_owned(),
        }
        .and(component()),
        Filter::Any(vec![
            Filter::equals("metadata.tags", "rust"),
            Filter::exists("spec.lifecycle"),
        ]),
        Filter::exists("metadata.tags.tier1"),
    ]
}

fn check_queries(index: &Index, brute: &Brute, numbers: &mut Numbers) {
    let texts = [None, Some("amber"), Some("a%-1_"), Some("%")];
    let fields = [
        None,
        Some("metadata.name"),
        Some("spec.lifecycle"),
        Some("metadata.tags"),
    ];
    for filter in filters() {
        assert_eq!(index.count(&filter), brute.count(&filter));
        let keys = [
            "kind",
            "spec.owner",
            "spec.lifecycle",
            "metadata.tags",
            "metadata.tags.go",
        ];
        let expected: Vec<_> = keys.iter().map(|key| brute.facets(key, &filter)).collect();
        assert_eq!(index.facets(&keys, &filter), expected, "{filter:?}");
        for field in fields {
            let direction = [Direction::Asc, Direction::Desc][numbers.index(2)];
            let order = field.map(|field| OrderField {
                field: field.to_owned(),
                order: direction,
            });
            let order: Vec<_> = order.into_iter().collect();
            check_list(index, brute, &filter, &order, numbers);
            let text = texts[numbers.index(4)].map(|term| TextFilter {
                term: term.to_owned(),
                fields: Some(vec!["metadata.name".to_owned()]),
            });
            check_pages(index, brute, &filter, Cursor::first(order, text), numbers);
        }
    }
}

fn check_list(
    index: &Index,
    brute: &Brute,
    filter: &Filter,
    order: &[OrderField],
    numbers: &mut Numbers,
) {
    let offset = numbers.index(3_000);
    for (limit, offset) in [(None, None), (Some(20), Some(offset)), (None, Some(offset))] {
        let request = ListRequest {
            filter,
            order,
            limit,
            offset,
        };
        let page = index.list(&request);
        let ids: Vec<i64> = page.items.iter().map(|hit| hit.id).collect();
        assert_eq!(
            (ids, page.after.is_some()),
            brute.list(&request),
            "{request:?}"
        );
    }
}

fn check_pages(
    index: &Index,
    brute: &Brute,
    filter: &Filter,
    first: Cursor,
    numbers: &mut Numbers,
) {
    let mut cursor = Some(first);
    for _ in 0..4 {
        let Some(current) = cursor.take() else { return };
        let (limit, offset) = (1 + numbers.index(900), numbers.index(500));
        let request = PageRequest {
            filter,
            cursor: &current,
            limit,
            offset,
            with_total: true,
        };
        let page = index.page(&request);
        assert_eq!(
            ExpectedPage::from(&page),
            brute.page(&request),
            "{request:?}"
        );
        cursor = if numbers.below(3) == 0 {
            page.previous
        } else {
            page.next
        };
    }
}

#[test]
fn thousands_of_entities_are_found_as_by_the_reference() {
    let mut numbers = Numbers(1);
    let (mut index, mut brute) = (Index::new(), Brute::default());
    for id in 0..N_ENTITIES {
        let entity = entity(id, &mut numbers);
        upsert(&mut index, &entity);
        brute.upsert(entity);
    }
    check_queries(&index, &brute, &mut numbers);
    for _ in 0..2_000 {
        let id = numbers.below(N_ENTITIES);
        if numbers.below(4) == 0 {
            index.remove(id.cast_signed());
            brute.0.remove(&id.cast_signed());
        } else {
            let entity = entity(id, &mut numbers);
            upsert(&mut index, &entity);
            brute.upsert(entity);
        }
    }
    check_queries(&index, &brute, &mut numbers);
}

#[test]
fn memory_follows_the_live_set_through_churn() {
    let mut numbers = Numbers(2);
    let mut index = Index::new();
    let mut settled = 0;
    for round in 0..40_u64 {
        for id in 0..1_000 {
            let mut entity = entity(id, &mut numbers);
            let text = format!("Description {} of round {round}", numbers.below(u64::MAX));
            entity
                .rows
                .push(SearchRow::new("metadata.description", Some(&text)));
            entity.rows.push(SearchRow::new(
                &format!("spec.key{}", numbers.below(1 << 40)),
                None,
            ));
            upsert(&mut index, &entity);
        }
        index.warm(&["metadata.name", "metadata.description"]);
        index.facets(&["metadata.description"], &Filter::everything());
        if round == 4 {
            settled = index.memory().total();
        }
    }
    let grown = index.memory().total();
    assert!(grown <= settled * 5 / 4, "{grown} bytes after {settled}");
    for id in 0..1_000 {
        assert!(index.remove(id));
    }
    assert!(index.is_empty());
    assert_eq!(index.cardinalities(), [1, 0, 0]);
}
