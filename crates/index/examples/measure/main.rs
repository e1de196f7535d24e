//! Time and memory of the index for synthetic catalogs of 10,000 to 500,000 entities.
//!
//! `cargo run --release -p index --example measure [entities ...] [part of a name ...]`

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use mimalloc::MiMalloc;

/// As in the product.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

mod catalog;
mod queries;

use catalog::Catalog;
use index::Index;

const SIZES: [u32; 3] = [10_000, 100_000, 500_000];

/// Entities that are made at a time, so that making them is not timed.
const BATCH: usize = 1_000;

fn main() {
    let asked: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let sizes = if asked.is_empty() {
        SIZES.to_vec()
    } else {
        asked
    };
    for size in sizes {
        measure(size);
    }
}

fn measure(size: u32) {
    println!("\n{size} entities");
    let catalog = Catalog::new(size);
    let before = resident_bytes();
    let mut index = Index::with_capacity(size as usize);
    let mut n_rows = 0;
    let mut seconds = 0.0;
    for start in (0..size).step_by(BATCH) {
        let entities: Vec<_> = (start..size)
            .take(BATCH)
            .map(|n| catalog.entity(n, 0))
            .collect();
        let rows: Vec<_> = entities.iter().map(catalog::Entity::borrow).collect();
        let begin = queries::processor_time();
        for (entity, rows) in entities.iter().zip(&rows) {
            n_rows += rows.len();
            index.upsert(entity.document(rows));
        }
        seconds += queries::processor_time() - begin;
    }
    let per_entity = |bytes: usize| bytes / size as usize;
    println!("  rows per entity        {:>8}", n_rows / size as usize);
    println!("  build                  {seconds:>8.2} s of processor");
    let [values, keys, terms] = index.cardinalities();
    println!("  distinct               {values} values, {keys} keys, {terms} terms");
    report_memory("before queries", &index, size);
    println!(
        "  resident, grown by     {:>8} bytes per entity",
        per_entity(resident_bytes() - before)
    );
    queries::run(&mut index, &catalog, size);
    report_memory("after queries", &index, size);
    println!(
        "  resident, grown by     {:>8} bytes per entity",
        per_entity(resident_bytes() - before)
    );
}

fn report_memory(when: &str, index: &Index, size: u32) {
    let memory = index.memory();
    let per_entity = |bytes: usize| bytes / size as usize;
    println!(
        "  bytes per entity {when}: {} = values {} + keys {} + terms {} + postings {} + documents {} + forwards {} + caches {}",
        per_entity(memory.total()),
        per_entity(memory.values),
        per_entity(memory.keys),
        per_entity(memory.terms),
        per_entity(memory.postings),
        per_entity(memory.documents),
        per_entity(memory.forwards),
        per_entity(memory.caches),
    );
}

/// Resident memory of this process; zero where the kernel does not tell.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}
