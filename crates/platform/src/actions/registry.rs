//! The registry: which actions there are, who sees them, and how they are called.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::config::ActionsConfig;
use crate::ctx::{Caller, Ctx, Reach};
use crate::error::{Error, Result};
use crate::http::insufficient_scope;
use crate::json_schema;
use crate::permission::Decision;

use super::filter::Filter;
use super::{Action, Attributes, Place, Quiet, Run, Spec};

/// A call of an action that has ended.
pub struct Call<'a> {
    /// Who called.
    pub ctx: &'a Ctx,
    /// Identifier of the action.
    pub id: &'a str,
    /// The task and step that called it, if a template did.
    pub task: Option<&'a str>,
    /// How it ended; the message of an error is not for the record.
    pub error: Option<&'a Error>,
}

/// Sees every call of an action, after it ended.
pub trait Witness: Send + Sync {
    /// Must not block.
    fn saw(&self, call: &Call<'_>);
}

/// All actions; clones share them.
#[derive(Clone, Default)]
pub struct Actions(Arc<Inner>);

#[derive(Default)]
struct Inner {
    filter: Filter,
    witness: Option<Arc<dyn Witness>>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// In the order of registration.
    list: Vec<Arc<dyn Action>>,
    by_id: HashMap<String, usize>,
}

impl Actions {
    /// No actions yet; `backend.actions` says which of those to come are offered.
    pub fn new(config: &ActionsConfig, witness: Option<Arc<dyn Witness>>) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            filter: Filter::new(config)?,
            witness,
            known: RwLock::default(),
        })))
    }

    /// Adds an action; two with one id are a mistake of ours.
    pub fn register(&self, action: Arc<dyn Action>) -> Result<()> {
        let id = action.spec().id.clone();
        let mut known = self.0.known.write();
        if known.by_id.contains_key(&id) {
            return Err(Error::internal(format!("two actions have the id `{id}`")));
        }
        let index = known.list.len();
        known.by_id.insert(id, index);
        known.list.push(action);
        Ok(())
    }

    /// Adds several actions.
    pub fn register_all(&self, actions: impl IntoIterator<Item = Arc<dyn Action>>) -> Result<()> {
        actions
            .into_iter()
            .try_for_each(|action| self.register(action))
    }

    /// An action, whoever asks.
    pub fn get(&self, id: &str) -> Option<Arc<dyn Action>> {
        let known = self.0.known.read();
        known
            .by_id
            .get(id)
            .map(|index| Arc::clone(&known.list[*index]))
    }

    /// Identifiers of all actions, sorted.
    pub fn ids(&self) -> Vec<String> {
        let known = self.0.known.read();
        let mut ids: Vec<String> = known.by_id.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// The actions the caller may see, in the order of registration.
    pub async fn visible(&self, ctx: &Ctx) -> Vec<Arc<dyn Action>> {
        let offered: Vec<_> = {
            let known = self.0.known.read();
            let list = known.list.iter();
            list.filter(|action| self.is_offered(action.spec()))
                .cloned()
                .collect()
        };
        let asked: Vec<_> = offered
            .iter()
            .filter_map(|action| action.spec().permission)
            .collect();
        let mut decisions = ctx.decide_all(&asked).await.into_iter();
        // Decisions come in the order of the list, one for each action that asks for one.
        let may_see = |action: &Arc<dyn Action>| {
            action.spec().permission.is_none() || decisions.next() == Some(Decision::Allow)
        };
        offered.into_iter().filter(may_see).collect()
    }

    /// An action of templates is the scaffolder's own business and is always offered there.
    fn is_offered(&self, spec: &Spec) -> bool {
        spec.place == Place::Template || self.0.filter.allows(spec)
    }

    /// An action the caller may use outside of templates; others are told that there is none.
    pub async fn find(&self, ctx: &Ctx, id: &str) -> Result<Arc<dyn Action>> {
        let missing = || Error::not_found(format!("Action \"{id}\" not found"));
        let action = self.get(id).ok_or_else(missing)?;
        let spec = action.spec();
        if spec.place == Place::Template || !self.0.filter.allows(spec) {
            return Err(missing());
        }
        match spec.permission {
            Some(permission) if ctx.decide(permission).await != Decision::Allow => Err(missing()),
            _ => Ok(action),
        }
    }

    /// Runs an action for the REST API, the command line or an agent.
    pub async fn invoke(
        &self,
        ctx: &Ctx,
        id: &str,
        input: Value,
        secrets: Option<Map<String, Value>>,
    ) -> Result<Value> {
        let action = self.find(ctx, id).await?;
        let spec = action.spec();
        require_reach(ctx, spec)?;
        let input = checked_input(spec, input)?;
        let secrets = checked_secrets(spec, secrets)?;
        let run = Run {
            ctx: ctx.clone(),
            log: Arc::new(Quiet),
            secrets,
            cancel: CancellationToken::new(),
            is_dry_run: false,
            step: None,
        };
        let result = action.run(&run, input).await;
        self.tell(&Call {
            ctx,
            id,
            task: None,
            error: result.as_ref().err(),
        });
        checked_output(spec, result?)
    }

    /// Tells the witness of a call that ended.
    pub fn tell(&self, call: &Call<'_>) {
        if let Some(witness) = &self.0.witness {
            witness.saw(call);
        }
    }
}

/// Fails when the token of the caller does not go as far as the action does.
fn require_reach(ctx: &Ctx, spec: &Spec) -> Result<()> {
    let needed = match spec.attributes {
        Attributes {
            read_only: true, ..
        } => Reach::Read,
        Attributes {
            destructive: true, ..
        } => Reach::Delete,
        _ => Reach::Write,
    };
    match ctx.caller() {
        Caller::User(user) if user.reach < needed => Err(insufficient_scope(spec.plugin(), needed)),
        _ => Ok(()),
    }
}

fn checked_input(spec: &Spec, mut input: Value) -> Result<Value> {
    prepare(&spec.input, &mut input);
    complain(
        &spec.input,
        &input,
        &format!("Invalid input to action \"{}\"", spec.id),
    )?;
    Ok(input)
}

fn checked_secrets(spec: &Spec, secrets: Option<Map<String, Value>>) -> Result<Map<String, Value>> {
    let id = &spec.id;
    match (&spec.secrets, secrets) {
        (None, None) => Ok(Map::new()),
        (None, Some(given)) if given.is_empty() => Ok(given),
        (None, Some(_)) => Err(Error::input(format!(
            "Action \"{id}\" does not accept secrets"
        ))),
        (Some(_), None) => Err(Error::input(format!("Action \"{id}\" requires secrets"))),
        (Some(schema), Some(given)) => {
            let given = Value::Object(given);
            complain(
                schema,
                &given,
                &format!("Invalid secrets for action \"{id}\""),
            )?;
            Ok(given.as_object().cloned().unwrap_or_default())
        }
    }
}

fn checked_output(spec: &Spec, output: Value) -> Result<Value> {
    complain(
        &spec.output,
        &output,
        &format!("Invalid output from action \"{}\"", spec.id),
    )?;
    Ok(output)
}

fn complain(schema: &Value, value: &Value, what: &str) -> Result<()> {
    match json_schema::validate(schema, value).first() {
        None => Ok(()),
        Some(first) => {
            let text = first.text("input");
            Err(Error::input(format!("{what}; caused by {text}")))
        }
    }
}

/// Fills in defaults, and reads numbers that agents wrote as texts.
fn prepare(schema: &Value, input: &mut Value) {
    let (Some(properties), Value::Object(input)) =
        (schema.get("properties").and_then(Value::as_object), input)
    else {
        return;
    };
    for (name, schema) in properties {
        match input.get_mut(name) {
            None => {
                if let Some(default) = schema.get("default") {
                    input.insert(name.clone(), default.clone());
                }
            }
            Some(value) => {
                let is_number = matches!(
                    schema.get("type").and_then(Value::as_str),
                    Some("integer" | "number")
                );
                let number = value
                    .as_str()
                    .and_then(|text| text.parse::<serde_json::Number>().ok());
                if let (true, Some(number)) = (is_number, number) {
                    *value = Value::Number(number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::ctx::User;
    use crate::permission::{Authorizer, Permission};

    /// Allows everything that does not have `secret` in its name.
    struct Access;

    #[async_trait]
    impl Authorizer for Access {
        async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
            let decide = |permission: &Permission<'_>| {
                if permission.name.contains("secret") {
                    Decision::Deny
                } else {
                    Decision::Allow
                }
            };
            permissions.iter().map(decide).collect()
        }
    }

    struct Fixed(Spec);

    #[async_trait]
    impl Action for Fixed {
        fn spec(&self) -> &Spec {
            &self.0
        }

        async fn run(&self, _: &Run, _: Value) -> Result<Value> {
            Ok(json!({}))
        }
    }

    fn action(id: &str, read_only: bool, destructive: bool) -> Arc<dyn Action> {
        let permission = id.contains("secret").then_some(Permission {
            name: "lab.secret.use",
            action: None,
            resource_type: None,
        });
        Arc::new(Fixed(Spec {
            id: id.to_owned(),
            title: None,
            description: None,
            attributes: Attributes {
                destructive,
                idempotent: true,
                read_only,
            },
            input: json!({}),
            output: json!({}),
            secrets: None,
            permission,
            examples: Vec::new(),
            place: if id.starts_with("step:") {
                Place::Template
            } else {
                Place::Anywhere
            },
            has_dry_run: false,
            inverse: None,
            secret_outputs: Vec::new(),
        }))
    }

    fn registry(config: &Value) -> Actions {
        let config: ActionsConfig = serde_json::from_value(config.clone()).unwrap();
        let actions = Actions::new(&config, None).unwrap();
        let all = [
            action("lab:look", true, false),
            action("lab:make", false, false),
            action("lab:drop", false, true),
            action("lab:secret", true, false),
            action("other:look", true, false),
            action("step:write", false, false),
        ];
        actions.register_all(all).unwrap();
        actions
    }

    fn ctx(reach: Reach) -> Ctx {
        let caller = Caller::User(User {
            entity_ref: "user:default/ann".to_owned(),
            ownership: [].into(),
            expires_at: 0,
            limited_token: None,
            agent: None,
            actor: None,
            reach,
        });
        Ctx::new(Arc::new(caller), Arc::new(Access), Arc::from("test"))
    }

    /// CVE-2026-106495: an action that the configuration leaves out is called by its name.
    #[tokio::test]
    async fn what_is_not_offered_cannot_be_called_either() {
        let cases = [
            (
                json!({}),
                vec!["lab:look", "lab:make", "lab:drop", "other:look"],
            ),
            (json!({"pluginSources": ["other"]}), vec!["other:look"]),
            (
                json!({"filter": {"exclude": [{"id": "lab:*"}]}}),
                vec!["other:look"],
            ),
            (
                json!({"filter": {"exclude": [{"attributes": {"destructive": true}}]}}),
                vec!["lab:look", "lab:make", "other:look"],
            ),
            (
                json!({"filter": {"include": [{"id": "lab:*", "attributes": {"readOnly": true}}]}}),
                vec!["lab:look"],
            ),
        ];
        let ctx = ctx(Reach::Delete);
        for (config, offered) in cases {
            let actions = registry(&config);
            let visible = actions.visible(&ctx).await;
            let visible: Vec<_> = visible
                .iter()
                .map(|action| action.spec().id.as_str())
                .filter(|id| !id.starts_with("step:"))
                .collect();
            assert_eq!(visible, offered, "{config}");
            for id in actions.ids().into_iter().chain(["lab:none".to_owned()]) {
                let result = actions.invoke(&ctx, &id, json!({}), None).await;
                if offered.contains(&id.as_str()) {
                    assert!(result.is_ok(), "{config} {id}: {result:?}");
                    continue;
                }
                // Whether there is such an action is nobody's business.
                let told = result.unwrap_err();
                assert_eq!(told.code(), crate::Code::NotFound, "{config} {id}");
                assert_eq!(told.message(), format!("Action \"{id}\" not found"));
            }
        }
    }

    #[tokio::test]
    async fn a_token_runs_actions_as_far_as_it_goes() {
        let actions = registry(&json!({}));
        for (id, needed) in [
            ("lab:look", Reach::Read),
            ("lab:make", Reach::Write),
            ("lab:drop", Reach::Delete),
        ] {
            for reach in Reach::ALL {
                let result = actions.invoke(&ctx(reach), id, json!({}), None).await;
                assert_eq!(result.is_ok(), reach >= needed, "{id} {reach:?}");
                if let Err(error) = result {
                    assert_eq!(error.code(), crate::Code::Forbidden);
                    let scope = format!("lab:{}", needed.name());
                    assert_eq!(error.fields()["scope"], scope.as_str());
                }
            }
        }
    }
}
