//! Requests that change nothing although they are no `GET`: questions with a body, and checks.
//! They leave no record, and programs that may only read can send them.

/// Plugins and templates of their routes.
pub(crate) const ALL: &[(&str, &str)] = &[
    ("auth", "/v1/introspect"),
    // Sessions go on by these; that one begins is recorded by itself.
    ("auth", "/guest/refresh"),
    ("auth", "/{provider}/refresh"),
    ("catalog", "/analyze-location"),
    ("catalog", "/entities/by-query"),
    ("catalog", "/entities/by-refs"),
    ("catalog", "/entity-facets"),
    ("catalog", "/locations/by-query"),
    ("catalog", "/validate-entity"),
    (
        "catalog",
        "/.well-known/backstage/permissions/apply-conditions",
    ),
    ("user-settings", "/multiget"),
    ("permission", "/authorize"),
    ("permission", "/dry-run"),
    ("permission", "/explain"),
    (
        "permission",
        "/.well-known/backstage/permissions/apply-conditions",
    ),
    ("scaffolder", "/v2/dry-run"),
    ("scaffolder", "/v2/autocomplete/{provider}/{resource}"),
    (
        "scaffolder",
        "/.well-known/backstage/permissions/apply-conditions",
    ),
];

/// Whether tokens that may only read can send a request, whatever its method. Of actions some only
/// read, and each looks at the token itself.
pub(crate) fn is_read(plugin: &str, route: &str) -> bool {
    ALL.contains(&(plugin, route)) || INVOKE.contains(&route)
}

/// Routes of every plugin that call an action.
const INVOKE: &[&str] = &[
    "/.backstage/actions/v1/actions/{id}/invoke",
    "/.backstage/actions/v2/actions/{id}/invoke",
];
