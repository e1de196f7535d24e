//! Any text: never a panic, never more than the limits allow, every problem has a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{YamlDocuments, YamlLimits, locate};

fuzz_target!(|text: &str| {
    let limits = YamlLimits {
        max_document_size: 1_000,
        max_total_size: 5_000,
        max_documents: 20,
        skip_empty: false,
        ..YamlLimits::default()
    };
    let mut expected_index = 0;
    for document in YamlDocuments::new(text, &limits) {
        assert_eq!(document.index, expected_index);
        expected_index += 1;
        assert!(document.index <= limits.max_documents);
        for problem in &document.problems {
            assert!(problem.position.is_some());
        }
        if document.problems.is_empty() {
            // What was read is JSON, and JSON is YAML with the same meaning.
            let json = document.value.to_string();
            let again = YamlDocuments::new(
                &json,
                &YamlLimits {
                    skip_empty: false,
                    ..YamlLimits::default()
                },
            );
            let values: Vec<_> = again.map(|document| document.value).collect();
            assert_eq!(values, [document.value.clone()]);
        }
        _ = locate(text, document.place, "/metadata/name");
        _ = locate(text, document.place, "/spec/0/1");
    }
});
