//! The token endpoint: a code or a refresh token for tokens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use platform::config::Secret;
use platform::{Error, Result};
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;

use super::endpoints::Endpoints;
use crate::fetch::{Fetch, Incoming, Outgoing, place};

/// Longest text of a provider's that is repeated in a log.
const MAX_TEXT: usize = 300;

/// How the portal proves itself.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
    /// The configured way; else the provider's first choice.
    pub(crate) method: Option<Method>,
}

/// Ways to prove oneself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// In an `Authorization` header.
    Basic,
    /// In the body.
    Post,
    /// Not at all: public clients.
    Nothing,
}

impl Method {
    /// By its registered name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Post),
            "none" => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// What the token endpoint gave.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) expires_in: Option<u64>,
}

/// Why the token endpoint gave nothing.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

impl Credentials {
    fn method(&self, endpoints: &Endpoints) -> Method {
        if self.secret.is_none() {
            return Method::Nothing;
        }
        let offered = &endpoints.auth_methods;
        let only_post = !offered.is_empty()
            && !offered.iter().any(|name| name == "client_secret_basic")
            && offered.iter().any(|name| name == "client_secret_post");
        let usual = if only_post {
            Method::Post
        } else {
            Method::Basic
        };
        self.method.unwrap_or(usual)
    }

    /// A form with these fields, sent as the portal.
    pub(crate) fn request(
        &self,
        endpoints: &Endpoints,
        url: &url::Url,
        fields: &[(&str, &str)],
    ) -> Result<Outgoing> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let method = self.method(endpoints);
        let secret = self.secret.as_ref().map_or("", Secret::expose);
        if method != Method::Basic {
            form.append_pair("client_id", &self.id);
        }
        if method == Method::Post {
            form.append_pair("client_secret", secret);
        }
        let mut request = Outgoing::post(url.clone(), form.finish());
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form_type);
        if method == Method::Basic {
            request.headers.insert(AUTHORIZATION, self.basic(secret)?);
        }
        Ok(request)
    }

    /// RFC 6749 §2.3.1: both parts are encoded as in a form first.
    fn basic(&self, secret: &str) -> Result<HeaderValue> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let (id, secret): (String, String) = (encoded(&self.id), encoded(secret));
        let text = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let mut value = HeaderValue::try_from(text)
            .map_err(|error| Error::internal("writing a header failed").with_source(error))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Asks the token endpoint.
pub(crate) async fn tokens(fetch: &dyn Fetch, request: Outgoing) -> Result<Tokens> {
    let url = place(&request.url);
    let answer = fetch.send(request).await.map_err(|error| {
        Error::unavailable("Failed to obtain access token").with_source(error.chain())
    })?;
    read(&answer).map_err(|reason| {
        Error::unauthenticated("Failed to obtain access token").with_source(format!(
            "{url} answered {}: {reason}",
            answer.status.as_u16()
        ))
    })
}

/// Some providers refuse with 200, so the body decides first.
fn read(answer: &Incoming) -> Result<Tokens, String> {
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) {
        let mut text = refusal.error;
        if let Some(description) = refusal.error_description {
            text = format!("{text}: {description}");
        }
        return Err(text.chars().take(MAX_TEXT).collect());
    }
    if !answer.status.is_success() {
        return Err("no tokens".to_owned());
    }
    // The error of the parser could repeat a token.
    let tokens: Option<Tokens> = serde_json::from_slice(&answer.body).ok();
    tokens
        .filter(|tokens| !tokens.access_token.is_empty())
        .ok_or_else(|| "not an answer with tokens".to_owned())
}

/// A number, or a text with one.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn endpoints(methods: &[&str]) -> Endpoints {
        let url: url::Url = "https://id.acme.org/token".parse().unwrap();
        Endpoints {
            auth_methods: methods.iter().map(|&name| name.to_owned()).collect(),
            ..*Endpoints::plain(url.clone(), url)
        }
    }

    #[test]
    fn the_secret_goes_where_the_provider_wants_it() {
        let secret = || Some(Secret::new("s&cret:"));
        let basic = "Basic YSslMkJiOnMlMjZjcmV0JTNB";
        let post = "grant_type=x&client_id=a+%2Bb&client_secret=s%26cret%3A";
        let public = "grant_type=x&client_id=a+%2Bb";
        let cases: [(_, _, &[&str], _, _); 6] = [
            (secret(), None, &[], Some(basic), "grant_type=x"),
            (secret(), None, &["client_secret_post"], None, post),
            (
                secret(),
                None,
                &["client_secret_post", "client_secret_basic"],
                Some(basic),
                "grant_type=x",
            ),
            (secret(), Some(Method::Post), &[], None, post),
            (secret(), Some(Method::Nothing), &[], None, public),
            (None, Some(Method::Basic), &[], None, public),
        ];
        for (secret, method, offered, header, body) in cases {
            let credentials = Credentials {
                id: "a +b".to_owned(),
                secret,
                method,
            };
            let endpoints = endpoints(offered);
            let fields = [("grant_type", "x")];
            let request = credentials
                .request(&endpoints, &endpoints.token, &fields)
                .unwrap();
            let found = request.headers.get(AUTHORIZATION);
            assert_eq!(found.map(|value| value.to_str().unwrap()), header);
            assert_eq!(request.body, body);
            let debug = format!("{request:?} {credentials:?}");
            assert!(
                !debug.contains("s&cret") && !debug.contains("Basic "),
                "{debug}"
            );
        }
    }

    #[test]
    fn refusals_are_told_and_tokens_are_not() {
        let cases = [
            (
                200,
                r#"{"access_token":"t","expires_in":"60"}"#,
                Ok(Some(60)),
            ),
            (200, r#"{"access_token":"t"}"#, Ok(None)),
            (
                200,
                r#"{"error":"bad_verification_code","error_description":"old"}"#,
                Err("bad_verification_code: old"),
            ),
            (401, r#"{"error":"invalid_client"}"#, Err("invalid_client")),
            (502, "<html>", Err("no tokens")),
            (200, "<html>", Err("not an answer with tokens")),
            (
                200,
                r#"{"access_token":""}"#,
                Err("not an answer with tokens"),
            ),
            (
                200,
                r#"{"access_token":{"t":1}}"#,
                Err("not an answer with tokens"),
            ),
        ];
        for (status, body, expected) in cases {
            let answer = Incoming {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: Bytes::from_static(body.as_bytes()),
            };
            let found = read(&answer).map(|tokens| tokens.expires_in);
            assert_eq!(found, expected.map_err(str::to_owned), "{body}");
        }
    }
}
