//! Random entities and queries from pools small enough that things coincide.

use index::TextFilter;
use model::{Direction, Filter, OrderField};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::brute::{Entity, SearchRow};

const KINDS: [&str; 4] = ["Component", "API", "component", "User"];
const SCALARS: [&str; 6] = [
    "spec.type",
    "spec.lifecycle",
    "spec.owner",
    "metadata.title",
    "a",
    "a.b",
];
const ARRAYS: [&str; 4] = ["metadata.tags", "spec.dependsOn", "a", "a.b"];
const VALUES: [&str; 16] = [
    "production",
    "PRODUCTION",
    "Production",
    "service",
    "Größe",
    "true",
    "TRUE",
    "",
    "b",
    "b.c",
    "c",
    "go",
    "日本語",
    "group:default/team-a",
    "x\0y",
    "100%_",
];
const NAMES: [&str; 14] = [
    "a",
    "b",
    "c",
    "checkout",
    "checkout-service",
    "Check",
    "pay",
    "payments",
    "z",
    "z1",
    "z10",
    "z2",
    "Ä",
    "team-a",
];
const TERMS: [&str; 16] = [
    "check", "%", "_", "a_", "c%k", "  pay ", " ", "", "PROD", "本", "t%u_", "__%_", "e", "100%",
    "z1", "\u{1}",
];

/// Keys as queries name them, with those that only array items give rise to.
fn key() -> impl Strategy<Value = &'static str> {
    select(vec![
        "kind",
        "metadata.name",
        "metadata.uid",
        "spec.type",
        "spec.lifecycle",
        "spec.owner",
        "metadata.title",
        "metadata.tags",
        "metadata.tags.go",
        "metadata.tags.b.c",
        "spec.dependson",
        "spec.dependson.group:default/team-a",
        "a",
        "a.b",
        "a.b.c",
        "a.true",
        "a.",
        "nope",
        "nope.nope",
        "",
    ])
}

fn value() -> impl Strategy<Value = &'static str> {
    prop_oneof![select(&VALUES[..]), select(&NAMES[..]), select(&KINDS[..])]
}

/// An entity of a small world of row ids and references.
pub(crate) fn entity() -> impl Strategy<Value = Entity> {
    let scalars = vec(
        (
            select(&SCALARS[..]),
            option::weighted(0.9, select(&VALUES[..])),
        ),
        0..6,
    );
    let arrays = vec((select(&ARRAYS[..]), vec(select(&VALUES[..]), 0..4)), 0..3);
    let identity = (0..24_i64, select(&KINDS[..]), select(&NAMES[..]));
    (
        identity,
        scalars,
        arrays,
        any::<bool>(),
        any::<bool>(),
        0..3_u8,
    )
        .prop_map(
            |((id, kind, name), scalars, arrays, is_scattered, has_uid, version)| {
                let uid = format!("0416155{}-d565-4370-a965-c4b537fe7de{}", id % 10, id / 10);
                let mut rows = vec![
                    SearchRow::new("kind", Some(kind)),
                    SearchRow::new("metadata.name", Some(name)),
                ];
                if has_uid {
                    rows.push(SearchRow::new("metadata.uid", Some(&uid)));
                }
                rows.extend(
                    scalars
                        .into_iter()
                        .map(|(key, value)| SearchRow::new(key, value)),
                );
                for (path, items) in arrays {
                    for item in items {
                        rows.push(SearchRow::new(path, Some(item)));
                        rows.push(SearchRow::new(&format!("{path}.{item}"), Some("true")));
                    }
                }
                if is_scattered {
                    rows.sort_by_key(|row| row.key.len() % 3);
                }
                Entity {
                    id,
                    reference: format!("{kind}:default/{name}").to_lowercase(),
                    uid,
                    etag: format!("{version}7b93412c1c6e84394c7a0b1d2e3f4a5b6c7d8e9"),
                    rows: without_repetition(rows),
                }
            },
        )
}

/// Flattening yields each key and lower-case value once.
fn without_repetition(rows: Vec<SearchRow>) -> Vec<SearchRow> {
    let mut seen = std::collections::HashSet::new();
    let is_new = |row: &SearchRow| seen.insert((row.key.clone(), row.value.clone()));
    rows.into_iter().filter(is_new).collect()
}

/// A filter of any form.
pub(crate) fn filter() -> impl Strategy<Value = Filter> {
    let text = || value().prop_map(str::to_lowercase);
    let leaf = prop_oneof![
        key().prop_map(|key| Filter::Exists(key.to_owned())),
        (key(), vec(text(), 0..3)).prop_map(|(key, values)| Filter::In {
            key: key.to_owned(),
            values
        }),
        (key(), text(), 0..3_usize).prop_map(|(key, value, len)| Filter::Prefix {
            key: key.to_owned(),
            prefix: value.chars().take(len).collect(),
        }),
    ];
    leaf.prop_recursive(3, 12, 3, |part| {
        prop_oneof![
            vec(part.clone(), 0..3).prop_map(Filter::All),
            vec(part.clone(), 0..3).prop_map(Filter::Any),
            part.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

/// Order fields; the case of keys does not matter.
pub(crate) fn order() -> impl Strategy<Value = Vec<OrderField>> {
    let direction = prop_oneof![Just(Direction::Asc), Just(Direction::Desc)];
    let field = (key(), direction, any::<bool>()).prop_map(|(key, order, is_upper)| OrderField {
        field: if is_upper {
            key.to_uppercase()
        } else {
            key.to_owned()
        },
        order,
    });
    vec(field, 0..2)
}

/// A text filter, or none.
pub(crate) fn text() -> impl Strategy<Value = Option<TextFilter>> {
    let fields = vec(key().prop_map(str::to_owned), 0..3);
    let filter = (select(&TERMS[..]), option::of(fields)).prop_map(|(term, fields)| TextFilter {
        term: term.to_owned(),
        fields,
    });
    option::weighted(0.4, filter)
}

/// Keys of facets.
pub(crate) fn facets() -> impl Strategy<Value = Vec<&'static str>> {
    vec(key(), 0..4)
}
