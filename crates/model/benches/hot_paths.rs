//! Speed of what every entity passes through: YAML, validation, search rows.
//!
//! `cargo bench -p model`; pass the path of a catalog file to measure that instead.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use model::{Flattener, YamlDocuments, YamlLimits, normalise, relations_of, validate};
use serde_json::Value;

const ROUNDS: u32 = 5;
const ENTITIES: usize = 10_000;

fn main() {
    // Cargo itself passes options.
    let file = std::env::args()
        .skip(1)
        .find(|argument| Path::new(argument).is_file());
    let text = file
        .and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_else(catalog);
    let mut entities: Vec<Value> = documents(&text).collect();

    let elapsed = fastest(|| documents(&text).for_each(|entity| drop(black_box(entity))));
    let bytes = u32::try_from(text.len()).map_or(f64::MAX, f64::from);
    report("yaml", elapsed, entities.len());
    show(&format!(
        "yaml: {:.1} MB/s",
        bytes / 1e6 / elapsed.as_secs_f64()
    ));

    let elapsed = fastest(|| {
        for entity in &mut entities {
            normalise(entity);
            _ = black_box(validate(entity));
        }
    });
    report("validate", elapsed, entities.len());

    let elapsed = fastest(|| {
        for entity in &entities {
            _ = black_box(relations_of(entity));
        }
    });
    report("relations", elapsed, entities.len());

    let mut flattener = Flattener::new();
    let mut n_rows = 0_usize;
    let elapsed = fastest(|| {
        n_rows = 0;
        for entity in &entities {
            _ = flattener.flatten(entity, &mut |row| {
                black_box(row);
                n_rows += 1;
            });
        }
    });
    report("flatten", elapsed, entities.len());
    show(&format!("flatten: {} rows", n_rows));
}

fn documents(text: &str) -> impl Iterator<Item = Value> {
    YamlDocuments::new(text, &YamlLimits::default()).map(|document| document.value)
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn report(name: &str, elapsed: Duration, entities: usize) {
    let each = elapsed / u32::try_from(entities.max(1)).unwrap_or(u32::MAX);
    show(&format!(
        "{name}: {each:?} per entity, {elapsed:?} for {entities}"
    ));
}

#[expect(clippy::print_stdout, reason = "the result of a benchmark")]
fn show(line: &str) {
    println!("{line}");
}

/// A catalog of components as people write them.
fn catalog() -> String {
    let mut text = String::new();
    for n in 0..ENTITIES {
        // Writing to a String cannot fail.
        _ = write!(
            text,
            "---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: service-{n}
  title: 'Service {n}'
  description: Stores and routes customer records for the online shop
  tags: [java, internal, tier2]
  labels: {{cost-centre: cc{n}, region: eu}}
  annotations:
    backstage.io/managed-by-location: url:https://git.example.com/org/repo-{n}/catalog-info.yaml
    example.com/project-slug: acme/service-{n}
  links:
    - url: https://dashboards.example.com/service-{n}
      title: Dashboard
spec:
  type: service
  lifecycle: production
  owner: group:default/team-{}
  system: system-{}
  dependsOn: [resource:default/db-{n}, component:service-1]
  providesApis: [api-{n}]
",
            n % 100,
            n % 500,
        );
    }
    text
}
