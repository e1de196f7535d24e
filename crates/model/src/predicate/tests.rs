use proptest::prelude::*;

use super::*;
use crate::flatten::flatten;
use crate::testing::json_values;

#[test]
fn predicates_round_trip_through_json() {
    for query in [
        json!({}),
        json!({"kind": "Component", "spec.n": 5, "spec.b": true}),
        json!({"$all": [{"a": {"$in": ["x", 1, false]}}, {"$any": []}, {"$not": {"b": {"$exists": false}}}]}),
        json!({"relations": {"$contains": {"type": "ownedBy", "targetRef": {"$in": ["a"]}}}}),
        json!({"metadata.tags": {"$contains": "core"}, "metadata.name": {"$hasPrefix": "check"}}),
        json!({"$not": "kind-less primitives are fine below the root"}),
        json!({"": "empty key"}),
    ] {
        let predicate = Predicate::parse(&query).unwrap();
        assert_eq!(predicate.to_json(), query);
        assert_eq!(Predicate::parse(&predicate.to_json()).unwrap(), predicate);
    }
}

#[test]
fn the_first_fitting_operator_wins_and_the_rest_is_dropped() {
    for (value, expected) in [
        (
            json!({"$in": ["a"], "$exists": true, "x": 1}),
            json!({"$exists": true}),
        ),
        (
            json!({"$exists": "no", "$in": ["a"]}),
            json!({"$in": ["a"]}),
        ),
        (
            json!({"$contains": null, "$hasPrefix": "p"}),
            json!({"$hasPrefix": "p"}),
        ),
    ] {
        let predicate = Predicate::parse(&json!({"k": value})).unwrap();
        assert_eq!(predicate.to_json(), json!({"k": expected}));
    }
}

#[test]
fn primitives_are_no_queries() {
    for query in [json!("x"), json!(1), json!(true)] {
        assert_eq!(
            Predicate::parse(&query).unwrap_err().message,
            "Query must be an object"
        );
    }
}

#[test]
fn deep_and_large_queries_are_refused() {
    let nested = |levels| (0..levels).fold(json!({"a": 1}), |inner, _| json!({"$not": inner}));
    Predicate::parse(&nested(MAX_DEPTH - 1)).unwrap();
    let too_deep = Predicate::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert!(
        too_deep
            .message
            .starts_with("Invalid query: Validation error: Query is too large")
    );
    Predicate::parse(&json!({"a": {"$in": vec!["x"; MAX_NODES]}})).unwrap_err();
    Predicate::parse(&json!({"$any": vec![json!({"a": 1}); MAX_NODES]})).unwrap_err();
}

/// Entities of texts and nulls: there, rows and memory see the same.
fn text_entities() -> impl Strategy<Value = Value> {
    let texts = || prop::option::of("[abAB]{0,2}");
    (
        texts(),
        texts(),
        prop::collection::vec("[abAB]{1,2}", 0..3),
        any::<u8>(),
    )
        .prop_map(|(kind, owner, tags, present)| {
            let mut entity = json!({
                "kind": kind,
                "spec": {"owner": owner, "tags": tags},
                "metadata": {"name": "n", "uid": "u", "namespace": "x"},
            });
            if present % 2 == 0 {
                entity["relations"] = json!([{"type": "ownedBy", "targetRef": "group:x/a"}]);
            }
            if present % 3 == 0 {
                entity["spec"] = json!({"a.b": "ab"});
            }
            entity
        })
}

fn text_predicates() -> impl Strategy<Value = Predicate> {
    let text = || "[abAB]{0,2}".prop_map(Primitive::String);
    let scalar = prop_oneof![
        text().prop_map(Matcher::Equals),
        prop::collection::vec(text(), 0..3).prop_map(Matcher::In),
        any::<bool>().prop_map(Matcher::Exists),
        "[abAB]{0,2}".prop_map(Matcher::HasPrefix),
    ];
    let fields = prop_oneof![
        ("kind|spec.owner|spec.nope|metadata.name|spec.a.b", scalar),
        (
            "spec.tags".prop_map(String::from),
            text().prop_map(|text| { Matcher::Contains(Box::new(Predicate::Value(text))) })
        ),
        (
            "relations".prop_map(String::from),
            "ownedBy|partOf".prop_map(|name: String| {
                let relation = vec![("type".to_owned(), Matcher::Equals(Primitive::String(name)))];
                Matcher::Contains(Box::new(Predicate::Fields(relation)))
            })
        ),
    ];
    let leaf = prop::collection::vec(fields, 0..3).prop_map(Predicate::Fields);
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Predicate::Any),
            inner.prop_map(|part| Predicate::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn rows_and_memory_agree(entity in text_entities(), predicate in text_predicates()) {
        let mut rows = Vec::new();
        flatten(&entity, &mut |row| rows.push((row.key.to_owned(), row.value.map(str::to_owned))))
            .unwrap();
        let by_rows = predicate.to_filter().unwrap().matches_rows(&rows);
        prop_assert_eq!(by_rows, predicate.matches(&entity), "{:?}", predicate);
    }

    #[test]
    fn arbitrary_queries_never_panic(query in json_values(), entity in json_values()) {
        match Predicate::parse(&query) {
            Ok(predicate) => {
                prop_assert_eq!(Predicate::parse(&predicate.to_json()).unwrap(), predicate.clone());
                _ = predicate.matches(&entity);
                _ = predicate.to_filter();
            }
            Err(error) => prop_assert!(error.message.len() < 20_000),
        }
    }
}
