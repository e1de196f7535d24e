use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::json_values;

/// Every expectation was produced by the validators of Backstage.
#[test]
fn outcomes_agree_with_backstage() {
    let cases: Vec<(Value, Value)> = serde_json::from_str(include_str!("cases.json")).unwrap();
    assert!(cases.len() > 100);
    for (entity, expected) in cases {
        let mut validated = entity.clone();
        let outcome = match validate(&mut validated) {
            Ok(()) => json!({"ok": validated.to_string()}),
            Err(error) => json!({"error": error.info()}),
        };
        assert_eq!(outcome, expected, "{entity}");
    }
}

fn component(spec: &Value) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "missing-owner"},
        "spec": spec,
    })
}

#[test]
fn recorded_messages() {
    // Reference 1, section C.9, and the recordings cat-validate-bad and cat-validate-kind.
    let message = |mut entity: Value| validate(&mut entity).unwrap_err().into_info().message;
    assert_eq!(
        message(component(
            &json!({"type": "service", "lifecycle": "production"})
        )),
        "Processor BuiltinKindsEntityProcessor threw an error while validating the entity \
         component:default/missing-owner; caused by TypeError: \
         /spec must have required property 'owner' - missingProperty: owner"
    );
    let mut bad_name = component(&json!({}));
    bad_name["metadata"]["name"] = json!("bad name!");
    assert_eq!(
        message(bad_name),
        "Policy check failed for component:default/bad name!; caused by Error: \
         \"metadata.name\" is not valid; expected a string that is sequences of [a-zA-Z0-9] \
         separated by any of [-_.], at most 63 characters in total but found \"bad name!\". \
         To learn more about catalog file format, visit: \
         https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/\
         adr002-default-catalog-file-format.md"
    );
    let mut widget = component(&json!({}));
    widget["kind"] = json!("Widget");
    widget["metadata"]["name"] = json!("ok");
    assert_eq!(
        message(widget),
        "No processor recognized the entity widget:default/ok as valid, \
         possibly caused by a foreign kind or apiVersion"
    );
}

#[test]
fn problems_name_place_and_fix() {
    let entity = |patch: Value| {
        let mut entity = component(&json!({"type": "a", "lifecycle": "b", "owner": "c"}));
        for (pointer, value) in patch.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            entity.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        entity
    };
    for (patch, code, path, hint) in [
        (
            json!({"/kind": "component"}),
            "entity.unknown-kind",
            "/kind",
            "did you mean `Component`?",
        ),
        (
            json!({"/kind": "Widget"}),
            "entity.unknown-kind",
            "/kind",
            "known kinds are API, Component, Resource, Group, Location, User, System, Domain, Template",
        ),
        (
            json!({"/apiVersion": "backstage.io/v1"}),
            "entity.unknown-kind",
            "/apiVersion",
            "kind Component needs apiVersion `backstage.io/v1alpha1` or `backstage.io/v1beta1`",
        ),
        (
            json!({"/Spec": 1}),
            "entity.envelope",
            "/Spec",
            "did you mean `spec`?",
        ),
        (
            json!({"/team": 1}),
            "entity.envelope",
            "/team",
            "move `team` below metadata or spec",
        ),
        (
            json!({"/relations": []}),
            "entity.unknown-field",
            "/relations",
            "remove `relations`, the catalog computes it",
        ),
        (
            json!({"/metadata/name": "Bad name!"}),
            "entity.field-format",
            "/metadata/name",
            "for example `Bad-name`",
        ),
        (
            json!({"/metadata/labels": {"a/b": 5}}),
            "entity.envelope",
            "/metadata/labels/a~1b",
            "put it in quotes: \"5\"",
        ),
        (
            json!({"/spec": {"Owner": "x", "type": "a", "lifecycle": "b"}}),
            "entity.kind",
            "/spec/owner",
            "rename `Owner` to `owner`",
        ),
        (
            json!({"/spec": {"type": "a", "lifecycle": "b"}}),
            "entity.kind",
            "/spec/owner",
            "add `owner`",
        ),
        (
            json!({"/metadata/annotations": {"abc": "x", "ABC": "y"}}),
            "entity.keys",
            "",
            "rename or remove all but one of them",
        ),
        (
            json!({"/spec/dependsOn": "x"}),
            "entity.kind",
            "/spec/dependsOn",
            "write a list: [\"x\"]",
        ),
    ] {
        let problem = validate(&mut entity(patch.clone()))
            .unwrap_err()
            .to_problem();
        let found = (
            problem.code.as_str(),
            problem.path.as_str(),
            problem.hint.as_deref(),
        );
        assert_eq!(found, (code, path, Some(hint)), "{patch}");
    }
}

#[test]
fn lists_of_references_are_sorted_by_code_units() {
    let mut entity = component(&json!({
        "dependsOn": ["b", "a", "B", "\u{ff5e}", "🚀"],
        "members": ["b", 1, "a"],
        "other": ["b", "a"],
        "children": "x",
    }));
    normalise(&mut entity);
    assert_eq!(
        entity["spec"],
        json!({
            "dependsOn": ["B", "a", "b", "🚀", "\u{ff5e}"],
            "members": ["b", 1, "a"],
            "other": ["b", "a"],
            "children": "x",
        })
    );
    normalise(&mut json!(null));
    normalise(&mut json!({"spec": 5}));
}

#[test]
fn envelope_errors_stand_alone() {
    let error = validate_envelope(&json!({"kind": "Component"})).unwrap_err();
    let expected =
        "TypeError: <root> must have required property 'apiVersion' - missingProperty: apiVersion";
    assert_eq!(error.info().to_string(), expected);
}

proptest! {
    #[test]
    fn validation_never_panics_and_is_idempotent(
        metadata in json_values(),
        spec in json_values(),
        kind in "Component|Group|Template|x",
    ) {
        let mut entity = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        });
        normalise(&mut entity);
        if validate(&mut entity).is_ok() {
            let before = entity.to_string();
            validate(&mut entity).unwrap();
            prop_assert_eq!(entity.to_string(), before);
        }
    }
}
