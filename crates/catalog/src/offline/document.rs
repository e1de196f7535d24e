//! The checks of one document.

use std::path::Path;

use model::{EntityRef, Placeholder, PlaceholderKind, Problem, Severity, YamlDocument, pointer};
use serde_json::Value;

use super::{CheckedFile, Defined, OfflineOptions, read_text};

/// Most placeholders of one entity, as in the catalog.
const MAX_PLACEHOLDERS: usize = 100;
/// Stands for the content of a file that is not read.
const STAND_IN: &str = "placeholder";

/// Members of a spec that hold references.
const REFERENCES: [&str; 14] = [
    "owner",
    "system",
    "domain",
    "subcomponentOf",
    "subdomainOf",
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "parent",
    "children",
    "members",
    "uses",
];

/// Checks a document and adds what it defines, and what is wrong, to its file.
pub(super) fn check(
    text: &str,
    path: &Path,
    document: YamlDocument,
    options: &OfflineOptions,
    file: &mut CheckedFile,
) {
    let (place, start) = (document.place, document.start);
    let file_name = path.to_string_lossy();
    let mut report = |problem: Problem| {
        let position = problem
            .position
            .or_else(|| model::locate(text, place, &problem.path));
        let position = position.unwrap_or(start);
        file.problems
            .push(problem.at(file_name.clone(), Some(position)));
    };
    if !document.problems.is_empty() {
        return document.problems.into_iter().for_each(report);
    }
    if let Some(problem) = document.root_problem() {
        return report(problem);
    }
    if document.value.is_null() {
        return;
    }
    let mut entity = document.value;
    let mut local = Vec::new();
    let valid = validate(&mut entity, path, &mut report, &mut local);
    local = local
        .into_iter()
        .map(|problem| {
            let position = model::locate(text, place, &problem.path).unwrap_or(start);
            problem.at(file_name.clone(), Some(position))
        })
        .collect();
    file.if_local.append(&mut local);
    file.leads_to.extend(local_targets(&entity));
    let Ok(entity_ref) = EntityRef::from_entity(&entity) else {
        return;
    };
    let targets = if valid && options.references {
        targets(&entity)
    } else {
        Vec::new()
    };
    file.entities.push(Defined {
        entity_ref: entity_ref.to_string(),
        place,
        start,
        targets,
    });
}

/// What the catalog checks, in its order; whether nothing is wrong. What is wrong only when the file
/// is read from the disk of the portal goes to `local`.
fn validate(
    entity: &mut Value,
    path: &Path,
    report: &mut dyn FnMut(Problem),
    local: &mut Vec<Problem>,
) -> bool {
    let mut is_valid = true;
    let mut wrong = |problem| {
        is_valid = false;
        report(problem);
    };
    resolve_placeholders(entity, path, &mut wrong, local);
    for problem in model::find_mistakes(entity) {
        wrong(problem);
    }
    if is_valid {
        check_targets(entity, path, report);
    }
    is_valid
}

/// Targets that are files of the same disk, if the file of the Location is one.
fn local_targets(entity: &Value) -> Vec<String> {
    let spec = entity.get("spec");
    let member = |name| spec.and_then(|spec| spec.get(name));
    let is_local = member("type").is_none_or(|kind| kind == "file");
    if entity.get("kind").and_then(Value::as_str) != Some("Location") || !is_local {
        return Vec::new();
    }
    let listed = member("targets").and_then(Value::as_array);
    let targets = member("target")
        .into_iter()
        .chain(listed.into_iter().flatten());
    targets
        .filter_map(|target| target.as_str().map(str::to_owned))
        .collect()
}

/// Puts the content of files in the place of the placeholders that name them.
fn resolve_placeholders(
    entity: &mut Value,
    path: &Path,
    report: &mut dyn FnMut(Problem),
    local: &mut Vec<Problem>,
) {
    let supported = [
        PlaceholderKind::Text,
        PlaceholderKind::Json,
        PlaceholderKind::Yaml,
    ];
    let mut found = model::find_placeholders(entity);
    found.retain(|placeholder| supported.contains(&placeholder.kind));
    if found.len() > MAX_PLACEHOLDERS {
        let message = format!("the entity has more than {MAX_PLACEHOLDERS} placeholders");
        report(Problem::error("entity.placeholder", "", message));
    }
    for placeholder in found.into_iter().take(MAX_PLACEHOLDERS) {
        let key = placeholder.kind.key();
        let at = pointer::member(&placeholder.pointer, &format!("${key}"));
        if is_relative(&placeholder) {
            let message = format!("a relative `${key}` works below `url` locations only");
            let problem = Problem::error("entity.placeholder", &at, message).with_hint(
                "a `file` location leads here: register the address of the file in its repository \
                 instead, or write the content here",
            );
            local.push(problem);
        }
        let value = content(&placeholder, path).unwrap_or_else(|message| {
            report(Problem::error("entity.placeholder", at, message));
            STAND_IN.into()
        });
        model::replace_placeholder(entity, &placeholder.pointer, value);
    }
}

fn is_relative(placeholder: &Placeholder) -> bool {
    let reference = placeholder.value.as_str();
    reference.is_some_and(|reference| url::Url::parse(reference).is_err())
}

/// What a placeholder stands for; a URL is not read.
fn content(placeholder: &Placeholder, path: &Path) -> Result<Value, String> {
    let key = placeholder.kind.key();
    let Some(reference) = placeholder.value.as_str() else {
        return Err(format!("`${key}` needs a relative path or a URL"));
    };
    if url::Url::parse(reference).is_ok() {
        return Ok(STAND_IN.into());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = read_text(&folder.join(reference))
        .map_err(|message| format!("`{reference}` of `${key}` {message}"))?;
    let broken = |cause: String| format!("`{reference}` is not what `${key}` needs: {cause}");
    match placeholder.kind {
        PlaceholderKind::Json => {
            serde_json::from_str(&text).map_err(|error| broken(error.to_string()))
        }
        PlaceholderKind::Yaml => {
            let mut documents = model::parse_documents(&text, &model::YamlLimits::default());
            match (documents.pop(), documents.len()) {
                (Some(document), 0) => match document.problems.first() {
                    None => Ok(document.value),
                    Some(problem) => Err(broken(problem.message.clone())),
                },
                (_, _) => Err(broken("it must have exactly one document".to_owned())),
            }
        }
        _ => Ok(text.into()),
    }
}

/// Relative targets of a Location that do not exist.
fn check_targets(entity: &Value, path: &Path, report: &mut dyn FnMut(Problem)) {
    let kind = entity.get("kind").and_then(Value::as_str);
    let spec = entity.get("spec");
    let member = |name| spec.and_then(|spec| spec.get(name));
    let is_optional = member("presence").and_then(Value::as_str) == Some("optional");
    if kind != Some("Location") || is_optional {
        return;
    }
    let single = member("target").map(|target| ("/spec/target".to_owned(), target));
    let list = member("targets").and_then(Value::as_array);
    let listed = list.into_iter().flatten().enumerate();
    let listed = listed.map(|(index, target)| (format!("/spec/targets/{index}"), target));
    let folder = path.parent().unwrap_or(Path::new(""));
    for (at, target) in single.into_iter().chain(listed) {
        let Some(target) = target.as_str().filter(|target| target.starts_with('.')) else {
            continue;
        };
        let is_pattern = target.contains(['*', '?', '{', '[']);
        if is_pattern || folder.join(target).exists() {
            continue;
        }
        let message = format!("the target `{target}` does not exist");
        let problem = Problem::error("location.missing-target", at, message)
            .with_hint("the path starts at the folder of this file");
        report(Problem {
            severity: Severity::Warning,
            ..problem
        });
    }
}

/// The references of an entity, with pointers.
fn targets(entity: &Value) -> Vec<(String, EntityRef)> {
    let Ok(source) = EntityRef::from_entity(entity) else {
        return Vec::new();
    };
    let relations = model::relations_of(entity).unwrap_or_default();
    let outgoing = relations.into_iter().filter(|r| r.source == source);
    let written = written_references(entity);
    let mut targets: Vec<(String, EntityRef)> = Vec::new();
    for target in outgoing.map(|relation| relation.target) {
        let means = |text: &str| {
            EntityRef::parse(text, Some(&target.kind), &source.namespace)
                .is_ok_and(|found| found == target)
        };
        let is_new = |at: &str| targets.iter().all(|(known, _)| known != at);
        let at = written
            .iter()
            .find(|(at, text)| means(text) && is_new(at))
            .map_or("/spec", |(at, _)| at.as_str());
        if is_new(at) {
            targets.push((at.to_owned(), target));
        }
    }
    targets
}

fn written_references(entity: &Value) -> Vec<(String, &str)> {
    let mut written = Vec::new();
    for name in REFERENCES {
        let Some(value) = entity.get("spec").and_then(|spec| spec.get(name)) else {
            continue;
        };
        let at = pointer::member("/spec", name);
        match value {
            Value::String(text) => written.push((at, text.as_str())),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                written.extend(
                    items.filter_map(|(index, item)| {
                        Some((format!("{at}/{index}"), item.as_str()?))
                    }),
                );
            }
            _ => {}
        }
    }
    written
}
