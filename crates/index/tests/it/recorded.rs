//! Answers of a running Backstage, as recorded: its catalog in miniature, and what it said.

use index::{Cursor, Index, ListRequest, PageRequest, TextFilter};
use model::{Direction, Filter, OrderField};

use crate::brute::{Entity, SearchRow, upsert};

/// Kind, name, spec type, title, lifecycle, tags.
type Line = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const CATALOG: [Line; 9] = [
    ("Component", "cycle-b", "service", "", "production", ""),
    (
        "Component",
        "checkout-service",
        "service",
        "Checkout Service",
        "PRODUCTION",
        "java core",
    ),
    (
        "Component",
        "Mixed.Case_Name-1",
        "Service",
        "",
        "production",
        "",
    ),
    (
        "Component",
        "docs-demo",
        "documentation",
        "Docs demo",
        "experimental",
        "",
    ),
    (
        "Component",
        "unicode-entity",
        "service",
        "Größenwahn ☕ 日本語",
        "production",
        "c# c++",
    ),
    ("Component", "cycle-a", "service", "", "production", ""),
    ("System", "checkout", "", "", "", "core"),
    ("System", "payments", "", "", "", ""),
    ("Component", "pay-worker", "service", "", "production", ""),
];

fn recorded_catalog() -> Index {
    let mut index = Index::new();
    for (id, (kind, name, spec_type, title, lifecycle, tags)) in (1..).zip(CATALOG) {
        let scalars = [
            ("kind", kind),
            ("metadata.name", name),
            ("spec.type", spec_type),
            ("metadata.title", title),
            ("spec.lifecycle", lifecycle),
        ];
        let scalars = scalars.into_iter().filter(|(_, value)| !value.is_empty());
        let mut rows: Vec<_> = scalars
            .map(|(key, value)| SearchRow::new(key, Some(value)))
            .collect();
        for tag in tags.split_whitespace() {
            rows.push(SearchRow::new("metadata.tags", Some(tag)));
            rows.push(SearchRow::new(
                &format!("metadata.tags.{tag}"),
                Some("true"),
            ));
        }
        let uid = format!("0000000{id}-d565-4370-a965-c4b537fe7de8");
        rows.push(SearchRow::new("metadata.uid", Some(&uid)));
        rows.push(SearchRow::new("spec.custom.nested.none", None));
        let entity = Entity {
            id,
            reference: format!("{kind}:default/{name}").to_lowercase(),
            uid,
            etag: id.to_string(),
            rows,
        };
        upsert(&mut index, &entity);
    }
    index
}

fn name(index: &Index, slot: u32) -> &str {
    index.meta(slot).entity_ref.split_once('/').unwrap().1
}

fn order(field: &str, order: Direction) -> Vec<OrderField> {
    vec![OrderField {
        field: field.to_owned(),
        order,
    }]
}

fn component() -> Filter {
    Filter::equals("KIND", "CoMpOnEnT")
}

/// Names on the page and the total.
fn page(filter: &Filter, cursor: &Cursor, limit: usize) -> (Vec<String>, u64) {
    let index = recorded_catalog();
    let request = PageRequest {
        filter,
        cursor,
        limit,
        offset: 0,
        with_total: true,
    };
    let page = index.page(&request);
    let names = page
        .items
        .iter()
        .map(|hit| name(&index, hit.slot).to_owned());
    (names.collect(), page.total)
}

#[test]
fn pages_turn_forwards_and_back() {
    let index = recorded_catalog();
    let filter = component();
    let turn = |cursor: &Cursor| {
        let request = PageRequest {
            filter: &filter,
            cursor,
            limit: 3,
            offset: 0,
            with_total: true,
        };
        let page = index.page(&request);
        let names = page
            .items
            .iter()
            .map(|hit| name(&index, hit.slot))
            .collect::<Vec<_>>();
        (names.join(" "), page.total, page.next, page.previous)
    };
    let first = Cursor::first(order("metadata.name", Direction::Asc), None);
    let (names, total, next, previous) = turn(&first);
    assert_eq!(
        (names.as_str(), total),
        ("checkout-service cycle-a cycle-b", 7)
    );
    assert_eq!(previous, None);
    let next = next.unwrap();
    assert_eq!(next.order_field_values.as_ref().unwrap()[0], "cycle-b");
    assert_eq!(
        next.first_sort_field_values.as_ref().unwrap()[0],
        "checkout-service"
    );
    assert_eq!(next.total_items, Some(7));
    let (names, _, next, previous) = turn(&Cursor::decode(&next.encode()).unwrap());
    assert_eq!(names, "docs-demo mixed.case_name-1 pay-worker");
    assert_eq!(turn(&next.unwrap()).0, "unicode-entity");
    let previous = previous.unwrap();
    assert!(previous.is_previous);
    assert_eq!(
        previous.order_field_values.as_ref().unwrap()[0],
        "docs-demo"
    );
    let (names, total, next, previous) = turn(&previous);
    assert_eq!(
        (names.as_str(), total),
        ("checkout-service cycle-a cycle-b", 7)
    );
    assert!(next.is_some() && previous.is_none());
}

#[test]
fn ordering_by_a_field_leaves_out_entities_without_it() {
    let by = |field| Cursor::first(order(field, Direction::Asc), None);
    let titled = ["checkout-service", "docs-demo", "unicode-entity"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(page(&component(), &by("metadata.title"), 50), (titled, 3));
    assert_eq!(page(&component(), &by("spec.nope"), 50), (vec![], 0));
    assert_eq!(
        page(&component(), &by("spec.custom.nested.none"), 50),
        (vec![], 0)
    );
}

#[test]
fn a_limit_of_zero_only_counts() {
    assert_eq!(
        page(&Filter::everything(), &Cursor::default(), 0),
        (vec![], 9)
    );
}

#[test]
fn text_is_searched_in_the_fields_asked_for() {
    let check = |term: &str, fields: Option<&[&str]>, expected: &[&str]| {
        let fields = fields.map(|fields| fields.iter().map(|field| (*field).to_owned()).collect());
        let text = TextFilter {
            term: term.to_owned(),
            fields,
        };
        let (names, _) = page(
            &Filter::everything(),
            &Cursor::first(vec![], Some(text)),
            50,
        );
        assert_eq!(names, expected, "{term}");
    };
    check(
        "check",
        Some(&["metadata.name", "metadata.title"]),
        &["checkout-service", "checkout"],
    );
    check("日本", Some(&["metadata.title"]), &["unicode-entity"]);
    check("pay", Some(&["metadata.name"]), &["pay-worker", "payments"]);
    check("checkout", None, &[]);
    check("00000003-d5", None, &["mixed.case_name-1"]);
    check("check", Some(&[]), &[]);
    let every = &[
        "checkout-service",
        "cycle-a",
        "cycle-b",
        "docs-demo",
        "mixed.case_name-1",
    ];
    let every = [
        &every[..],
        &["pay-worker", "unicode-entity", "checkout", "payments"],
    ]
    .concat();
    check("%", Some(&["metadata.name"]), &every);
    check("  ", Some(&["metadata.name"]), &every);
}

#[test]
fn values_are_matched_in_any_case_and_null_only_by_existence() {
    let index = recorded_catalog();
    let count = |key: &str, value: &str| index.count(&Filter::equals(key, value));
    assert_eq!(count("spec.lifecycle", "Production"), 6);
    assert_eq!(count("metadata.tags.JAVA", "true"), 1);
    assert_eq!(count("metadata.tags", "core"), 2);
    assert_eq!(count("spec.custom.nested.none", ""), 0);
    assert_eq!(index.count(&Filter::exists("spec.custom.nested.none")), 9);
    assert_eq!(index.by_ref("Component:default/cycle-a"), None);
    assert_eq!(index.by_ref("component:default/cycle-a").unwrap().id, 6);
}

#[test]
fn facets_count_spellings_apart_upper_case_first() {
    let index = recorded_catalog();
    let facets = |key: &str, filter: &Filter| -> Vec<(String, u64)> {
        let found = index.facets(&[key], filter).remove(0);
        found
            .into_iter()
            .map(|facet| (facet.value, facet.count))
            .collect()
    };
    let expect = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs
            .iter()
            .map(|(value, count)| ((*value).to_owned(), *count))
            .collect()
    };
    assert_eq!(
        facets("spec.lifecycle", &component()),
        expect(&[("PRODUCTION", 1), ("experimental", 1), ("production", 5)])
    );
    assert_eq!(
        facets("spec.Type", &component()),
        expect(&[("Service", 1), ("documentation", 1), ("service", 5)])
    );
    let tags = expect(&[("c#", 1), ("c++", 1), ("core", 2), ("java", 1)]);
    assert_eq!(facets("metadata.tags", &Filter::everything()), tags);
    assert_eq!(facets("nope.nope", &Filter::everything()), expect(&[]));
}

#[test]
fn lists_put_entities_without_a_value_last_when_paged_and_drop_them_otherwise() {
    let index = recorded_catalog();
    let list = |field: &str, direction, limit: Option<usize>, offset| {
        let order = order(field, direction);
        let filter = Filter::Any(vec![
            Filter::equals("kind", "system"),
            Filter::exists("metadata.title"),
        ]);
        let page = index.list(&ListRequest {
            filter: &filter,
            order: &order,
            limit,
            offset,
        });
        let names: Vec<_> = page
            .items
            .iter()
            .map(|hit| name(&index, hit.slot))
            .collect();
        (
            names.join(" "),
            page.after.map(|after| (after.limit, after.offset)),
        )
    };
    let titled = "unicode-entity docs-demo checkout-service";
    assert_eq!(
        list("metadata.title", Direction::Desc, None, None),
        (titled.to_owned(), None)
    );
    let all = format!("{titled} checkout payments");
    assert_eq!(
        list("metadata.title", Direction::Desc, Some(9), None),
        (all, None)
    );
    assert_eq!(
        list("metadata.title", Direction::Desc, Some(2), Some(2)),
        ("checkout-service checkout".to_owned(), Some((2, 4)))
    );
    assert_eq!(
        list("spec.nope", Direction::Asc, Some(1), None).0,
        "checkout-service"
    );
    assert_eq!(list("spec.nope", Direction::Asc, None, None).0, "");
}
