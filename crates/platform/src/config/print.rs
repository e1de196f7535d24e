//! Shows a configuration without its secrets.

use serde_json::{Map, Value};

use super::handle::Config;
use super::schema::{self, Node, Property};
use super::secret::{REDACTED, Secret};

/// The configuration with `***` for every secret.
pub fn redacted(config: &Config) -> Value {
    Redaction::of(config).0
}

/// Every secret of the configuration, for [`redact`](super::redact).
pub fn secrets(config: &Config) -> Vec<Secret> {
    let mut secrets = Redaction::of(config).1.secrets;
    secrets.sort_unstable();
    secrets.dedup();
    secrets
}

#[derive(Default)]
struct Redaction {
    secrets: Vec<Secret>,
    /// For browsers: some keys are named like secrets and are none.
    is_public: bool,
}

/// Parts of names that tell a secret.
const SECRET_NAMES: [&str; 14] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "connectionstring",
    "dsn",
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
        let document = schema::document();
        let mut redaction = Self::default();
        let shown = redaction.value(Some(Node::root(&document)), config.root(), false);
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
            Value::String(text) => Value::String(self.hide_credentials(text)),
            Value::Number(number) if is_secret => self.hide(&number.to_string()),
            scalar => scalar.clone(),
        }
    }

    fn entry(&mut self, parent: Option<Node<'_>>, key: &str, value: &Value, secret: bool) -> Value {
        match parent.map(|parent| parent.property(key)) {
            // The schema knows which of its keys are secret; only unknown ones are judged by name.
            Some(Property::Known(node)) if !is_free(node) => self.value(Some(node), value, secret),
            _ => self.value(None, value, secret || self.is_secret_name(key, value)),
        }
    }

    fn hide(&mut self, text: &str) -> Value {
        if matches!(text, "" | ":memory:") {
            return Value::String(text.to_owned());
        }
        if let Some(shown) = self.hide_authorization(text) {
            return Value::String(shown);
        }
        self.secrets.push(Secret::new(text));
        Value::String(REDACTED.to_owned())
    }

    /// `Bearer ***` for the value of an authorization header.
    fn hide_authorization(&mut self, text: &str) -> Option<String> {
        let (scheme, credential) = text.split_once(' ')?;
        if !["bearer", "basic", "token"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return None;
        }
        self.secrets.push(Secret::new(credential));
        Some(format!("{scheme} {REDACTED}"))
    }

    /// Whether a key that no schema knows is named like a secret.
    fn is_secret_name(&self, key: &str, value: &Value) -> bool {
        if self.is_public && PUBLIC_NAMES.contains(&key) {
            return false;
        }
        let letters = key.chars().filter(char::is_ascii_alphanumeric);
        let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        let is_short_name = matches!(name.as_str(), "key" | "pat") && value.is_string();
        is_short_name || SECRET_NAMES.iter().any(|part| name.contains(part))
    }

    /// Hides the password of a URL and the value of an authorization header.
    fn hide_credentials(&mut self, text: &str) -> String {
        if let Some(shown) = self.hide_authorization(text) {
            return shown;
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return text.to_owned();
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // The last `@` ends the credentials, also when a password has one that is not escaped.
        let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'));
        let Some(at) = at else { return text.to_owned() };
        let (credentials, host) = rest.split_at(at);
        let Some((user, password)) = credentials.split_once(':') else {
            self.secrets.push(Secret::new(credentials));
            return format!("{scheme}://{REDACTED}{host}");
        };
        self.secrets.push(Secret::new(password));
        format!("{scheme}://{user}:{REDACTED}{host}")
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
    let document = schema::document();
    let mut shown = Map::new();
    let root = Node::root(&document);
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
