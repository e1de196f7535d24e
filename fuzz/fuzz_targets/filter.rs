//! Any query parameters: filters, orders and fields parse or are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{
    EntityRef, LocationRef, Predicate, Projection, parse_filter_params, parse_order,
    parse_order_fields,
};

fuzz_target!(|text: &str| {
    let params: Vec<&str> = text.split('\n').collect();
    if let Ok(Some(predicate)) = parse_filter_params(&params) {
        // Filters only contain what rows can answer, and survive cursors.
        let filter = predicate.to_filter().unwrap();
        let again = Predicate::parse(&predicate.to_json());
        if let Ok(again) = again {
            assert_eq!(again.to_filter().unwrap(), filter);
        }
    }
    _ = parse_order(&params);
    _ = parse_order_fields(&params);
    _ = Projection::parse(&params);
    for param in params {
        if let Ok(entity_ref) = EntityRef::parse(param, Some("component"), "") {
            let printed = entity_ref.to_string();
            assert_eq!(
                printed.parse::<EntityRef>().unwrap().to_string(),
                printed.to_lowercase()
            );
        }
        if let Ok(location) = LocationRef::parse(param) {
            assert_eq!(LocationRef::parse(&location.to_string()).unwrap(), location);
        }
    }
});
