//! Other servers: they answer as the test says, and remember what they were asked.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use identity::{Fetch, Incoming, Outgoing, StoredKey};
use parking_lot::Mutex;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::lab::{Lab, NOW, forge, settings};

/// A request that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: HashMap<String, String>,
}

/// Other servers.
#[derive(Default)]
pub(crate) struct Vendor {
    answers: Mutex<HashMap<String, Incoming>>,
    asked: Mutex<Vec<Asked>>,
}

impl Vendor {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// From now on `url` answers a JSON.
    pub(crate) fn answer(&self, url: &str, body: &Value) {
        self.answer_as(url, 200, &[], body.to_string());
    }

    /// From now on `url` answers this.
    pub(crate) fn answer_as(&self, url: &str, status: u16, headers: &[(&str, &str)], body: String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            map.insert(name, HeaderValue::try_from(*value).unwrap());
        }
        let answer = Incoming {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from(body),
        };
        self.answers.lock().insert(url.to_owned(), answer);
    }

    /// From now on `url` cannot be reached.
    pub(crate) fn forget(&self, url: &str) {
        self.answers.lock().remove(url);
    }

    /// What `url` was asked, oldest first.
    pub(crate) fn asked(&self, url: &str) -> Vec<Asked> {
        let asked = self.asked.lock();
        asked
            .iter()
            .filter(|asked| asked.url == url)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl Fetch for Vendor {
    async fn send(&self, request: Outgoing) -> Result<Incoming> {
        let url = request.url.to_string();
        let authorization = request.headers.get(AUTHORIZATION);
        self.asked.lock().push(Asked {
            url: url.clone(),
            authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
            form: form_urlencoded::parse(&request.body).into_owned().collect(),
        });
        let answer = self.answers.lock().get(&url).cloned();
        answer.ok_or_else(|| Error::unavailable(format!("{url} does not answer")))
    }
}

/// Somebody who signs tokens with a key of their own.
pub(crate) struct Signer(pub(crate) StoredKey);

impl Signer {
    pub(crate) async fn new() -> Self {
        let lab = Lab::new(settings());
        lab.user_token().await;
        Self(lab.key_of("auth.users").await)
    }

    /// The key set to publish.
    pub(crate) fn keys(&self) -> Value {
        json!({ "keys": [self.0.public] })
    }

    /// A token that lives for an hour, unless the claims say otherwise.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": self.0.kid});
        let mut all = json!({"iat": NOW / 1_000, "exp": NOW / 1_000 + 3_600});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        forge(&header, &all, &self.0)
    }
}
