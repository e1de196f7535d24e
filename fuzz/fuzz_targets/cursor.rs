//! Any text as a cursor: refused, or it leads to a page and survives being written again.
#![no_main]

use std::sync::LazyLock;

use index::{Cursor, Document, Index, PageRequest, Row};
use libfuzzer_sys::fuzz_target;
use model::Filter;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index::new();
    for (id, name) in (1..).zip(["alpha", "Beta", "gamma", "delta%", "e_psilon"]) {
        let row = |key, value| Row { key, value: Some(value), original: None };
        index.upsert(Document {
            id,
            entity_ref: &format!("component:default/{}", name.to_lowercase()),
            uid: name,
            etag: name,
            body_len: 1,
            rows: &[row("kind", "component"), row("metadata.name", &name.to_lowercase())],
        });
    }
    index
});

fuzz_target!(|text: &str| {
    let encoded = if text.starts_with('{') {
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
    } else {
        text.to_owned()
    };
    let cursor = match Cursor::decode(&encoded) {
        Ok(cursor) => cursor,
        Err(error) => return assert!(error.to_string().len() < 20_000),
    };
    assert_eq!(Cursor::decode(&cursor.encode()).as_ref(), Ok(&cursor));
    let request = PageRequest {
        filter: &Filter::All(Vec::new()),
        cursor: &cursor,
        limit: 2,
        offset: 1,
        with_total: true,
    };
    let page = INDEX.page(&request);
    assert!(page.items.len() <= 2);
    for next in [page.next, page.previous].into_iter().flatten() {
        assert!(INDEX.page(&PageRequest { cursor: &next, ..request }).items.len() <= 2);
    }
});
