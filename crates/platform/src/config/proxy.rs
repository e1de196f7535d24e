//! `proxy`: other services behind the portal's address.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::duration::Millis;
use super::secret::Opaque;

/// Other services behind the portal's address.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyConfig {
    /// Endpoints by their path below `/api/proxy`.
    pub endpoints: BTreeMap<String, ProxyEndpoint>,
    /// Leaves out endpoints that are wrong, instead of refusing to start.
    pub skip_invalid_proxies: bool,
}

/// One endpoint: its target, and how requests are passed on.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyEndpoint {
    /// URL that requests are sent to.
    pub target: String,
    /// Whether the target sees its own name as the host; the portal's otherwise.
    pub change_origin: Option<bool>,
    /// Regular expressions over the whole path and what replaces the match; the first that matches
    /// counts. Without any, the path of the endpoint is cut off.
    pub path_rewrite: serde_json::Map<String, serde_json::Value>,
    /// Headers that are added to each request.
    pub headers: BTreeMap<String, Opaque>,
    /// Methods; all when absent.
    pub allowed_methods: Option<Vec<String>>,
    /// Headers of requests and answers that are passed on beside the harmless ones.
    pub allowed_headers: Vec<String>,
    /// Who may use the endpoint, and whether their credentials are passed on.
    pub credentials: ProxyCredentials,
    /// Whether redirects of the target are followed; they are answered to the client otherwise.
    pub follow_redirects: bool,
    /// Whether the certificate of the target is checked; it is when absent.
    pub secure: Option<bool>,
    /// Whether the target learns the address of the client.
    pub xfwd: bool,
    /// How long the target may take until it answers.
    pub proxy_timeout: Option<Millis>,
    /// How long a connection may take.
    pub timeout: Option<Millis>,
    /// Whether web sockets are passed on; they are when absent.
    pub ws: Option<bool>,
    /// How much is logged.
    #[schemars(extend("x-ignored" = "requests are in the access log"))]
    pub log_level: Option<String>,
    /// Restores bodies that were read already.
    #[schemars(extend("x-ignored" = "bodies are streamed"))]
    pub revive_request_body: Option<bool>,
}

/// Who may use an endpoint, and whether their credentials are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyCredentials {
    /// Whoever is known to the portal; credentials stay here.
    #[default]
    Require,
    /// Whoever is known to the portal; credentials are passed on.
    Forward,
    /// Everybody; credentials stay here.
    DangerouslyAllowUnauthenticated,
}

/// The target may have a password, so it is left out.
impl fmt::Debug for ProxyEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyEndpoint")
            .field("credentials", &self.credentials)
            .field("allowed_methods", &self.allowed_methods)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for ProxyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ProxyVisitor)
    }
}

struct ProxyVisitor;

impl<'de> Visitor<'de> for ProxyVisitor {
    type Value = ProxyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProxyConfig, A::Error> {
        let mut config = ProxyConfig::default();
        let mut beside = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "endpoints" => {
                    let written: BTreeMap<String, Written> = map.next_value()?;
                    let endpoints = written.into_iter();
                    config.endpoints = endpoints.map(|(path, it)| (path, it.0)).collect();
                }
                "skipInvalidProxies" => config.skip_invalid_proxies = map.next_value()?,
                // Endpoints were beside the other keys once.
                _ if key.starts_with('/') => {
                    let Written(endpoint) = map.next_value()?;
                    beside.insert(key, endpoint);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if config.endpoints.is_empty() {
            config.endpoints = beside;
        }
        Ok(config)
    }
}

/// An endpoint as it may be written: its target alone, or an object.
struct Written(ProxyEndpoint);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EndpointVisitor)
    }
}

struct EndpointVisitor;

impl<'de> Visitor<'de> for EndpointVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL or an object")
    }

    fn visit_str<E: de::Error>(self, target: &str) -> Result<Written, E> {
        Ok(Written(ProxyEndpoint {
            target: target.to_owned(),
            ..ProxyEndpoint::default()
        }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        ProxyEndpoint::deserialize(MapAccessDeserializer::new(map)).map(Written)
    }
}

impl JsonSchema for ProxyConfig {
    fn schema_name() -> Cow<'static, str> {
        "ProxyConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let endpoint = generator.subschema_for::<ProxyEndpoint>();
        let endpoint = json_schema!({ "anyOf": [{ "type": "string" }, endpoint] });
        json_schema!({
            "description": "Other services behind the portal's address.",
            "type": "object",
            "properties": {
                "endpoints": {
                    "description": "Endpoints by their path below `/api/proxy`: a URL, or an object.",
                    "type": "object",
                    "additionalProperties": endpoint
                },
                "skipInvalidProxies": {
                    "description": "Leaves out endpoints that are wrong, instead of refusing to start.",
                    "type": "boolean",
                    "default": false
                },
                "reviveConsumedRequestBodies": {
                    "description": "Restores bodies that were read already.",
                    "type": "boolean",
                    "default": false,
                    "x-ignored": "bodies are streamed"
                }
            },
            "additionalProperties": endpoint,
            "x-keys": "/"
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::de::from_value;
    use super::*;

    #[test]
    fn endpoints_are_urls_or_objects_and_may_be_beside_other_keys() {
        let tree = json!({
            "skipInvalidProxies": "true",
            "endpoints": {
                "/plain": "http://a.example",
                "/full": {
                    "target": "https://b.example/x",
                    "credentials": "dangerously-allow-unauthenticated",
                    "headers": { "Authorization": "Token secret" },
                    "allowedMethods": ["GET"]
                }
            },
            "/ignored": "http://c.example"
        });
        let config: ProxyConfig = from_value(&tree).unwrap();
        assert!(config.skip_invalid_proxies);
        assert_eq!(config.endpoints.len(), 2);
        assert_eq!(config.endpoints["/plain"].target, "http://a.example");
        let full = &config.endpoints["/full"];
        let open = ProxyCredentials::DangerouslyAllowUnauthenticated;
        assert_eq!(full.credentials, open);
        assert!(!format!("{full:?}").contains("secret"));
        let beside: ProxyConfig = from_value(&json!({ "/old": "http://c.example" })).unwrap();
        assert_eq!(beside.endpoints["/old"].target, "http://c.example");
    }

    #[test]
    fn mistakes_have_a_place() {
        let tree = json!({ "endpoints": { "/a": { "target": "x", "credentials": "maybe" } } });
        let misfit = from_value::<ProxyConfig>(&tree).unwrap_err();
        assert_eq!(misfit.pointer, "/endpoints/~1a/credentials");
    }
}
