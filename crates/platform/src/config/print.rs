//! Shows a configuration without its secrets.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::conceal;
use super::handle::Config;
use super::nearest::nearest;
use super::schema::{self, Node, Property};
use super::secret::{REDACTED, Secret, redact};

/// Shorter secrets are hidden where they are, but not looked for elsewhere: they may be words.
const MIN_REPEATED_LEN: usize = 8;

/// Headers that hold no secret.
const PLAIN_HEADERS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-type",
    "host",
    "origin",
    "referer",
    "user-agent",
    "x-accel-buffering",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-frame-options",
    "x-requested-with",
];

/// The configuration with `***` for every secret, wherever it is repeated.
pub fn redacted(config: &Config) -> Value {
    let (shown, redaction) = Redaction::of(config);
    let mut secrets = redaction.secrets;
    secrets.retain(|secret| secret.expose().len() >= MIN_REPEATED_LEN);
    everywhere(shown, &secrets)
}

/// Hides secrets also in texts that repeat them.
fn everywhere(shown: Value, secrets: &[Secret]) -> Value {
    let hide = |text: String| match redact(&text, secrets) {
        Cow::Borrowed(_) => text,
        Cow::Owned(hidden) => hidden,
    };
    match shown {
        Value::String(text) => Value::String(hide(text)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| everywhere(item, secrets))
            .collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (hide(key), everywhere(value, secrets)))
            .collect::<Map<_, _>>()
            .into(),
        scalar => scalar,
    }
}

/// Every secret of the configuration, for [`redact`](super::redact).
pub fn secrets(config: &Config) -> Vec<Secret> {
    let mut secrets = Redaction::of(config).1.secrets;
    secrets.sort_unstable();
    secrets.dedup();
    secrets
}

/// Whether a key that nobody knows is a slip of the pen for a secret: `pasword`.
fn is_meant_secret(parent: Option<Node<'_>>, key: &str) -> bool {
    let known = parent.into_iter().flat_map(Node::property_names);
    let meant = nearest(key, known.chain(MISTYPED));
    meant.is_some_and(conceal::is_secret_text_name)
}

#[derive(Default)]
struct Redaction {
    secrets: Vec<Secret>,
    /// For browsers: some keys are named like secrets and are none.
    is_public: bool,
}

/// Secrets that are mistyped where no schema knows the keys.
const MISTYPED: [&str; 6] = [
    "password",
    "token",
    "secret",
    "clientSecret",
    "apiKey",
    "privateKey",
];
/// Keys below `app` that are made to be seen by browsers.
const PUBLIC_NAMES: [&str; 2] = ["clientToken", "dsn"];

impl Redaction {
    fn public() -> Self {
        Self {
            is_public: true,
            ..Self::default()
        }
    }

    fn of(config: &Config) -> (Value, Self) {
        let mut redaction = Self::default();
        let root = Node::root(schema::document());
        let shown = redaction.value(Some(root), config.root(), false);
        (shown, redaction)
    }

    /// What may be shown of a value; `node` is absent where no schema says what it is.
    fn value(&mut self, node: Option<Node<'_>>, value: &Value, is_secret: bool) -> Value {
        let branch = node.and_then(|node| node.select(value));
        let is_secret =
            is_secret || node.is_some_and(Node::is_secret) || branch.is_some_and(Node::is_secret);
        match value {
            Value::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), self.entry(branch, key, value, is_secret)))
                    .collect(),
            ),
            Value::Array(items) => {
                let node = branch.and_then(Node::items);
                items
                    .iter()
                    .map(|item| self.value(node, item, is_secret))
                    .collect()
            }
            Value::String(text) if is_secret => self.hide(text),
            Value::String(text) => Value::String(conceal::conceal(text, &mut self.secrets)),
            Value::Number(number) if is_secret => self.hide(&number.to_string()),
            scalar => scalar.clone(),
        }
    }

    fn entry(&mut self, parent: Option<Node<'_>>, key: &str, value: &Value, secret: bool) -> Value {
        let node = match parent.map(|parent| parent.property(key)) {
            Some(Property::Known(node)) if !is_free(node) => Some(node),
            _ => None,
        };
        match value {
            Value::Object(headers) if is_headers(key) && node.is_none_or(holds_anything) => {
                let header = |(name, value): (&String, &Value)| {
                    let is_plain = PLAIN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
                    let shown = self.value(None, value, secret || !is_plain);
                    (name.clone(), shown)
                };
                return Value::Object(headers.iter().map(header).collect());
            }
            Value::String(text) if !secret && conceal::is_webhook(key, text) => {
                return Value::String(conceal::host_only(text, &mut self.secrets));
            }
            _ => {}
        }
        // The schema knows which of its keys are secret; only unknown ones are judged by name.
        let is_secret = secret
            || node.is_none() && (self.is_secret_name(key, value) || is_meant_secret(parent, key));
        self.value(node, value, is_secret)
    }

    fn hide(&mut self, text: &str) -> Value {
        if matches!(text, "" | ":memory:") {
            return Value::String(text.to_owned());
        }
        if let Some(shown) = conceal::authorization(text, &mut self.secrets) {
            return Value::String(shown);
        }
        self.secrets.push(Secret::new(text));
        Value::String(REDACTED.to_owned())
    }

    /// Whether a key that no schema knows is named like a secret.
    fn is_secret_name(&self, key: &str, value: &Value) -> bool {
        if self.is_public && PUBLIC_NAMES.contains(&key) {
            return false;
        }
        match value {
            Value::String(text) => {
                conceal::is_secret_text_name(key) || is_connection_string(key, text)
            }
            _ => conceal::is_secret_name(key),
        }
    }
}

/// Whether a text tells how to reach a database, as `connection: postgres://…` does.
fn is_connection_string(key: &str, text: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named = [
        "connection",
        "connectionuri",
        "connectionurl",
        "databaseurl",
    ];
    is_named.contains(&key.as_str()) && text.contains(['@', '='])
}

/// Whether the values of a key are headers.
fn is_headers(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with("headers")
}

/// Whether a schema says nothing about the values of an object.
fn holds_anything(node: Node<'_>) -> bool {
    match node.property("any") {
        Property::Known(values) => is_free(values),
        Property::Open => true,
        Property::Unknown => false,
    }
}

/// Whether a schema says nothing about a value.
fn is_free(node: Node<'_>) -> bool {
    !node.is_secret()
        && ["type", "anyOf", "oneOf", "const", "enum"]
            .iter()
            .all(|key| node.keyword(key).is_none())
}

/// What browsers may see of the configuration.
pub fn frontend(config: &Config) -> Value {
    let mut shown = Map::new();
    let root = Node::root(schema::document());
    for (name, value) in config.root().as_object().into_iter().flatten() {
        let visible = match root.property(name) {
            Property::Known(node) => visible(node, value),
            _ => None,
        };
        let visible = visible.or_else(|| visible_part(name, value));
        shown.extend(visible.map(|value| (name.clone(), value)));
    }
    Value::Object(shown)
}

/// The part of a value the schema shows to browsers.
fn visible(node: Node<'_>, value: &Value) -> Option<Value> {
    let branch = node.select(value)?;
    if node.is_secret() || branch.is_secret() {
        return None;
    }
    let visibility = node
        .text("x-visibility")
        .or_else(|| branch.text("x-visibility"));
    if visibility == Some("keys") {
        return value.is_object().then(|| Value::Object(Map::new()));
    }
    if visibility == Some("frontend") {
        return Some(Redaction::public().value(Some(node), value, false));
    }
    match value {
        Value::Object(entries) => {
            let shown: Map<String, Value> = entries
                .iter()
                .filter_map(|(key, value)| match branch.property(key) {
                    Property::Known(node) => Some((key.clone(), visible(node, value)?)),
                    _ => None,
                })
                .collect();
            (!shown.is_empty()).then_some(Value::Object(shown))
        }
        Value::Array(items) => {
            let node = branch.items()?;
            let shown: Vec<Value> = items
                .iter()
                .filter_map(|item| visible(node, item))
                .collect();
            (!shown.is_empty()).then_some(Value::Array(shown))
        }
        _ => None,
    }
}

/// Keys of other sections that Backstage's plugins show to browsers; `*` stands for every key or item.
const VISIBLE: &[&str] = &[
    "techdocs.builder",
    "techdocs.sanitizer",
    "search.query",
    "homepage",
    "kubernetes.clusterLocatorMethods.*.type",
    "kubernetes.clusterLocatorMethods.*.clusters.*.name",
    "kubernetes.clusterLocatorMethods.*.clusters.*.title",
    "kubernetes.clusterLocatorMethods.*.clusters.*.authProvider",
    "kubernetes.clusterLocatorMethods.*.clusters.*.oidcTokenProvider",
    "kubernetes.clusterLocatorMethods.*.clusters.*.dashboardUrl",
    "kubernetes.clusterLocatorMethods.*.clusters.*.dashboardApp",
    "kubernetes.frontend",
    "discovery.endpoints.*.plugins",
    "discovery.endpoints.*.target.external",
];

/// The parts of a section that [`VISIBLE`] lists.
fn visible_part(name: &str, value: &Value) -> Option<Value> {
    let patterns = VISIBLE.iter().filter_map(|pattern| {
        let rest = pattern.strip_prefix(name)?;
        if rest.is_empty() {
            Some("")
        } else {
            rest.strip_prefix('.')
        }
    });
    pick(value, &patterns.collect::<Vec<_>>())
}

fn pick(value: &Value, patterns: &[&str]) -> Option<Value> {
    if patterns.contains(&"") {
        return Some(Redaction::public().value(None, value, false));
    }
    let below = |key: &str| -> Vec<&str> {
        let heads = patterns
            .iter()
            .map(|pattern| pattern.split_once('.').unwrap_or((pattern, "")));
        heads
            .filter(|(head, _)| *head == "*" || *head == key)
            .map(|(_, rest)| rest)
            .collect()
    };
    match value {
        Value::Object(entries) => {
            let shown: Map<String, Value> = entries
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), pick(value, &below(key))?)))
                .collect();
            (!shown.is_empty()).then_some(Value::Object(shown))
        }
        Value::Array(items) if !patterns.is_empty() => {
            let rest = below("*");
            let shown: Vec<Value> = items.iter().filter_map(|item| pick(item, &rest)).collect();
            (!shown.is_empty()).then_some(Value::Array(shown))
        }
        _ => None,
    }
}
