//! `POST /authorize`: decisions for front ends and for plugins elsewhere.

use platform::http::judge;
use platform::permission::{Condition, Decision, Permission, Permissioned};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::Permissions;

/// A question, after its shape has been checked.
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) action: Option<String>,
    pub(crate) resource_type: Option<String>,
    /// A reference, several, or nothing.
    pub(crate) resources: Value,
}

impl Question {
    fn permission(&self) -> Permission<'_> {
        Permission {
            name: &self.name,
            action: self.action.as_deref(),
            resource_type: self.resource_type.as_deref(),
        }
    }

    /// Without a resource the answer would be conditions, which are for plugins only.
    fn asks_for_conditions(&self) -> bool {
        self.resource_type.is_some() && self.resources.is_null()
    }
}

impl Permissions {
    /// The answers to questions of a user, or of a plugin on a user's behalf.
    pub(crate) async fn authorize(&self, ctx: &Ctx, questions: Vec<Question>) -> Result<Value> {
        let user = ctx.require_user()?;
        // A program of the user is not told more than the user.
        if !user.is_passed_on() && questions.iter().any(Question::asks_for_conditions) {
            return Err(Error::input(
                "Resource permissions require a resourceRef to be set. Direct user requests \
                 without a resourceRef are not allowed.",
            ));
        }
        let permissions: Vec<_> = questions.iter().map(Question::permission).collect();
        let decisions = ctx.decide_all(&permissions).await;
        let mut items = Vec::with_capacity(questions.len());
        for (question, decision) in questions.iter().zip(decisions) {
            items.push(self.answer(question, decision).await?);
        }
        Ok(json!({ "items": items }))
    }

    async fn answer(&self, question: &Question, decision: Decision) -> Result<Value> {
        let id = &question.id;
        let result = match decision {
            Decision::Allow => same_for_all("ALLOW", &question.resources),
            Decision::Deny => same_for_all("DENY", &question.resources),
            Decision::Conditional(condition) => {
                let resource_type = question.resource_type.as_deref().unwrap_or_default();
                let plugin = self.plugin_of(resource_type)?;
                if question.resources.is_null() {
                    return Ok(json!({
                        "id": id,
                        "result": "CONDITIONAL",
                        "pluginId": plugin.plugin(),
                        "resourceType": resource_type,
                        "conditions": condition.to_json(),
                    }));
                }
                judge(plugin, &condition, &question.resources).await?
            }
        };
        Ok(json!({ "id": id, "result": result }))
    }
}

impl Permissions {
    /// Whether a condition holds for a resource.
    pub async fn holds(
        &self,
        resource_type: &str,
        condition: &Condition,
        resource: &str,
    ) -> Result<bool> {
        let plugin = self.plugin_of(resource_type)?;
        let matches = plugin.matches(condition, &[resource.to_owned()]).await?;
        Ok(matches == [true])
    }

    /// The plugin that has resources of a type.
    fn plugin_of(&self, resource_type: &str) -> Result<&dyn Permissioned> {
        let plugins = self.0.plugins.iter();
        let mut own = plugins.filter(|it| it.has_resource_type(resource_type));
        own.next().map(|plugin| &**plugin).ok_or_else(|| {
            Error::not_implemented(format!(
                "conditions on `{resource_type}` are not evaluated here"
            ))
        })
    }
}

fn same_for_all(result: &str, resources: &Value) -> Value {
    match resources {
        Value::Array(refs) => vec![result; refs.len()].into(),
        _ => result.into(),
    }
}
