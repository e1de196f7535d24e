//! Completion in forms, from source control hosts.

use platform::{Error, Result};
use serde_json::Value;

use crate::scaffolder::Scaffolder;

impl Scaffolder {
    /// Values a field may have; no host offers any yet.
    #[expect(clippy::unused_async, reason = "hosts are asked over the network")]
    pub(crate) async fn complete(
        &self,
        provider: &str,
        _resource: &str,
        _request: &Value,
    ) -> Result<Vec<Value>> {
        Err(Error::input(format!("Unsupported provider: {provider}")))
    }
}
