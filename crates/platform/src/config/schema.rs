//! The schema of our keys, made from the types that read them.
//!
//! Invariant: `docs/config.schema.json` and `docs/config.md` are this document; a test compares them.
//! Besides JSON Schema's keywords it has `x-visibility` (`frontend`, `secret`, or `keys` when browsers
//! see only the names; nothing for the rest), `x-ignored` (why a key of Backstage has no effect
//! here), `x-type` (the type in words) and `x-check` (which type has to understand the value).

use std::fmt::Write as _;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::app::{AppConfig, CallboardConfig, OrganizationConfig};
use super::auth::AuthConfig;
use super::backend::BackendConfig;
use super::catalog::CatalogConfig;
use super::de::number_in;
use super::discovery::DiscoveryConfig;
use super::integrations::IntegrationsConfig;
use super::permission::PermissionConfig;
use super::proxy::ProxyConfig;
use super::scaffolder::ScaffolderConfig;

/// Configuration of Callboard: the sections of `app-config.yaml` it reads.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "exists for its schema only; sections are read one by one"
)]
#[schemars(rename = "Configuration", extend("additionalProperties" = true))]
struct Sections {
    /// The portal as browsers see it.
    app: Option<AppConfig>,
    /// Who runs the portal.
    organization: Option<OrganizationConfig>,
    /// The server.
    backend: Option<BackendConfig>,
    /// Sign-in and the tokens of users.
    auth: Option<AuthConfig>,
    /// The software catalog.
    catalog: Option<CatalogConfig>,
    /// Source control hosts.
    integrations: Option<IntegrationsConfig>,
    /// Whether and how requests are authorized.
    permission: Option<PermissionConfig>,
    /// Plugins that run elsewhere.
    discovery: Option<DiscoveryConfig>,
    /// Other services behind the portal's address.
    proxy: Option<ProxyConfig>,
    /// Templates and their tasks.
    scaffolder: Option<ScaffolderConfig>,
    /// What only Callboard knows.
    callboard: Option<CallboardConfig>,
}

/// The JSON Schema of all keys, made once.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let mut document = generator.into_root_schema_for::<Sections>().to_value();
        tidy(&mut document);
        document
    });
    &DOCUMENT
}

/// Says of optional keys what may be written, not how Rust stores their absence.
fn tidy(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(keywords) => {
            keywords.values_mut().for_each(tidy);
            drop_null_type(keywords);
            drop_plain_default(keywords);
            if keywords.contains_key("properties") && !keywords.contains_key("additionalProperties")
            {
                keywords.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        _ => {}
    }
}

fn drop_null_type(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keywords.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(branches)) = keywords.get_mut("anyOf") else {
        return;
    };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    if branches.len() > 1 {
        return;
    }
    if let Some(Value::Array(mut branches)) = keywords.remove("anyOf")
        && let Some(Value::Object(only)) = branches.pop()
    {
        for (keyword, value) in only {
            keywords.entry(keyword).or_insert(value);
        }
    }
}

/// Defaults that say nothing: null, empty lists, and objects, whose keys have their own.
fn drop_plain_default(keywords: &mut Map<String, Value>) {
    let plain = match keywords.get("default") {
        Some(Value::Null | Value::Object(_)) => true,
        Some(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    if plain {
        keywords.remove("default");
    }
}

/// One schema inside the document, with the place that refers to it.
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    document: &'s Value,
    site: &'s Value,
    target: &'s Value,
}

/// What a schema says about a key.
pub(super) enum Property<'s> {
    /// It has a schema.
    Known(Node<'s>),
    /// It may be there, and nothing more is known.
    Open,
    /// It may not be there.
    Unknown,
}

impl<'s> Node<'s> {
    pub(super) fn root(document: &'s Value) -> Self {
        Self {
            document,
            site: document,
            target: document,
        }
    }

    fn of(self, site: &'s Value) -> Self {
        let reference = site.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|r| self.document.pointer(r.strip_prefix('#')?));
        Self {
            document: self.document,
            site,
            target: target.unwrap_or(site),
        }
    }

    /// A keyword of the schema; the place that refers to it says more than the shared definition.
    pub(super) fn keyword(self, name: &str) -> Option<&'s Value> {
        self.site.get(name).or_else(|| self.target.get(name))
    }

    pub(super) fn text(self, name: &str) -> Option<&'s str> {
        self.keyword(name).and_then(Value::as_str)
    }

    pub(super) fn is_secret(self) -> bool {
        self.text("x-visibility") == Some("secret")
    }

    /// The alternatives, flattened; the schema itself when it has none.
    pub(super) fn branches(self) -> Vec<Self> {
        let alternatives = self
            .target
            .get("anyOf")
            .or_else(|| self.target.get("oneOf"));
        match alternatives.and_then(Value::as_array) {
            Some(sites) => sites
                .iter()
                .flat_map(|site| self.of(site).branches())
                .collect(),
            None => vec![self],
        }
    }

    /// The alternative that describes this value, preferably without a conversion.
    pub(super) fn select(self, value: &Value) -> Option<Self> {
        let branches = self.branches();
        let exact = branches.iter().find(|branch| branch.accepts(value, false));
        exact
            .or_else(|| branches.iter().find(|branch| branch.accepts(value, true)))
            .copied()
    }

    /// Whether the value has this schema's type; `convert` allows strings for numbers and so on.
    fn accepts(self, value: &Value, convert: bool) -> bool {
        if let Some(constant) = self.keyword("const") {
            return constant == value || (convert && as_text(constant) == as_text(value));
        }
        match (self.text("type"), value) {
            (None, _)
            | (Some("object"), Value::Object(_))
            | (Some("array"), Value::Array(_))
            | (Some("string"), Value::String(_))
            | (Some("boolean"), Value::Bool(_))
            | (Some("number"), Value::Number(_)) => true,
            (Some("integer"), Value::Number(number)) => number.is_i64() || number.is_u64(),
            (Some("string"), Value::Number(_) | Value::Bool(_)) => convert,
            (Some("boolean"), Value::String(text)) => {
                convert && matches!(&**text, "true" | "false")
            }
            (Some("number"), Value::String(text)) => convert && number_in(text).is_some(),
            (Some("integer"), Value::String(text)) => {
                convert && number_in(text).is_some_and(|number| number.is_i64() || number.is_u64())
            }
            _ => false,
        }
    }

    pub(super) fn property(self, key: &str) -> Property<'s> {
        let named = self
            .keyword("properties")
            .and_then(|properties| properties.get(key));
        if let Some(site) = named {
            return Property::Known(self.of(site));
        }
        match self.keyword("additionalProperties") {
            Some(Value::Bool(false)) => Property::Unknown,
            // Keys that are paths; anything else is none of them.
            Some(Value::Object(_))
                if self
                    .text("x-keys")
                    .is_some_and(|start| !key.starts_with(start)) =>
            {
                Property::Open
            }
            Some(site @ Value::Object(_)) => Property::Known(self.of(site)),
            _ => Property::Open,
        }
    }

    pub(super) fn items(self) -> Option<Self> {
        self.keyword("items").map(|site| self.of(site))
    }

    pub(super) fn property_names(self) -> impl Iterator<Item = &'s str> {
        let properties = self.keyword("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flat_map(|properties| properties.keys().map(String::as_str))
    }

    pub(super) fn required(self) -> impl Iterator<Item = &'s str> {
        let names = self.keyword("required").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// A scalar as text, to compare it with another spelling of itself.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The reference of all keys as Markdown.
pub fn markdown() -> String {
    let root = Node::root(document());
    let mut text = String::from(INTRODUCTION);
    for section in root.property_names() {
        let Property::Known(node) = root.property(section) else {
            continue;
        };
        let description = node.text("description").unwrap_or_default();
        let _ = write!(text, "\n## `{section}`\n\n{description}\n\n");
        text.push_str("| Key | Type | Default | Description |\n|---|---|---|---|\n");
        rows(node, section, &mut text);
    }
    text
}

const INTRODUCTION: &str = "# Configuration reference

<!-- Generated from the types in `crates/platform/src/config`; do not edit. -->

Callboard reads the `app-config.yaml` of Backstage.
This page lists every key it knows; `callboard config check` reports the others.
`secret` values are never printed, and `frontend` values are sent to browsers.
A duration is written as `PT10M`, `10 minutes` or `{ minutes: 10 }`.
";

fn rows(node: Node<'_>, path: &str, text: &mut String) {
    for branch in node.branches() {
        for key in branch.property_names() {
            if let Property::Known(child) = branch.property(key) {
                row(child, &format!("{path}.{key}"), text);
            }
        }
        match branch.keyword("additionalProperties") {
            Some(site @ Value::Object(_)) => rows(branch.of(site), &format!("{path}.<name>"), text),
            _ => {
                if let Some(items) = branch.items() {
                    rows(items, &format!("{path}[]"), text);
                }
            }
        }
    }
}

fn row(node: Node<'_>, path: &str, text: &mut String) {
    let default = node
        .keyword("default")
        .map(|value| format!("`{value}`"))
        .unwrap_or_default();
    let mut description = node
        .text("description")
        .unwrap_or_default()
        .replace('\n', " ");
    if let Some(reason) = node.text("x-ignored") {
        let _ = write!(description, " Accepted without effect: {reason}.");
    }
    if node.keyword("deprecated").is_some() {
        description.push_str(" Deprecated.");
    }
    let mut kind = kind(node);
    for branch in node.branches() {
        let visibility = branch
            .text("x-visibility")
            .or_else(|| node.text("x-visibility"));
        if let Some(visibility @ ("secret" | "frontend")) = visibility {
            let _ = write!(kind, ", {visibility}");
            break;
        }
    }
    let _ = writeln!(
        text,
        "| `{path}` | {kind} | {default} | {} |",
        description.replace('|', "\\|")
    );
    if node.keyword("x-type").is_none() && node.keyword("x-ignored").is_none() {
        rows(node, path, text);
    }
}

/// The type of a key in words.
fn kind(node: Node<'_>) -> String {
    if let Some(name) = node.text("x-type") {
        return name.to_owned();
    }
    let mut kinds: Vec<String> = Vec::new();
    for branch in node.branches() {
        let kind = match (
            branch.keyword("const"),
            branch.keyword("enum"),
            branch.text("type"),
        ) {
            (Some(constant), _, _) => format!("`{}`", as_text(constant).unwrap_or_default()),
            (_, Some(Value::Array(values)), _) => {
                let names = values
                    .iter()
                    .filter_map(as_text)
                    .map(|name| format!("`{name}`"));
                names.collect::<Vec<_>>().join(", ")
            }
            (_, _, Some("array")) => match branch.items() {
                Some(items) => format!("list of {}", kind_of_item(items)),
                None => "list".to_owned(),
            },
            (_, _, Some("integer")) => "whole number".to_owned(),
            (_, _, Some("object")) => match branch.keyword("additionalProperties") {
                Some(site @ Value::Object(_)) => {
                    format!("map of {}", kind_of_item(branch.of(site)))
                }
                _ => "object".to_owned(),
            },
            (_, _, Some(name)) => name.to_owned(),
            _ => "anything".to_owned(),
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(", ")
}

fn kind_of_item(items: Node<'_>) -> String {
    let kind = kind(items);
    if kind.contains(", ") {
        format!("({kind})")
    } else {
        kind
    }
}
