//! Which kinds of entities may come from which locations. Reference 1 §B.7.

use globset::{GlobBuilder, GlobMatcher};
use model::LocationRef;
use platform::config::{CatalogConfig, KindMatcher, RuleLocation};
use serde_json::Value;

use crate::config::ConfigLocation;

/// The rules of `catalog.rules` and of the configured locations.
#[derive(Debug, Clone)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    allow: Vec<KindMatcher>,
    /// `None` matches everywhere.
    locations: Option<Vec<Matcher>>,
}

#[derive(Debug, Clone)]
struct Matcher {
    kind: Option<String>,
    exact: Option<String>,
    pattern: Option<GlobMatcher>,
}

impl Rules {
    pub(crate) fn new(config: &CatalogConfig, locations: &[ConfigLocation]) -> Self {
        let mut rules: Vec<Rule> = config
            .rules
            .iter()
            .map(|rule| Rule {
                allow: rule.allow.clone(),
                locations: rule
                    .locations
                    .as_ref()
                    .map(|locations| locations.iter().filter_map(matcher).collect()),
            })
            .collect();
        for (configured, location) in config.locations.iter().zip(locations) {
            for rule in &configured.rules {
                rules.push(Rule {
                    allow: rule.allow.clone(),
                    locations: Some(vec![Matcher {
                        kind: Some(location.kind.clone()),
                        exact: Some(location.target.clone()),
                        pattern: None,
                    }]),
                });
            }
        }
        Self(rules)
    }

    /// Whether an entity that originated at a location is of an allowed kind.
    pub(crate) fn allow(&self, entity: &Value, origin: &LocationRef) -> bool {
        self.0
            .iter()
            .any(|rule| rule.is_for(origin) && rule.allows(entity))
    }
}

impl Rule {
    fn is_for(&self, origin: &LocationRef) -> bool {
        let Some(matchers) = &self.locations else {
            return true;
        };
        matchers.iter().any(|matcher| matcher.matches(origin))
    }

    fn allows(&self, entity: &Value) -> bool {
        let kind = entity
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        let spec_type = entity.pointer("/spec/type").and_then(Value::as_str);
        self.allow.iter().any(|matcher| {
            matcher.kind.to_lowercase() == kind
                && matcher.spec_type.as_ref().is_none_or(|wanted| {
                    spec_type.is_some_and(|found| found.eq_ignore_ascii_case(wanted))
                })
        })
    }
}

impl Matcher {
    fn matches(&self, origin: &LocationRef) -> bool {
        self.kind
            .as_ref()
            .is_none_or(|kind| *kind == origin.location_type)
            && self
                .exact
                .as_ref()
                .is_none_or(|exact| *exact == origin.target)
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&origin.target))
    }
}

/// A pattern that is no glob matches nothing, so its matcher is left out.
fn matcher(location: &RuleLocation) -> Option<Matcher> {
    let pattern = match &location.pattern {
        Some(pattern) => Some(
            GlobBuilder::new(pattern)
                .case_insensitive(true)
                .literal_separator(true)
                .build()
                .inspect_err(|error| tracing::warn!(%error, "pattern of `catalog.rules` ignored"))
                .ok()?
                .compile_matcher(),
        ),
        None => None,
    };
    Some(Matcher {
        kind: location.kind.clone(),
        exact: location.exact.clone(),
        pattern,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allowed(config: Value, kind: &str, origin: &str) -> bool {
        let config: CatalogConfig = serde_json::from_value(config).unwrap();
        let locations: Vec<_> = config
            .locations
            .iter()
            .map(|l| ConfigLocation {
                kind: l.kind.clone(),
                target: l.target.clone(),
            })
            .collect();
        let entity = json!({"kind": kind, "spec": {"type": "service"}});
        Rules::new(&config, &locations).allow(&entity, &LocationRef::parse(origin).unwrap())
    }

    #[test]
    fn rules_decide_by_kind_and_origin() {
        let by_pattern = json!({"rules": [{"allow": ["User"],
            "locations": [{"type": "url", "pattern": "https://Example.com/**"}]}]});
        let by_location = json!({"locations": [
            {"type": "file", "target": "/org.yaml", "rules": [{"allow": ["Group"]}]}]});
        let by_type =
            json!({"rules": [{"allow": [{"kind": "Component", "spec.type": "Service"}]}]});
        let nowhere = json!({"rules": [{"allow": ["API"], "locations": []}]});
        let cases = [
            (json!({}), "component", "url:https://x/y", true),
            (json!({}), "Group", "url:https://x/y", false),
            (json!({"rules": []}), "Component", "url:https://x/y", false),
            (
                by_pattern.clone(),
                "User",
                "url:https://example.com/a/b.yaml",
                true,
            ),
            (
                by_pattern.clone(),
                "User",
                "file:https://example.com/a/b.yaml",
                false,
            ),
            (by_pattern, "User", "url:https://other.com/a", false),
            (by_location.clone(), "Group", "file:/org.yaml", true),
            (by_location.clone(), "API", "file:/org.yaml", true),
            (by_location, "Group", "file:/other.yaml", false),
            (by_type.clone(), "Component", "url:https://x/y", true),
            (by_type, "API", "url:https://x/y", false),
            (nowhere, "API", "url:https://x/y", false),
        ];
        for (config, kind, origin, expected) in cases {
            assert_eq!(
                allowed(config.clone(), kind, origin),
                expected,
                "{config} {kind} {origin}"
            );
        }
    }
}
