//! Every route of the catalog, and what it answers to whom.

use serde_json::{Value, json};

/// Where the entities are.
pub(crate) const FILE: &str = "https://git.example/all.yaml";

/// What a route answers when everything is allowed, when everything is denied, and when only what
/// `team-a` owns is allowed.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Value,
    /// Status, and what the body holds if that matters.
    pub(crate) allowed: (u16, &'static str),
    pub(crate) denied: (u16, &'static str),
    pub(crate) conditional: (u16, &'static str),
}

pub(crate) const fn row(
    method: &'static str,
    path: &'static str,
    body: Value,
    allowed: (u16, &'static str),
    denied: (u16, &'static str),
    conditional: (u16, &'static str),
) -> Row {
    Row {
        method,
        path,
        body,
        allowed,
        denied,
        conditional,
    }
}

const FORBIDDEN: (u16, &str) = (403, "NotAllowedError");
const MISSING: (u16, &str) = (404, "NotFoundError");
const ANY: &str = "";

/// `ours` belongs to `team-a` and `theirs` to `team-b`; both are in the registered location `ID`.
#[expect(clippy::too_many_lines, reason = "one table, a row per route")]
pub(crate) fn reads() -> Vec<Row> {
    let (n, no_body) = (Value::Null, "");
    let refs = json!({ "entityRefs": ["component:default/ours", "component:default/theirs"],
        "fields": ["kind"] });
    let facets = json!({ "facets": ["metadata.name"], "query": { "kind": "component" } });
    let empty_page = "{\"items\":[],\"totalItems\":0,\"pageInfo\":{}}";
    let (both, ours) = (
        "{\"value\":\"ours\",\"count\":1},{\"value\":\"theirs\",\"count\":1}",
        "[{\"value\":\"ours\",\"count\":1}]",
    );
    vec![
        row(
            "GET",
            "/entities?filter=kind=component",
            n.clone(),
            (200, "theirs"),
            (200, "[]"),
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-query?filter=kind=component",
            n.clone(),
            (200, "\"totalItems\":2"),
            (200, empty_page),
            (200, "\"totalItems\":1"),
        ),
        row(
            "POST",
            "/entities/by-query",
            json!({ "query": { "kind": "component" } }),
            (200, "\"totalItems\":2"),
            (200, empty_page),
            (200, "\"totalItems\":1"),
        ),
        row(
            "POST",
            "/entities/by-refs",
            refs,
            (200, "[{\"kind\":\"Component\"},{\"kind\":\"Component\"}]"),
            (200, "[null,null]"),
            (200, "[{\"kind\":\"Component\"},null]"),
        ),
        row(
            "GET",
            "/entities/by-uid/OURS",
            n.clone(),
            (200, "ours"),
            MISSING,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-uid/THEIRS",
            n.clone(),
            (200, "theirs"),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/ours",
            n.clone(),
            (200, "ours"),
            MISSING,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs",
            n.clone(),
            (200, "theirs"),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs/times",
            n.clone(),
            (200, "changedAt"),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/ours/times",
            n.clone(),
            (200, "changedAt"),
            MISSING,
            (200, "changedAt"),
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs/successors",
            n.clone(),
            (200, "{\"removedAt\":null,\"items\":[]}"),
            (200, "{\"removedAt\":null,\"items\":[]}"),
            (200, "{\"removedAt\":null,\"items\":[]}"),
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs/ancestry",
            n.clone(),
            (200, "theirs"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/ours/ancestry",
            n.clone(),
            (200, "generated-"),
            FORBIDDEN,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entity-facets?facet=metadata.name&filter=kind=component",
            n.clone(),
            (200, both),
            (200, "{\"facets\":{\"metadata.name\":[]}}"),
            (200, ours),
        ),
        row(
            "POST",
            "/entity-facets",
            facets,
            (200, both),
            (200, "{\"facets\":{\"metadata.name\":[]}}"),
            (200, ours),
        ),
        row(
            "GET",
            "/changes",
            n.clone(),
            (200, "event: ready"),
            (200, "event: ready"),
            (200, "event: ready"),
        ),
        row(
            "GET",
            "/locations",
            n.clone(),
            (200, FILE),
            (200, "[]"),
            (200, "[]"),
        ),
        row(
            "POST",
            "/locations/by-query",
            json!({}),
            (200, FILE),
            (200, "\"items\":[]"),
            (200, "\"items\":[]"),
        ),
        row(
            "GET",
            "/locations/ID",
            n.clone(),
            (200, FILE),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/locations/by-entity/component/default/ours",
            n.clone(),
            (200, FILE),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/unprocessed/failed",
            n.clone(),
            (200, "failed"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/entities/unprocessed/pending",
            n.clone(),
            (200, "pending"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/errors",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/conflicts",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/providers",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/held",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/.well-known/backstage/permissions/metadata",
            n.clone(),
            (200, "HAS_LABEL"),
            (200, "HAS_LABEL"),
            (200, "HAS_LABEL"),
        ),
        row(
            "GET",
            "/.backstage/actions/v1/actions",
            n.clone(),
            (200, "catalog:register-entity"),
            (200, ANY),
            (200, ANY),
        ),
        row(
            "GET",
            "/.backstage/scheduler/v1/tasks",
            n.clone(),
            (200, ANY),
            (200, ANY),
            (200, ANY),
        ),
        row(
            "GET",
            "/openapi.json",
            n,
            (200, "3.0.3"),
            (200, "3.0.3"),
            (200, no_body),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "one table, a row per route")]
pub(crate) fn writes() -> Vec<Row> {
    let n = Value::Null;
    let refresh = |name: &str| json!({ "entityRef": format!("component:default/{name}") });
    let other = json!({ "type": "url", "target": "https://git.example/other.yaml" });
    let valid: Value = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "x"}, "spec": {"type": "t", "lifecycle": "l", "owner": "o"}});
    let repository = json!({"location": {"type": "url", "target": "https://github.com/a/b"}});
    let conditions = json!({"items": [{"id": "1", "resourceRef": "component:default/ours",
        "resourceType": "catalog-entity", "conditions": {"rule": "HAS_SPEC",
        "resourceType": "catalog-entity", "params": {"key": "type"}}}]});
    let no_uid = "/entities/by-uid/00000000-0000-4000-8000-000000000000";
    vec![
        row(
            "POST",
            "/refresh",
            refresh("ours"),
            (200, ANY),
            FORBIDDEN,
            (200, ANY),
        ),
        row(
            "POST",
            "/refresh",
            refresh("theirs"),
            (200, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/refresh",
            refresh("missing"),
            (404, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/validate-entity",
            json!({"location": "url:https://a.example/", "entity": valid}),
            (200, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/analyze-location",
            repository,
            (200, "generateEntities"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/.well-known/backstage/permissions/apply-conditions",
            conditions,
            FORBIDDEN,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/.backstage/actions/v1/actions/{id}/invoke",
            json!({}),
            (404, ANY),
            (404, ANY),
            (404, ANY),
        ),
        row(
            "POST",
            "/locations",
            other.clone(),
            (201, "other"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/locations?dryRun=true",
            json!({"type": "url", "target": FILE}),
            (201, "ours"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "PUT",
            "/locations/ID",
            other,
            (200, "other"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/locations/ID",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/entities/by-uid/OURS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            (204, ANY),
        ),
        row(
            "DELETE",
            "/entities/by-uid/THEIRS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            no_uid,
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/entities/unprocessed/delete/OURS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/held/people/approve",
            n.clone(),
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/providers/people/refresh",
            n.clone(),
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/held/people/reject",
            n,
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
    ]
}
