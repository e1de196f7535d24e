//! A portal with the authorization server on: a user who is signed in, and tools that ask.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use identity::{MemoryStore, Settings, Stage};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::browser::{Browser, Page};
use super::lab::Lab;
use super::people::People;
use super::vendor::Vendor;

pub(crate) const REDIRECT: &str = "http://127.0.0.1:8055/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-accepted-here";
pub(crate) const USER: &str = "user:default/alice";

pub(crate) fn challenge() -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

/// A portal with the server on, and somebody who is signed in.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new(change: Value) -> Self {
        Self::over(Arc::default(), change).await
    }

    /// A portal with other settings over a store that another one has used.
    pub(crate) async fn over(store: Arc<MemoryStore>, change: Value) -> Self {
        let mut auth = json!({
            "experimentalDynamicClientRegistration": {"enabled": true},
            "clientIdMetadataDocuments": {"enabled": true},
            "experimentalRefreshToken": {"enabled": true, "maxTokensPerUser": 2},
        });
        for (key, value) in change.as_object().unwrap() {
            auth[key] = value.clone();
        }
        let auth = serde_json::from_value(auth).unwrap();
        let base: Url = "https://portal.acme.org".parse().unwrap();
        let access = serde_json::from_value(json!({})).unwrap();
        let settings = Settings::from_config(
            base.clone(),
            base,
            Stage::Production,
            &auth,
            &access,
            &platform::config::DiscoveryConfig::default(),
        )
        .unwrap();
        let people = Arc::new(People::usual());
        let lab = Lab::among(settings, store, Vendor::new(), Some(people));
        let owners = vec![USER.to_owned()];
        let token = lab
            .identity
            .issue_user_token(USER, owners)
            .await
            .unwrap()
            .token;
        Self { lab, token }
    }

    pub(crate) async fn usual() -> Self {
        Self::new(json!({})).await
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        Browser::new(&self.lab)
            .get(&format!("/api/auth{path}"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Page {
        let bearer = format!("Bearer {token}");
        let headers = [
            (CONTENT_TYPE.as_str(), "application/json"),
            (AUTHORIZATION.as_str(), &*bearer),
        ];
        let path = format!("/api/auth{path}");
        let body = body.to_string();
        Browser::new(&self.lab)
            .send("POST", &path, &headers, &body)
            .await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, token: &str) -> Page {
        let bearer = format!("Bearer {token}");
        let path = format!("/api/auth{path}");
        Browser::new(&self.lab)
            .send(method, &path, &[(AUTHORIZATION.as_str(), &*bearer)], "")
            .await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let path = format!("/api/auth{path}");
        Browser::new(&self.lab)
            .post_form(&path, &form.finish())
            .await
    }

    /// A public client of its own; its id.
    pub(crate) async fn client(&self) -> String {
        let wanted = json!({
            "client_name": "Tool", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
        });
        let page = self.post("/v1/register", "", &wanted).await;
        assert_eq!(page.status, 201, "{}", page.body);
        page.json()["client_id"].as_str().unwrap().to_owned()
    }

    /// The question that a client asks; its id.
    pub(crate) async fn ask(&self, client: &str, more: &[(&str, &str)]) -> Page {
        let challenge = challenge();
        let mut query = vec![
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access everything"),
            ("state", "s t&"),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in more {
            query.retain(|(known, _)| known != name);
            query.push((name, value));
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(query.into_iter().filter(|(_, value)| !value.is_empty()));
        self.get(&format!("/v1/authorize?{}", form.finish())).await
    }

    /// Asks, and the user says yes; the code.
    pub(crate) async fn code(&self, client: &str, more: &[(&str, &str)]) -> String {
        let page = self.ask(client, more).await.location();
        let id = page
            .path_segments()
            .unwrap()
            .next_back()
            .unwrap()
            .to_owned();
        let page = self
            .post(
                &format!("/v1/sessions/{id}/approve"),
                &self.token,
                &json!({}),
            )
            .await;
        let back: Url = page.json()["redirectUrl"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let answer = query_of(&back);
        assert_eq!(answer["state"], "s t&");
        assert_eq!(answer["iss"], "https://portal.acme.org/api/auth");
        answer["code"].clone()
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        self.form("/v1/token", &fields).await
    }

    /// A whole session.
    pub(crate) async fn session(&self, client: &str) -> Value {
        let code = self.code(client, &[]).await;
        let page = self.redeem(client, &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    pub(crate) async fn renew(&self, client: &str, token: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token),
        ];
        fields.extend(more);
        self.form("/v1/token", &fields).await
    }
}

pub(crate) fn query_of(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}
