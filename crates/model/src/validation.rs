//! Whether an entity may enter the catalog, and what to tell its author if not.
//!
//! The steps, their order and their messages are those of Backstage: envelope, policies (schema,
//! default namespace, foreign root fields, field formats), kind.

use serde_json::Value;

use crate::entity_ref::EntityRef;
use crate::envelope::{self, INGESTED_ROOT_FIELDS};
use crate::error_info::ErrorInfo;
use crate::field_format::{FormatError, check_field_formats};
use crate::findings::Findings;
use crate::flatten::flatten;
use crate::kinds::{KINDS, Kind, kind_of};
use crate::nearest::nearest;
use crate::pointer;
use crate::problem::Problem;
use crate::relations;
use crate::schema::{Flaw, Violation};

/// Lists of references that are stored sorted.
const SORTED_FIELDS: [&str; 7] = [
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
];

/// Why an entity may not enter the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    info: ErrorInfo,
    code: &'static str,
    pointer: String,
    hint: Option<String>,
}

impl From<Details> for ValidationError {
    fn from(details: Details) -> Self {
        Self(Box::new(details))
    }
}

impl ValidationError {
    /// The error chain as Backstage serialises it.
    pub fn info(&self) -> &ErrorInfo {
        &self.0.info
    }

    /// The error chain as Backstage serialises it.
    pub fn into_info(self) -> ErrorInfo {
        self.0.info
    }

    /// The same for the author of the file: the innermost message, its place and the fix.
    pub fn to_problem(&self) -> Problem {
        let mut innermost = &self.0.info;
        while let Some(cause) = &innermost.cause {
            innermost = cause;
        }
        let mut problem = Problem::error(self.0.code, &self.0.pointer, &innermost.message);
        problem.hint.clone_from(&self.0.hint);
        problem
    }

    fn violation(
        code: &'static str,
        entity: &Value,
        violation: Violation,
        info: ErrorInfo,
    ) -> Self {
        let hint = violation_hint(entity, &violation);
        let mut pointer = violation.pointer;
        match &violation.flaw {
            Flaw::Missing(key) => pointer::push_key(&mut pointer, key),
            Flaw::Unknown(key) => pointer::push_key(&mut pointer, key),
            Flaw::NotA(_) | Flaw::Empty | Flaw::NotAWord | Flaw::NotOneOf(_) => {}
        }
        Details {
            info,
            code,
            pointer,
            hint,
        }
        .into()
    }

    fn skeleton(entity: &Value, violation: Violation) -> Self {
        let info = ErrorInfo::new("TypeError", violation.text_with_params());
        Self::violation("entity.envelope", entity, violation, info)
    }

    fn envelope(entity: &Value, violation: Violation) -> Self {
        let info = ErrorInfo::new("Error", format!("Malformed envelope, {}", violation.text()));
        Self::violation("entity.envelope", entity, violation, info)
    }

    fn spec(entity: &Value, violation: Violation) -> Self {
        let info = ErrorInfo::new("TypeError", violation.text_with_params());
        Self::violation("entity.kind", entity, violation, info)
    }

    fn foreign(field: &str) -> Self {
        Details {
            info: ErrorInfo::new("Error", format!("Unknown field {field}")),
            code: "entity.unknown-field",
            pointer: pointer::member("", field),
            hint: Some(format!("remove `{field}`, the catalog computes it")),
        }
        .into()
    }

    fn format(error: FormatError) -> Self {
        Details {
            info: ErrorInfo::new("Error", error.message),
            code: "entity.field-format",
            pointer: error.pointer,
            hint: error.hint,
        }
        .into()
    }

    /// The same error as the cause of another one.
    fn causing(mut self, message: String) -> Self {
        self.0.info = ErrorInfo::input(message).caused_by(self.0.info);
        self
    }
}

/// Checks that the entity has what is needed to tell it from others: version, kind and name.
pub fn validate_envelope(entity: &Value) -> Result<(), ValidationError> {
    envelope::check_skeleton(entity, &mut Findings::first())
        .map_err(|violation| ValidationError::skeleton(entity, violation))
}

/// Checks an entity completely and puts it into the default namespace if it names none.
pub fn validate(entity: &mut Value) -> Result<(), ValidationError> {
    validate_envelope(entity).map_err(|error| {
        error.causing("Entity envelope failed validation before processing".to_owned())
    })?;
    let entity_ref = ref_of(entity);
    apply_policies(entity)
        .map_err(|error| error.causing(format!("Policy check failed for {entity_ref}")))?;
    let kind = kind_of(entity).ok_or_else(|| unknown_kind(entity, &entity_ref))?;
    kind.check(entity, &mut Findings::first())
        .map_err(|violation| {
            ValidationError::spec(entity, violation).causing(format!(
                "Processor {} threw an error while validating the entity {entity_ref}",
                kind.processor
            ))
        })?;
    check_keys(entity)
}

/// Everything that keeps an entity out of the catalog, at most one mistake per place, in the order of
/// the checks. Puts it into the default namespace if it names none.
pub fn find_mistakes(entity: &mut Value) -> Vec<Problem> {
    let mut mistakes = Mistakes::default();
    let found = Findings::of(|found| envelope::check_skeleton(entity, found)).into_iter();
    mistakes.add(found.map(|violation| ValidationError::skeleton(entity, violation)));
    let found = Findings::of(|found| envelope::check_envelope(entity, found)).into_iter();
    mistakes.add(found.map(|violation| ValidationError::envelope(entity, violation)));
    envelope::set_default_namespace(entity);
    mistakes.add(envelope::foreign_root_fields(entity).map(ValidationError::foreign));
    let found = Findings::of(|found| check_field_formats(entity, found));
    mistakes.add(found.into_iter().map(ValidationError::format));
    if let Some(kind) = kind_of(entity) {
        let found = Findings::of(|found| kind.check(entity, found)).into_iter();
        mistakes.add(found.map(|violation| ValidationError::spec(entity, violation)));
        mistakes.add_problems(relations::find_malformed(entity));
    } else {
        mistakes.add([unknown_kind(entity, &ref_of(entity))].into_iter());
    }
    mistakes.add(check_keys(entity).err().into_iter());
    mistakes.0
}

/// Mistakes at different places: what is wrong below a wrong value only follows from it.
#[derive(Default)]
struct Mistakes(Vec<Problem>);

impl Mistakes {
    fn add(&mut self, errors: impl Iterator<Item = ValidationError>) {
        self.add_problems(errors.map(|error| error.to_problem()));
    }

    fn add_problems(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            let is_known = |known: &Problem| {
                let below = problem.path.strip_prefix(&known.path);
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if !self.0.iter().any(is_known) {
                self.0.push(problem);
            }
        }
    }
}

/// Sorts the lists of references in the spec, as the catalog stores them.
pub fn normalise(entity: &mut Value) {
    let Some(spec) = entity.get_mut("spec") else {
        return;
    };
    for field in SORTED_FIELDS {
        let Some(Value::Array(items)) = spec.get_mut(field) else {
            continue;
        };
        if items.iter().all(Value::is_string) {
            items.sort_by(|a, b| utf16_units(a).cmp(utf16_units(b)));
        }
    }
}

/// What JavaScript compares texts by.
fn utf16_units(value: &Value) -> impl Iterator<Item = u16> {
    value.as_str().unwrap_or_default().encode_utf16()
}

fn apply_policies(entity: &mut Value) -> Result<(), ValidationError> {
    envelope::check_envelope(entity, &mut Findings::first())
        .map_err(|violation| ValidationError::envelope(entity, violation))?;
    envelope::set_default_namespace(entity);
    if let Some(field) = envelope::foreign_root_fields(entity).next() {
        return Err(ValidationError::foreign(field));
    }
    check_field_formats(entity, &mut Findings::first()).map_err(ValidationError::format)
}

/// Keys are searched in lower case, so no two may be the same then. Backstage finds that out when it
/// stitches, where nobody is told.
fn check_keys(entity: &Value) -> Result<(), ValidationError> {
    flatten(entity, &mut |_| {}).map_err(|error| {
        Details {
            info: ErrorInfo::input(error.message),
            code: "entity.keys",
            pointer: String::new(),
            hint: Some("rename or remove all but one of them".to_owned()),
        }
        .into()
    })
}

fn ref_of(entity: &Value) -> String {
    let entity_ref = EntityRef::from_entity(entity);
    entity_ref.map(|r| r.to_string()).unwrap_or_default()
}

fn unknown_kind(entity: &Value, entity_ref: &str) -> ValidationError {
    let (pointer, hint) = kind_hint(entity);
    Details {
        info: ErrorInfo::input(format!(
            "No processor recognized the entity {entity_ref} as valid, \
             possibly caused by a foreign kind or apiVersion"
        )),
        code: "entity.unknown-kind",
        pointer,
        hint: Some(hint),
    }
    .into()
}

/// Whether kind or `apiVersion` is to blame, and what was probably meant.
fn kind_hint(entity: &Value) -> (String, String) {
    let kind = entity
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if let Some(known) = KINDS.iter().find(|known| known.name == kind) {
        let versions = known.api_versions.join("` or `");
        return (
            "/apiVersion".to_owned(),
            format!("kind {kind} needs apiVersion `{versions}`"),
        );
    }
    let names = KINDS.iter().map(|known| known.name);
    let hint = match nearest(kind, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known kinds are {}", names.collect::<Vec<_>>().join(", ")),
    };
    ("/kind".to_owned(), hint)
}

fn violation_hint(entity: &Value, violation: &Violation) -> Option<String> {
    let value = entity.pointer(&violation.pointer)?;
    match &violation.flaw {
        Flaw::Missing(key) => Some(missing_hint(entity, value, key, &violation.pointer)),
        Flaw::Unknown(key) => Some(match nearest(key, INGESTED_ROOT_FIELDS) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("move `{key}` below metadata or spec"),
        }),
        Flaw::NotA("string") if value.is_number() || value.is_boolean() => {
            Some(format!("put it in quotes: \"{value}\""))
        }
        Flaw::NotA("array") if !value.is_array() && !value.is_object() => {
            Some(format!("write a list: [{value}]"))
        }
        Flaw::NotOneOf(allowed) => {
            let found = value.as_str().unwrap_or_default();
            let guess = nearest(found, allowed.iter().copied()).map(|name| format!("`{name}`"));
            Some(format!(
                "use {}",
                guess.unwrap_or_else(|| allowed.join(" or "))
            ))
        }
        Flaw::NotA(_) | Flaw::Empty | Flaw::NotAWord => None,
    }
}

/// A missing member may only be misspelled.
fn missing_hint(entity: &Value, object: &Value, key: &str, pointer: &str) -> String {
    let known: Vec<_> = match (pointer, kind_of(entity)) {
        ("/spec", Some(kind)) => Kind::spec_fields(kind).collect(),
        _ => Vec::new(),
    };
    let present = object
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys());
    let unknown = present
        .map(String::as_str)
        .filter(|name| !known.contains(name));
    match nearest(key, unknown) {
        Some(misspelled) => format!("rename `{misspelled}` to `{key}`"),
        None => format!("add `{key}`"),
    }
}

#[cfg(test)]
mod tests;
