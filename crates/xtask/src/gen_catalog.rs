//! Synthetic catalogs of any size for benchmarks and load tests.
//!
//! Invariants: the same entity count and seed give the same bytes, on every machine and in every
//! version of our dependencies (hence the generator of our own); every reference names an entity
//! of the same catalog; memory does not grow with the text written, only by eight bytes an entity.

mod entity;
mod random;

use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use random::Random;

/// What a synthetic entity is, with its share of the catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Component,
    Api,
    Resource,
    System,
    Domain,
    Group,
    User,
}

/// Every kind with its share in percent; components take what the others leave.
const SHARES: [(Kind, u32); 6] = [
    (Kind::Api, 8),
    (Kind::Resource, 4),
    (Kind::System, 3),
    (Kind::Domain, 1),
    (Kind::Group, 3),
    (Kind::User, 1),
];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Component => "Component",
            Kind::Api => "API",
            Kind::Resource => "Resource",
            Kind::System => "System",
            Kind::Domain => "Domain",
            Kind::Group => "Group",
            Kind::User => "User",
        }
    }
}

/// How many entities of each kind there will be, and in which order.
pub struct Plan {
    seed: u64,
    counts: [u32; 7],
    order: Vec<(Kind, u32)>,
}

impl Plan {
    /// Plans a catalog of `n_entities` (10 to 10 million).
    pub fn new(n_entities: u32, seed: u64) -> Result<Plan> {
        ensure!(
            (10..=10_000_000).contains(&n_entities),
            "entities must be 10 to 10000000"
        );
        let mut plan = Plan {
            seed,
            counts: [0; 7],
            order: Vec::new(),
        };
        for (kind, percent) in SHARES {
            let share = u64::from(n_entities) * u64::from(percent) / 100;
            plan.counts[kind as usize] = u32::try_from(share)?.max(1);
        }
        plan.counts[Kind::Component as usize] = n_entities - plan.counts.iter().sum::<u32>();
        plan.order = plan.shuffled(n_entities);
        Ok(plan)
    }

    fn count(&self, kind: Kind) -> u32 {
        self.counts[kind as usize]
    }

    /// Kinds mixed as in a real repository, so that references point both ways.
    fn shuffled(&self, n_entities: u32) -> Vec<(Kind, u32)> {
        let mut order = Vec::with_capacity(n_entities as usize);
        for kind in [Kind::Component]
            .into_iter()
            .chain(SHARES.map(|(kind, _)| kind))
        {
            order.extend((0..self.count(kind)).map(|number| (kind, number)));
        }
        let mut random = Random::new(&[self.seed, u64::MAX]);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        order
    }
}

/// What [`write()`] has written.
pub struct Summary {
    counts: [(Kind, u32); 7],
    n_files: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u32 = self.counts.iter().map(|(_, count)| count).sum();
        write!(f, "{total} entities in {} files:", self.n_files)?;
        self.counts
            .iter()
            .try_for_each(|(kind, count)| write!(f, " {} {count}", kind.name()))
    }
}

/// Writes the planned catalog to `out` as `entities-NNNN.yaml`, `per_file` entities each.
pub fn write(plan: &Plan, out: &Path, per_file: u32) -> Result<Summary> {
    ensure!(per_file > 0, "a file needs at least one entity");
    fs::create_dir_all(out).with_context(|| format!("cannot create `{}`", out.display()))?;
    remove_earlier(out)?;
    let mut n_files = 0;
    for chunk in plan.order.chunks(per_file as usize) {
        let path = out.join(format!("entities-{n_files:04}.yaml"));
        write_file(plan, &path, chunk)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        n_files += 1;
    }
    let kinds = [Kind::Component]
        .into_iter()
        .chain(SHARES.map(|(kind, _)| kind));
    let mut counts = [(Kind::Component, 0); 7];
    for (slot, kind) in counts.iter_mut().zip(kinds) {
        *slot = (kind, plan.count(kind));
    }
    Ok(Summary { counts, n_files })
}

/// A stale file of a larger run would add entities nobody asked for.
fn remove_earlier(out: &Path) -> Result<()> {
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if is_yaml && stem.starts_with("entities-") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn write_file(plan: &Plan, path: &Path, chunk: &[(Kind, u32)]) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
    let mut text = String::with_capacity(4096);
    for (place, &(kind, number)) in chunk.iter().enumerate() {
        text.clear();
        if place > 0 {
            text.push_str("---\n");
        }
        entity::append(plan, kind, number, &mut text)?;
        file.write_all(text.as_bytes())?;
    }
    file.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(n_entities: u32, seed: u64) -> String {
        let plan = Plan::new(n_entities, seed).unwrap();
        let mut text = String::new();
        for &(kind, number) in &plan.order {
            text.push_str("---\n");
            entity::append(&plan, kind, number, &mut text).unwrap();
        }
        text
    }

    #[test]
    fn shares_are_kept_and_add_up() {
        let plan = Plan::new(10_000, 1).unwrap();
        assert_eq!(plan.counts, [8000, 800, 400, 300, 100, 300, 100]);
        assert_eq!(plan.order.len(), 10_000);
    }

    #[test]
    fn smallest_catalog_has_every_kind() {
        assert_eq!(Plan::new(10, 1).unwrap().counts, [4, 1, 1, 1, 1, 1, 1]);
        assert!(Plan::new(9, 1).is_err());
    }

    #[test]
    fn seed_decides_the_text() {
        assert_eq!(text_of(200, 7), text_of(200, 7));
        assert_ne!(text_of(200, 7), text_of(200, 8));
    }

    #[test]
    fn no_reference_dangles() {
        let text = text_of(500, 3);
        let mut defined = std::collections::HashSet::new();
        let mut kind = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("kind: ") {
                kind = name.to_lowercase();
            } else if let Some(name) = line.strip_prefix("  name: ") {
                defined.insert(format!("{kind}:default/{name}"));
            }
        }
        assert_eq!(defined.len(), 500);
        let reference =
            regex::Regex::new(r"(component|api|resource|system|domain|group):default/[a-z0-9-]+");
        let mut n_references = 0;
        for found in reference.unwrap().find_iter(&text) {
            assert!(
                defined.contains(found.as_str()),
                "{} dangles",
                found.as_str()
            );
            n_references += 1;
        }
        assert!(n_references > 1000, "only {n_references} references");
    }

    #[test]
    fn files_are_split_and_earlier_ones_removed() {
        let folder = tempfile::tempdir().unwrap();
        write(&Plan::new(50, 1).unwrap(), folder.path(), 10).unwrap();
        let summary = write(&Plan::new(25, 1).unwrap(), folder.path(), 10).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        assert!(
            summary
                .to_string()
                .starts_with("25 entities in 3 files: Component ")
        );
        assert!(write(&Plan::new(25, 1).unwrap(), folder.path(), 0).is_err());
    }
}
