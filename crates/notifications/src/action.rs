//! `notification:send`: a step of a template that tells people something. Reference 2 §D.3.

use std::sync::Arc;

use async_trait::async_trait;
use platform::actions::{Action, Place, Run, Spec};
use platform::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::notification::{Audience, Payload};
use crate::service::Notifications;

/// Identifier, attributes, schema, example.
const SPEC: &str = include_str!("action.json");
/// Where notifications of templates come from.
const ORIGIN: &str = "plugin:scaffolder";

/// The action, to be registered.
pub fn action(notifications: &Notifications) -> Result<Arc<dyn Action>> {
    let spec: Value = serde_json::from_str(SPEC)
        .map_err(|error| Error::internal("the action is not JSON").with_source(error))?;
    let mut spec = Spec::from_json(&spec)?;
    spec.place = Place::Template;
    Ok(Arc::new(Send {
        spec,
        notifications: notifications.clone(),
    }))
}

struct Send {
    spec: Spec,
    notifications: Notifications,
}

#[async_trait]
impl Action for Send {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, input: Value) -> Result<Value> {
        let is_optional = input["optional"] == true;
        match self.send(run, &input).await {
            Ok(n_sent) => run.log.info(&format!("Sent {n_sent} notifications")),
            Err(error) if is_optional => run.log.info(&format!(
                "The notification was not sent, which is allowed: {}",
                error.message()
            )),
            Err(error) => return Err(error),
        }
        Ok(json!({}))
    }
}

impl Send {
    async fn send(&self, run: &Run, input: &Value) -> Result<usize> {
        let audience = audience(input)?;
        let payload = json!({
            "title": input["title"],
            "description": input["info"],
            "link": input["link"],
            "severity": input["severity"],
            "topic": input["topic"],
            "scope": input["scope"],
        });
        let payload: Payload = serde_json::from_value(payload)
            .map_err(|error| Error::input(format!("the input cannot be read: {error}")))?;
        // A repeated step sends the same notifications, which are there already.
        let seed = async { Ok(Uuid::new_v4().to_string().into()) };
        let seed = run.checkpoint("seed", seed).await?;
        let seed = seed.as_str().and_then(|text| text.parse().ok());
        let seed = seed.ok_or_else(|| Error::internal("what was kept is no id"))?;
        let sent = self
            .notifications
            .send(ORIGIN, &audience, payload, seed)
            .await?;
        Ok(sent.len())
    }
}

fn audience(input: &Value) -> Result<Audience> {
    if input["recipients"] == "broadcast" {
        return Ok(Audience::Everybody);
    }
    let refs = input["entityRefs"].as_array();
    let refs = refs.ok_or_else(|| Error::input("Entity references must be provided"))?;
    let refs = refs.iter().filter_map(|it| it.as_str().map(str::to_owned));
    Audience::of_refs(refs.collect(), Vec::new())
}
