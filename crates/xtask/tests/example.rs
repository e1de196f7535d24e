//! The example catalog is valid, complete in itself, and as large as its README says.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::{EntityRef, YamlLimits, normalise, parse_documents, relations_of, validate};
use serde_json::Value;
use walkdir::WalkDir;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/acme")
}

/// Every YAML file that describes entities; the content of templates is not one, nor is mkdocs.yml.
fn catalog_files() -> Vec<PathBuf> {
    let is_content = |path: &Path| path.components().any(|part| part.as_os_str() == "content");
    let files = WalkDir::new(folder().join("catalog"))
        .sort_by_file_name()
        .into_iter();
    let paths = files.map(|entry| entry.unwrap().into_path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    yaml.filter(|path| !is_content(path)).collect()
}

fn entities() -> BTreeMap<EntityRef, (PathBuf, Value)> {
    let mut entities = BTreeMap::new();
    for path in catalog_files() {
        let text = fs::read_to_string(&path).unwrap();
        for document in parse_documents(&text, &YamlLimits::default()) {
            let problems = &document.problems;
            assert!(problems.is_empty(), "{}: {problems:?}", path.display());
            let entity_ref = EntityRef::from_entity(&document.value).unwrap();
            let earlier = entities.insert(entity_ref.clone(), (path.clone(), document.value));
            assert!(
                earlier.is_none(),
                "{}: {entity_ref} exists already",
                path.display()
            );
        }
    }
    entities
}

#[test]
fn every_entity_is_valid() {
    for (entity_ref, (_, mut entity)) in entities() {
        normalise(&mut entity);
        let result = validate(&mut entity);
        assert!(result.is_ok(), "{entity_ref}: {:?}", result.err());
    }
}

#[test]
fn every_reference_leads_to_an_entity() {
    let entities = entities();
    let mut n_relations = 0;
    for (entity_ref, (_, entity)) in &entities {
        for relation in relations_of(entity).unwrap() {
            for end in [&relation.source, &relation.target] {
                assert!(entities.contains_key(end), "{entity_ref} names {end}");
            }
            n_relations += 1;
        }
    }
    assert!(n_relations > 800, "only {n_relations} relations");
}

#[test]
fn every_kind_is_there_and_the_readme_counts_right() {
    let entities = entities();
    let mut kinds: Vec<&str> = entities.keys().map(|it| it.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let all = [
        "API",
        "Component",
        "Domain",
        "Group",
        "Location",
        "Resource",
        "System",
        "Template",
        "User",
    ];
    assert_eq!(kinds, all);
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let count = format!("{} entities", entities.len());
    assert!(readme.contains(&count), "the README does not say `{count}`");
}

#[test]
fn documentation_is_where_entities_say() {
    let mut n_sites = 0;
    for (entity_ref, (path, entity)) in entities() {
        let annotations = &entity["metadata"]["annotations"];
        if annotations["backstage.io/techdocs-ref"].is_null() {
            continue;
        }
        let site = path.parent().unwrap();
        let settings = fs::read_to_string(site.join("mkdocs.yml")).unwrap();
        let settings = parse_documents(&settings, &YamlLimits::default())
            .remove(0)
            .value;
        for page in settings["nav"].as_array().unwrap() {
            let file = page
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap()
                .as_str()
                .unwrap();
            assert!(
                site.join("docs").join(file).is_file(),
                "{entity_ref} has no page {file}"
            );
        }
        n_sites += 1;
    }
    assert_eq!(n_sites, 5);
}
