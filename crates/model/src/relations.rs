//! Relations that the built-in kinds imply, each in both directions.

use serde_json::Value;

use crate::entity_ref::{EntityRef, RefError};
use crate::pointer;
use crate::problem::Problem;

/// A directed relation between two entities.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The entity that has the relation.
    pub source: EntityRef,
    /// Type of the relation, for example `ownedBy`.
    pub relation_type: &'static str,
    /// The entity it points at.
    pub target: EntityRef,
}

/// A field of a spec that holds references.
struct Field {
    name: &'static str,
    /// Kind of references that name none; without it the kind is mandatory.
    default_kind: Option<&'static str>,
    outgoing: &'static str,
    incoming: &'static str,
}

const fn field(
    name: &'static str,
    default_kind: Option<&'static str>,
    outgoing: &'static str,
    incoming: &'static str,
) -> Field {
    Field {
        name,
        default_kind,
        outgoing,
        incoming,
    }
}

const OWNER: Field = field("owner", Some("Group"), "ownedBy", "ownerOf");
const SYSTEM: Field = field("system", Some("System"), "partOf", "hasPart");
const DEPENDS_ON: Field = field("dependsOn", None, "dependsOn", "dependencyOf");
const DEPENDENCY_OF: Field = field("dependencyOf", None, "dependencyOf", "dependsOn");

const COMPONENT: &[Field] = &[
    OWNER,
    field("subcomponentOf", Some("Component"), "partOf", "hasPart"),
    field("providesApis", Some("API"), "providesApi", "apiProvidedBy"),
    field("consumesApis", Some("API"), "consumesApi", "apiConsumedBy"),
    DEPENDS_ON,
    DEPENDENCY_OF,
    SYSTEM,
];
const API: &[Field] = &[OWNER, SYSTEM];
const RESOURCE: &[Field] = &[OWNER, DEPENDS_ON, DEPENDENCY_OF, SYSTEM];
const USER: &[Field] = &[field("memberOf", Some("Group"), "memberOf", "hasMember")];
const GROUP: &[Field] = &[
    field("parent", Some("Group"), "childOf", "parentOf"),
    field("children", Some("Group"), "parentOf", "childOf"),
    field("members", Some("User"), "hasMember", "memberOf"),
];
const SYSTEM_KIND: &[Field] = &[OWNER, field("domain", Some("Domain"), "partOf", "hasPart")];
const DOMAIN: &[Field] = &[
    OWNER,
    field("subdomainOf", Some("Domain"), "partOf", "hasPart"),
];
const TEMPLATE: &[Field] = &[OWNER];

/// The fields of a kind; kinds are told apart by their exact spelling, as Backstage does.
fn fields_of(kind: &str) -> &'static [Field] {
    match kind {
        "Component" => COMPONENT,
        "API" => API,
        "Resource" => RESOURCE,
        "User" => USER,
        "Group" => GROUP,
        "System" => SYSTEM_KIND,
        "Domain" => DOMAIN,
        "Template" => TEMPLATE,
        _ => &[],
    }
}

/// All relations an entity implies, in the order of its fields; duplicates are kept.
///
/// References without a namespace point into the namespace of the entity itself.
pub fn relations_of(entity: &Value) -> Result<Vec<Relation>, RefError> {
    let source = EntityRef::from_entity(entity)?;
    let mut relations = Vec::new();
    let Some(spec) = entity.get("spec") else {
        return Ok(relations);
    };
    for field in fields_of(&source.kind) {
        for target in targets(spec.get(field.name)) {
            let target = EntityRef::parse_value(target, field.default_kind, &source.namespace)?;
            push_both_ways(&mut relations, &source, field, target);
        }
    }
    Ok(relations)
}

/// References that cannot be understood, with their places.
pub fn find_malformed(entity: &Value) -> Vec<Problem> {
    let (Ok(source), Some(spec)) = (EntityRef::from_entity(entity), entity.get("spec")) else {
        return Vec::new();
    };
    let mut malformed = Vec::new();
    for field in fields_of(&source.kind) {
        let value = spec.get(field.name);
        for (index, target) in targets(value).iter().enumerate() {
            let parsed = EntityRef::parse_value(target, field.default_kind, &source.namespace);
            let Err(error) = parsed else { continue };
            let mut at = pointer::member("/spec", field.name);
            if value.is_some_and(Value::is_array) {
                pointer::push_index(&mut at, index);
            }
            let example = match field.default_kind {
                Some(kind) => format!("`name`, which is a {kind}, or `kind:namespace/name`"),
                None => "`kind:namespace/name`, for example `resource:default/db`".to_owned(),
            };
            let problem = Problem::error("entity.reference", at, error.message);
            malformed.push(problem.with_hint(format!("write {example}")));
        }
    }
    malformed
}

/// One value or the items of a list; empty values stand for nothing.
fn targets(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => &[],
        Some(Value::String(text)) if text.is_empty() => &[],
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
    }
}

fn push_both_ways(
    relations: &mut Vec<Relation>,
    source: &EntityRef,
    field: &Field,
    target: EntityRef,
) {
    relations.push(Relation {
        source: source.clone(),
        relation_type: field.outgoing,
        target: target.clone(),
    });
    relations.push(Relation {
        source: target,
        relation_type: field.incoming,
        target: source.clone(),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(entity: &Value) -> Vec<String> {
        let relations = relations_of(entity).unwrap();
        relations
            .iter()
            .map(|r| format!("{} {} {}", r.source, r.relation_type, r.target))
            .collect()
    }

    fn outgoing(kind: &str, spec: &Value) -> Vec<String> {
        let entity =
            json!({"kind": kind, "metadata": {"name": "E", "namespace": "ns"}, "spec": spec});
        let own = EntityRef::from_entity(&entity).unwrap().to_string();
        let all = lines(&entity);
        let mine = all
            .iter()
            .filter_map(|line| line.strip_prefix(&format!("{own} ")));
        mine.map(str::to_owned).collect()
    }

    #[test]
    fn every_field_of_every_kind() {
        for (kind, spec, expected) in [
            ("Component", json!({"owner": "a"}), "ownedBy group:ns/a"),
            (
                "Component",
                json!({"subcomponentOf": "a"}),
                "partOf component:ns/a",
            ),
            (
                "Component",
                json!({"providesApis": ["a"]}),
                "providesApi api:ns/a",
            ),
            (
                "Component",
                json!({"consumesApis": ["a"]}),
                "consumesApi api:ns/a",
            ),
            (
                "Component",
                json!({"dependsOn": ["resource:a"]}),
                "dependsOn resource:ns/a",
            ),
            (
                "Component",
                json!({"dependencyOf": ["component:x/a"]}),
                "dependencyOf component:x/a",
            ),
            ("Component", json!({"system": "a"}), "partOf system:ns/a"),
            ("API", json!({"owner": "user:a"}), "ownedBy user:ns/a"),
            ("API", json!({"system": "a"}), "partOf system:ns/a"),
            ("Resource", json!({"owner": "a"}), "ownedBy group:ns/a"),
            (
                "Resource",
                json!({"dependsOn": ["resource:a"]}),
                "dependsOn resource:ns/a",
            ),
            (
                "Resource",
                json!({"dependencyOf": "component:a"}),
                "dependencyOf component:ns/a",
            ),
            ("Resource", json!({"system": "a"}), "partOf system:ns/a"),
            ("User", json!({"memberOf": ["A"]}), "memberOf group:ns/a"),
            ("Group", json!({"parent": "a"}), "childOf group:ns/a"),
            ("Group", json!({"children": ["a"]}), "parentOf group:ns/a"),
            ("Group", json!({"members": ["a"]}), "hasMember user:ns/a"),
            ("System", json!({"owner": "a"}), "ownedBy group:ns/a"),
            ("System", json!({"domain": "a"}), "partOf domain:ns/a"),
            ("Domain", json!({"owner": "a"}), "ownedBy group:ns/a"),
            ("Domain", json!({"subdomainOf": "a"}), "partOf domain:ns/a"),
            ("Template", json!({"owner": "a"}), "ownedBy group:ns/a"),
        ] {
            assert_eq!(outgoing(kind, &spec), [expected], "{kind}");
        }
    }

    #[test]
    fn kinds_and_fields_without_relations() {
        for (kind, spec) in [
            ("Location", json!({"target": "x"})),
            ("component", json!({"owner": "a"})),
            (
                "Group",
                json!({"parent": "", "children": [], "members": null}),
            ),
            ("API", json!({"dependsOn": ["resource:a"]})),
        ] {
            assert_eq!(outgoing(kind, &spec), [""; 0], "{kind}");
        }
        let bare = json!({"kind": "Component", "metadata": {"name": "x"}});
        assert_eq!(relations_of(&bare).unwrap(), []);
    }

    #[test]
    fn relations_come_in_pairs() {
        let entity = json!({
            "kind": "Component",
            "metadata": {"name": "c"},
            "spec": {"owner": "team", "dependsOn": ["component:c"]},
        });
        assert_eq!(
            lines(&entity),
            [
                "component:default/c ownedBy group:default/team",
                "group:default/team ownerOf component:default/c",
                "component:default/c dependsOn component:default/c",
                "component:default/c dependencyOf component:default/c",
            ]
        );
    }

    #[test]
    fn bad_references_are_errors() {
        let entity = |spec| json!({"kind": "Component", "metadata": {"name": "c"}, "spec": spec});
        let error = relations_of(&entity(json!({"dependsOn": ["not a ref:"]}))).unwrap_err();
        assert_eq!(
            error.message,
            "Entity reference \"not a ref:\" was not on the form [<kind>:][<namespace>/]<name>"
        );
        let error = relations_of(&entity(json!({"dependsOn": ["kindless"]}))).unwrap_err();
        assert!(
            error
                .message
                .starts_with("Entity reference \"kindless\" had missing or empty kind")
        );
    }
}
