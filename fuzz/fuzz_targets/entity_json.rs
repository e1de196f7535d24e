//! Any JSON as an entity: validation, relations, placeholders and search rows never panic, and
//! what was accepted is accepted again without change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{
    EntityRef, Flattener, Projection, find_placeholders, normalise, relations_of, validate,
};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(mut entity) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for placeholder in find_placeholders(&entity) {
        assert!(entity.pointer(&placeholder.pointer).is_some());
    }
    normalise(&mut entity);
    match validate(&mut entity) {
        Ok(()) => {
            let before = entity.clone();
            assert!(validate(&mut entity).is_ok());
            assert_eq!(entity, before);
            let entity_ref = EntityRef::from_entity(&entity).unwrap();
            assert_eq!(
                entity_ref.to_string().parse::<EntityRef>().unwrap(),
                entity_ref
            );
            _ = relations_of(&entity);
        }
        Err(error) => {
            let problem = error.to_problem();
            assert!(!problem.message.is_empty());
        }
    }
    let mut rows = std::collections::HashSet::new();
    _ = Flattener::new().flatten(&entity, &mut |row| {
        assert_eq!(row.value.is_some(), row.original.is_some());
        assert!(rows.insert((row.key.to_owned(), row.value.map(str::to_owned))));
    });
    if let Ok(Some(fields)) = Projection::parse(&["metadata.name,spec,metadata.tags.0"]) {
        _ = fields.apply(&entity);
    }
});
