//! `backend.listen`, `https` and `trustProxy`: where the server listens and whom it believes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::secret::Secret;

/// Port when none is given.
pub const DEFAULT_PORT: u16 = 7007;

/// Where the server listens: `7007`, `":7007"`, `"host:port"` or an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenConfig {
    /// Name or address of the interface; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// TCP port.
    pub port: u16,
    /// Unix socket to listen on instead of TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix_socket: Option<String>,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: DEFAULT_PORT,
            unix_socket: None,
        }
    }
}

/// Where the server listens, in parts.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct ListenObject {
    /// Name or address of the interface; all when absent.
    host: Option<String>,
    /// TCP port; 7007 when absent.
    port: Option<u16>,
    /// Unix socket to listen on instead of TCP.
    unix_socket: Option<String>,
    /// Another name of `unixSocket`.
    path: Option<String>,
}

impl<'de> Deserialize<'de> for ListenConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListenVisitor)
    }
}

struct ListenVisitor;

impl<'de> Visitor<'de> for ListenVisitor {
    type Value = ListenConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port, `:port`, `host:port` or an object with `host` and `port`")
    }

    fn visit_u64<E: de::Error>(self, port: u64) -> Result<ListenConfig, E> {
        let port = u16::try_from(port)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(port), &self))?;
        Ok(ListenConfig {
            port,
            ..ListenConfig::default()
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ListenConfig, E> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => ("", text),
        };
        let port = port
            .trim()
            .parse::<u16>()
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
        let host = host.trim().trim_start_matches('[').trim_end_matches(']');
        let host = (!host.is_empty()).then(|| host.to_owned());
        Ok(ListenConfig {
            host,
            port,
            unix_socket: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ListenConfig, A::Error> {
        let object = ListenObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ListenConfig {
            host: object.host,
            port: object.port.unwrap_or(DEFAULT_PORT),
            unix_socket: object.unix_socket.or(object.path),
        })
    }
}

impl JsonSchema for ListenConfig {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-check": "listen",
            "anyOf": [
                { "type": "string" },
                { "type": "integer" },
                generator.subschema_for::<ListenObject>()
            ]
        })
    }
}

/// TLS of the listener; without a certificate a self-signed one is made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpsConfig {
    /// Certificate and key.
    pub certificate: Option<CertificateConfig>,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateConfig {
    /// Certificate chain (PEM); use `$file` to read it from a file.
    pub cert: String,
    /// Private key (PEM); use `$file` to read it from a file.
    pub key: Secret,
}

/// Which proxies may say who the client is, with the values of Express.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(untagged)]
pub enum TrustProxy {
    /// Nobody.
    #[default]
    #[serde(serialize_with = "serialize_false")]
    Nobody,
    /// Everybody.
    #[serde(serialize_with = "serialize_true")]
    Everybody,
    /// This many hops, counted from the server.
    Hops(u32),
    /// Addresses and subnets; also `loopback`, `linklocal` and `uniquelocal`.
    Addresses(Vec<String>),
}

fn serialize_false<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(false)
}

fn serialize_true<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(true)
}

impl<'de> Deserialize<'de> for TrustProxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TrustProxyVisitor)
    }
}

struct TrustProxyVisitor;

impl<'de> Visitor<'de> for TrustProxyVisitor {
    type Value = TrustProxy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a number of hops, or addresses")
    }

    fn visit_bool<E: de::Error>(self, everybody: bool) -> Result<TrustProxy, E> {
        Ok(if everybody {
            TrustProxy::Everybody
        } else {
            TrustProxy::Nobody
        })
    }

    fn visit_u64<E: de::Error>(self, hops: u64) -> Result<TrustProxy, E> {
        let hops = u32::try_from(hops)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(hops), &self))?;
        Ok(TrustProxy::Hops(hops))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TrustProxy, E> {
        match text {
            "true" => Ok(TrustProxy::Everybody),
            "false" | "" => Ok(TrustProxy::Nobody),
            _ => Ok(text.parse().map_or_else(
                |_| {
                    let addresses = text.split(',').map(|address| address.trim().to_owned());
                    TrustProxy::Addresses(addresses.collect())
                },
                TrustProxy::Hops,
            )),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<TrustProxy, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(TrustProxy::Addresses)
    }
}

impl JsonSchema for TrustProxy {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TrustProxy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "boolean" },
                { "type": "integer", "minimum": 0 },
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::de::from_value;
    use super::*;

    #[test]
    fn every_spelling_of_listen_is_read() {
        let listen = |host: Option<&str>, port| ListenConfig {
            host: host.map(str::to_owned),
            port,
            unix_socket: None,
        };
        let table = [
            (json!(7008), listen(None, 7008)),
            (json!("7008"), listen(None, 7008)),
            (json!(":7008"), listen(None, 7008)),
            (json!("127.0.0.1:7008"), listen(Some("127.0.0.1"), 7008)),
            (json!("[::1]:7008"), listen(Some("::1"), 7008)),
            (json!({ "port": "7008" }), listen(None, 7008)),
            (
                json!({ "host": "0.0.0.0" }),
                listen(Some("0.0.0.0"), DEFAULT_PORT),
            ),
        ];
        for (tree, expected) in table {
            assert_eq!(
                from_value::<ListenConfig>(&tree).unwrap(),
                expected,
                "{tree}"
            );
        }
        for path in ["unixSocket", "path"] {
            let listen: ListenConfig = from_value(&json!({ path: "/run/portal.sock" })).unwrap();
            assert_eq!(listen.unix_socket.as_deref(), Some("/run/portal.sock"));
        }
        for tree in [
            json!("host"),
            json!(70_000),
            json!("a:b"),
            json!(true),
            json!([]),
        ] {
            assert!(from_value::<ListenConfig>(&tree).is_err(), "{tree}");
        }
    }

    #[test]
    fn every_spelling_of_trust_is_read() {
        let addresses = |list: &[&str]| {
            TrustProxy::Addresses(list.iter().map(|address| (*address).to_owned()).collect())
        };
        let table = [
            (json!(true), TrustProxy::Everybody),
            (json!("false"), TrustProxy::Nobody),
            (json!(1), TrustProxy::Hops(1)),
            (json!("2"), TrustProxy::Hops(2)),
            (
                json!("loopback, 10.0.0.0/8"),
                addresses(&["loopback", "10.0.0.0/8"]),
            ),
            (json!(["loopback"]), addresses(&["loopback"])),
        ];
        for (tree, expected) in table {
            assert_eq!(from_value::<TrustProxy>(&tree).unwrap(), expected, "{tree}");
        }
    }
}
