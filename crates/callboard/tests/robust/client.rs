//! A client that reports what happened instead of failing.

use std::time::Duration;

use serde_json::Value;

/// Token of the only external caller.
pub(crate) const TOKEN: &str = "robust-tests-token";

/// Calls one portal.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Why there was no answer; the request may have been carried out.
pub(crate) type Lost = reqwest::Error;

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            // A killed portal must not leave connections behind for its successor.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self {
            http,
            base: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Sends a request to `/api/catalog`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, Lost> {
        let body = body.map(|body| body.to_string());
        self.send_text(method, &format!("/api/catalog{path}"), body)
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Lost> {
        self.send("GET", path, None).await
    }

    /// Sends any text as JSON to any path.
    pub(crate) async fn send_text(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Answer, Lost> {
        let method = method.parse().unwrap();
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        Ok(Answer { status, body })
    }

    /// The sum over all labels of a counter or gauge; 0 when it is not there.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let answer = self.send_text("GET", "/metrics", None).await.unwrap();
        let text = answer.body.as_str().unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// The entity, if it is there.
    pub(crate) async fn entity(&self, entity_ref: &str) -> Result<Option<Value>, Lost> {
        let path = format!("/entities/by-name/{}", entity_ref.replace(':', "/"));
        let answer = self.get(&path).await?;
        Ok((answer.status == 200).then_some(answer.body))
    }
}
