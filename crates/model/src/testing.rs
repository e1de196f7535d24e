//! Random JSON values for property tests.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON values with few different keys and texts, so that collisions are likely.
pub(crate) fn json_values() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        "[aAbBäÄ.Σσ]{0,3}".prop_map(Value::String),
        "[a🚀]{190,210}".prop_map(Value::String),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..100).prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        texts,
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("[aAbBä.]{0,2}", inner), 0..5)
                .prop_map(|members| { Value::Object(members.into_iter().collect::<Map<_, _>>()) }),
        ]
    })
}
