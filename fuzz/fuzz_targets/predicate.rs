//! Any JSON as a query: parsed or refused with a bounded message, and stable through JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{LocationFields, LocationQuery, Predicate};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(query) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    match Predicate::parse(&query) {
        Ok(predicate) => {
            let again = Predicate::parse(&predicate.to_json()).unwrap();
            assert_eq!(again, predicate);
            _ = predicate.matches(&query);
            if let Ok(filter) = predicate.to_filter() {
                _ = filter.matches_rows(&[("kind", Some("component")), ("spec", None)]);
            }
        }
        Err(error) => assert!(error.message.len() < 20_000),
    }
    if let Ok(query) = LocationQuery::parse(&query) {
        _ = query.matches(&LocationFields {
            id: "1",
            location_type: "url",
            target: "https://a",
            entity_ref: "location:default/a",
        });
    }
});
