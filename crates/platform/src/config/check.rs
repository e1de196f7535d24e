//! Finds everything that is wrong with a configuration, at once.
//!
//! Three passes: the schema (unknown keys, wrong types, missing keys), the types themselves (texts
//! that are no durations, options that do not fit together), and rules across keys. Problems never
//! contain a value.

mod words;

use std::collections::BTreeSet;

use model::{Problem, Severity, pointer};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::access::ExternalAccess;
use super::app::{AppConfig, CallboardConfig, OrganizationConfig};
use super::auth::AuthConfig;
use super::backend::BackendConfig;
use super::catalog::CatalogConfig;
use super::database::ConnectionKind;
use super::discovery::DiscoveryConfig;
use super::duration::{HumanDuration, Millis};
use super::environment::Environment;
use super::handle::Config;
use super::integrations::IntegrationsConfig;
use super::listen::ListenConfig;
use super::load::{LoadOptions, load, load_text};
use super::nearest::nearest;
use super::permission::PermissionConfig;
use super::providers::{OAUTH_PROVIDERS, PROXY_PROVIDERS};
use super::proxy::ProxyConfig;
use super::scaffolder::ScaffolderConfig;
use super::schema::{self, Node, Property, as_text};
use super::shape::Interval;
use super::transform::MAX_PROBLEMS;
use super::{de, path, sections};

use words::{allowed_values, kind_in_words, known_keys, value_in_words};

/// Loads and checks; all problems, sorted by file and line.
pub fn load_and_check(options: &LoadOptions) -> (Config, Vec<Problem>) {
    let (config, mut problems) = load(options);
    // Where a file could not be read, what is not set says nothing.
    let is_whole = !problems.iter().any(is_of_file);
    let found = check(&config).into_iter();
    problems.extend(found.filter(|problem| is_whole || problem.code != NOT_SET));
    sort(&config, &mut problems);
    (config, problems)
}

/// Code of notes about defaults.
const NOT_SET: &str = "config.default";

/// Whether a file as a whole could not be read.
fn is_of_file(problem: &Problem) -> bool {
    problem.severity == Severity::Error && problem.path.is_empty()
}

/// Loads and checks one text without any file or variable; never panics, whatever the text is.
pub fn parse_and_check(text: &str) -> Vec<Problem> {
    let (config, mut problems) = load_text("app-config.yaml", text, &Environment::default());
    problems.extend(check(&config));
    sort(&config, &mut problems);
    problems
}

/// Everything that is wrong with a loaded configuration, sorted by file and line.
pub fn check(config: &Config) -> Vec<Problem> {
    let mut checker = Checker {
        config,
        problems: Vec::new(),
    };
    checker.sections(Node::root(schema::document()));
    checker.types();
    checker.rules();
    sort(config, &mut checker.problems);
    checker.problems
}

/// By file in the order of reading, then by line; what has no place comes last.
fn sort(config: &Config, problems: &mut Vec<Problem>) {
    let order = |problem: &Problem| {
        let number = config
            .sources()
            .find(problem.file.as_deref().unwrap_or_default());
        (
            number.unwrap_or(usize::MAX),
            problem.position,
            problem.path.clone(),
        )
    };
    problems.sort_by_cached_key(order);
    let mut seen = BTreeSet::new();
    problems.retain(|problem| {
        seen.insert((
            problem.file.clone(),
            problem.path.clone(),
            problem.message.clone(),
        ))
    });
}

struct Checker<'c> {
    config: &'c Config,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn report(&mut self, severity: Severity, problem: Problem) {
        if self.problems.len() + 1 >= MAX_PROBLEMS {
            if self.problems.len() + 1 == MAX_PROBLEMS {
                let message =
                    format!("more problems were found; these are the first {MAX_PROBLEMS}");
                self.problems
                    .push(Problem::error("config.more", "", message));
            }
            return;
        }
        let origin = self.config.origin_at(&problem.path);
        let problem = Problem {
            severity,
            ..problem
        };
        self.problems.push(match origin {
            Some(origin) => problem.at(&*origin.file, origin.position),
            None => problem,
        });
    }

    fn error(&mut self, code: &str, at: &str, message: String, hint: Option<String>) {
        let problem = Problem::error(code, at, message);
        self.report(Severity::Error, Problem { hint, ..problem });
    }

    fn note(&mut self, code: &str, at: &str, message: String) {
        self.report(Severity::Info, Problem::error(code, at, message));
    }

    fn has_error_below(&self, at: &str) -> bool {
        let is_below = |path: &str| {
            path.strip_prefix(at)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut errors = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        errors.any(|problem| is_below(&problem.path))
    }

    /// The first pass, at the top: sections we read, sections of others, and slips of the pen.
    fn sections(&mut self, root: Node<'_>) {
        let Some(entries) = self.config.root().as_object() else {
            return;
        };
        for (name, value) in entries {
            let at = pointer::member("", name);
            if let Property::Known(node) = root.property(name) {
                self.value(node, value, &at);
            } else if let Some(owner) = sections::owner(name) {
                self.not_read(&at, name, owner);
            } else if let Some(close) =
                nearest(name, root.property_names().chain(sections::names()))
            {
                let message = format!("unknown section `{name}`");
                let hint = format!("did you mean `{close}`?");
                self.error("config.unknown-key", &at, message, Some(hint));
            } else {
                self.not_read(&at, name, "a plugin Callboard does not know");
            }
        }
    }

    fn not_read(&mut self, at: &str, name: &str, owner: &str) {
        let message = format!("`{name}` belongs to {owner} and is not read");
        self.note("config.not-read", at, message);
    }

    fn value(&mut self, node: Node<'_>, value: &Value, at: &str) {
        if let Some(reason) = node.text("x-ignored") {
            let message = format!("`{}` has no effect: {reason}", path::of_pointer(at));
            self.note("config.no-effect", at, message);
        }
        if node.keyword("deprecated").is_some() {
            let message = format!("`{}` is deprecated", path::of_pointer(at));
            self.note("config.deprecated", at, message);
        }
        let Some(branch) = node.select(value) else {
            return self.wrong_type(node, value, at);
        };
        match value {
            Value::Object(entries) => self.object(branch, entries, at),
            Value::Array(items) => {
                for (item, index) in items.iter().zip(0_usize..) {
                    let Some(node) = branch.items() else { break };
                    self.value(node, item, &format!("{at}/{index}"));
                }
            }
            scalar => self.scalar(branch, scalar, at),
        }
        if let Some(name) = node.text("x-check")
            && !self.has_error_below(at)
        {
            self.understood(name, value, at);
        }
    }

    /// Asks the type that will read a value; the schema cannot say everything.
    fn understood(&mut self, name: &str, value: &Value, at: &str) {
        let result = match name {
            "duration" => de::from_value::<HumanDuration>(value).err(),
            "duration-or-milliseconds" => de::from_value::<Millis>(value).err(),
            "duration-or-false" => de::from_value::<Interval>(value).err(),
            "listen" => de::from_value::<ListenConfig>(value).err(),
            "external-access" => de::from_value::<ExternalAccess>(value).err(),
            _ => None,
        };
        if let Some(misfit) = result {
            let at = at.to_owned() + &misfit.pointer;
            let message = format!("`{}`: {}", path::of_pointer(&at), misfit.message);
            self.error("config.value", &at, message, None);
        }
    }

    fn object(&mut self, node: Node<'_>, entries: &Map<String, Value>, at: &str) {
        for (key, value) in entries {
            let at = pointer::member(at, key);
            match node.property(key) {
                Property::Known(child) => self.value(child, value, &at),
                Property::Unknown => self.unknown_key(node, key, &at),
                Property::Open => self.open_key(node, key, &at),
            }
        }
        // A key that is only misspelled has had its message.
        let misspelled = |missing: &str| {
            entries.keys().any(|key| {
                matches!(node.property(key), Property::Unknown)
                    && nearest(key, node.property_names()) == Some(missing)
            })
        };
        let missing = node.required().filter(|key| !entries.contains_key(*key));
        for key in missing.filter(|key| !misspelled(key)) {
            let message = format!("`{}` needs the key `{key}`", path::of_pointer(at));
            self.error("config.missing-key", at, message, None);
        }
    }

    fn unknown_key(&mut self, node: Node<'_>, key: &str, at: &str) {
        let hint = nearest(key, node.property_names()).map_or_else(
            || known_keys(node),
            |close| format!("did you mean `{close}`?"),
        );
        let message = format!("unknown key `{}`", path::of_pointer(at));
        self.error("config.unknown-key", at, message, Some(hint));
    }

    /// A key of an object that others may add to: only a slip of the pen is worth a word.
    fn open_key(&mut self, node: Node<'_>, key: &str, at: &str) {
        let name = path::of_pointer(at);
        if let Some(close) = nearest(key, node.property_names()) {
            let problem = Problem::error("config.unknown-key", at, format!("unknown key `{name}`"))
                .with_hint(format!("did you mean `{close}`?"));
            self.report(Severity::Warning, problem);
        }
    }

    fn wrong_type(&mut self, node: Node<'_>, value: &Value, at: &str) {
        let name = path::of_pointer(at);
        let allowed = allowed_values(node);
        if let (false, Some(text)) = (allowed.is_empty(), as_text(value)) {
            let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("`{name}` must be one of {}", names.join(", "));
            let close = nearest(&text, allowed.iter().map(String::as_str));
            let hint = close.map(|close| format!("did you mean `{close}`?"));
            return self.error("config.value", at, message, hint);
        }
        let mut kinds: Vec<&str> = node
            .branches()
            .into_iter()
            .filter_map(kind_in_words)
            .collect();
        kinds.dedup();
        let message = format!(
            "`{name}` must be {}, not {}",
            kinds.join(" or "),
            value_in_words(value)
        );
        self.error("config.type", at, message, None);
    }

    fn scalar(&mut self, node: Node<'_>, value: &Value, at: &str) {
        if let Some(Value::Array(allowed)) = node.keyword("enum")
            && !allowed.contains(value)
        {
            return self.wrong_type(node, value, at);
        }
        let Some(number) = as_text(value).and_then(|text| text.trim().parse::<f64>().ok()) else {
            return;
        };
        let bound = |keyword| node.keyword(keyword).and_then(Value::as_f64);
        let name = path::of_pointer(at);
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            self.error(
                "config.range",
                at,
                format!("`{name}` must be at least {least}"),
                None,
            );
        }
        if let Some(most) = bound("maximum").filter(|most| number > *most) {
            self.error(
                "config.range",
                at,
                format!("`{name}` must be at most {most}"),
                None,
            );
        }
    }

    /// The second pass: reads every section; nothing is left to find unless a type is stricter than
    /// its schema.
    fn types(&mut self) {
        self.typed::<AppConfig>("app");
        self.typed::<OrganizationConfig>("organization");
        self.typed::<BackendConfig>("backend");
        self.typed::<AuthConfig>("auth");
        self.typed::<CatalogConfig>("catalog");
        self.typed::<IntegrationsConfig>("integrations");
        self.typed::<PermissionConfig>("permission");
        self.typed::<DiscoveryConfig>("discovery");
        self.typed::<ProxyConfig>("proxy");
        self.typed::<ScaffolderConfig>("scaffolder");
        self.typed::<CallboardConfig>("callboard");
    }

    fn typed<T: DeserializeOwned>(&mut self, section: &str) {
        if self.has_error_below(&pointer::member("", section)) {
            return;
        }
        if let Err(error) = self.config.section::<T>(section) {
            let message = format!("`{}`: {}", path::of_pointer(&error.pointer), error.message);
            self.error("config.value", &error.pointer, message, None);
        }
    }

    /// The third pass: rules across keys.
    fn rules(&mut self) {
        let listen = self.config.read::<ListenConfig>("backend.listen");
        let port = listen.ok().flatten().unwrap_or_default().port;
        for name in ["app.baseUrl", "backend.baseUrl"] {
            self.base_url(name, port);
        }
        let kind = self
            .config
            .read::<ConnectionKind>("backend.database.connection.type");
        if let Ok(Some(kind)) = kind
            && kind != ConnectionKind::Default
        {
            let at = "/backend/database/connection/type";
            let message = "only connections of type `default` are supported".to_owned();
            self.error("config.value", at, message, None);
        }
        self.catalog_rules();
        self.location_types();
        self.sign_in_providers();
    }

    fn base_url(&mut self, name: &str, port: u16) {
        let at = path::to_pointer(name);
        match self.config.opt_string(name) {
            Ok(Some(text)) => {
                let is_web = Url::parse(&text)
                    .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                if !is_web {
                    let message = format!("`{name}` must be an `http` or `https` URL");
                    self.error("config.value", &at, message, None);
                }
            }
            Ok(None) => {
                let fallback = match (name, self.config.get("backend.baseUrl")) {
                    ("app.baseUrl", Some(_)) => "`backend.baseUrl`".to_owned(),
                    _ => format!("`http://localhost:{port}`"),
                };
                let message = format!("`{name}` is not set; {fallback} is used");
                self.problems.push(Problem {
                    severity: Severity::Info,
                    ..Problem::error(NOT_SET, at, message)
                });
            }
            Err(_) => {}
        }
    }

    /// A location of a rule is either one target or a pattern.
    fn catalog_rules(&mut self) {
        let rules = self.config.get("catalog.rules").and_then(Value::as_array);
        for (rule, index) in rules.into_iter().flatten().zip(0_usize..) {
            let locations = rule.get("locations").and_then(Value::as_array);
            for (location, number) in locations.into_iter().flatten().zip(0_usize..) {
                if location.get("exact").is_some() && location.get("pattern").is_some() {
                    let at = format!("/catalog/rules/{index}/locations/{number}");
                    let message =
                        format!("`{}` has both `exact` and `pattern`", path::of_pointer(&at));
                    self.error("config.value", &at, message, None);
                }
            }
        }
    }

    /// Nothing reads locations of other types than ours.
    fn location_types(&mut self) {
        let locations = self.config.get("catalog.locations");
        let locations = locations.and_then(Value::as_array);
        for (location, index) in locations.into_iter().flatten().zip(0_usize..) {
            let Some(kind) = location.get("type").and_then(Value::as_str) else {
                continue;
            };
            if LOCATION_TYPES.contains(&kind) {
                continue;
            }
            let at = format!("/catalog/locations/{index}/type");
            let message = format!(
                "`{}` must be `file` or `url`; nothing reads locations of other types",
                path::of_pointer(&at)
            );
            let problem = Problem::error("config.value", at, message);
            let hint =
                nearest(kind, LOCATION_TYPES).map(|close| format!("did you mean `{close}`?"));
            self.report(Severity::Warning, Problem { hint, ..problem });
        }
    }

    /// Nobody can sign in with a provider that is not there.
    fn sign_in_providers(&mut self) {
        let providers = self.config.get("auth.providers");
        let providers = providers.and_then(Value::as_object);
        let known = || {
            let proxies = PROXY_PROVIDERS.into_iter();
            proxies.chain(OAUTH_PROVIDERS).chain(["guest"])
        };
        for id in providers.into_iter().flatten().map(|(id, _)| id) {
            if known().any(|name| name == id) {
                continue;
            }
            let at = pointer::member("/auth/providers", id);
            let message = format!(
                "`{}` is a provider Callboard does not have; nobody can sign in with it",
                path::of_pointer(&at)
            );
            let hint = nearest(id, known()).map(|close| format!("did you mean `{close}`?"));
            let problem = Problem::error("config.unknown-provider", at, message);
            self.report(Severity::Warning, Problem { hint, ..problem });
        }
    }
}

/// Types of locations that the catalog reads.
const LOCATION_TYPES: [&str; 2] = ["file", "url"];
