//! Templates: their forms, and trying them.

use std::path::PathBuf;
use std::sync::Arc;

use model::EntityRef;
use platform::actions::{Actions, Example};
use platform::permission::Decision;
use platform::{Caller, Ctx, Error, Result};
use serde_json::{Map, Value, json};

use super::{Checked, told};
use crate::engine::blocking;
use crate::engine::dry_run::{Beside, Planning, Trial, Tried};
use crate::engine::step::unknown_action;
use crate::permission::{DRY_RUN, PARAMETER_READ, STEP_READ, TASK_CREATE, has_tag, require};
use crate::scaffolder::Scaffolder;
use crate::template::Template;
use crate::template::text::{Linted, lint_text};

/// A template that somebody sent to try it.
pub(crate) struct Draft {
    pub template: Value,
    pub values: Value,
    pub secrets: Map<String, Value>,
    pub beside: Beside,
    /// What stands in for actions, by their ids.
    pub mocks: Map<String, Value>,
    pub planning: Planning,
}

/// A template of files to try without a portal.
pub struct Rehearsal {
    /// The template as it is written.
    pub template: Value,
    /// The folder it is in.
    pub folder: PathBuf,
    /// Values of the form.
    pub values: Value,
    /// Secrets of the form.
    pub secrets: Map<String, Value>,
    /// Outputs of actions that are not run, by their ids; the actions need not be there.
    pub mocks: Map<String, Value>,
    /// Whether to tell what the steps would do outside.
    pub plan: bool,
}

impl Scaffolder {
    /// The template of a reference, with the pages and steps the caller may use.
    pub(crate) async fn find_template(
        &self,
        ctx: &Ctx,
        entity_ref: &EntityRef,
    ) -> Result<Template> {
        if !entity_ref.kind.eq_ignore_ascii_case("template") {
            return Err(Error::input(
                "Invalid kind, only 'Template' kind is supported",
            ));
        }
        let entity = self.catalog.entity(ctx, entity_ref).await?;
        let entity =
            entity.ok_or_else(|| Error::not_found(format!("Template {entity_ref} not found")))?;
        Template::new(self.visible(ctx, entity).await)
    }

    /// A template without the pages, fields and steps the caller may not use.
    async fn visible(&self, ctx: &Ctx, mut entity: Value) -> Value {
        let mut decisions = ctx.decide_all(&[PARAMETER_READ, STEP_READ]).await;
        let steps = decisions.pop().unwrap_or(Decision::Deny);
        let parameters = decisions.pop().unwrap_or(Decision::Deny);
        let Some(spec) = entity.get_mut("spec").and_then(Value::as_object_mut) else {
            return entity;
        };
        if let Some(Value::Array(list)) = spec.get_mut("steps") {
            list.retain(|step| is_allowed(&steps, step));
        }
        match spec.get_mut("parameters") {
            Some(Value::Array(pages)) => {
                pages.retain(|page| is_allowed(&parameters, page));
                for page in pages {
                    retain_fields(&parameters, page);
                }
            }
            Some(page) if is_allowed(&parameters, page) => retain_fields(&parameters, page),
            Some(page) => *page = json!([]),
            None => {}
        }
        entity
    }

    /// What the form of a template needs.
    pub(crate) async fn form(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<Value> {
        Ok(self.find_template(ctx, entity_ref).await?.form(|_| true))
    }

    /// The caller as templates see them: their reference, and their entity if there is one.
    pub(crate) async fn user_of(&self, ctx: &Ctx) -> Result<Value> {
        let Caller::User(user) = ctx.caller() else {
            return Ok(json!({}));
        };
        let mut view = Map::new();
        if let Ok(entity_ref) = user.entity_ref.parse::<EntityRef>()
            && let Some(entity) = self.catalog.entity(ctx, &entity_ref).await?
        {
            view.insert("entity".into(), entity);
        }
        view.insert("ref".into(), user.entity_ref.as_str().into());
        Ok(view.into())
    }

    /// Tries a template that is not in the catalog; the steps come back with ids and names.
    pub(crate) async fn dry_run(
        &self,
        ctx: &Ctx,
        draft: Draft,
    ) -> Result<Checked<(Tried, Vec<Value>)>> {
        require(ctx, &[TASK_CREATE, DRY_RUN]).await?;
        let visible = self.visible(ctx, draft.template).await;
        let template = Template::new(visible)?;
        let complaints = template.check_values(&draft.values, &self.hosts);
        if !complaints.is_empty() {
            return Ok(Checked::Wrong(told(&complaints, "instance")));
        }
        let steps = template.steps();
        self.check_actions(&steps, &draft.mocks)?;
        let mut spec = template.task_spec(draft.values, &self.user_of(ctx).await?)?;
        if let Some(info) = spec.get_mut("templateInfo") {
            // Relative URLs mean the files that came along.
            info["baseUrl"] = "file:///template.yaml".into();
        }
        let trial = Trial {
            spec,
            secrets: draft.secrets,
            beside: draft.beside,
            mocks: draft.mocks,
            planning: draft.planning,
        };
        let tried = self.try_run(ctx, trial).await?;
        Ok(Checked::Fine((tried, steps)))
    }

    /// What is wrong with the templates of a text, as far as the caller sees the actions they use.
    pub(crate) async fn lint(&self, ctx: &Ctx, text: String) -> Result<Linted> {
        require(ctx, &[TASK_CREATE, DRY_RUN]).await?;
        let actions = Actions::default();
        actions.register_all(self.actions.visible(ctx).await)?;
        let hosts = self.hosts.clone();
        blocking(move || Ok(lint_text(&text, &actions, &hosts))).await
    }

    /// Fails unless every action of the steps is there, or something stands in for it.
    pub(super) fn check_actions(&self, steps: &[Value], mocks: &Map<String, Value>) -> Result<()> {
        let mut ids = steps.iter().filter_map(|step| step["action"].as_str());
        let is_unknown = |id: &&str| self.actions.get(id).is_none() && !mocks.contains_key(*id);
        match ids.find(is_unknown) {
            Some(unknown) => Err(unknown_action(unknown)),
            None => Ok(()),
        }
    }

    /// Tries a template of files; values that do not fit are an error.
    pub async fn rehearse(&self, ctx: &Ctx, rehearsal: Rehearsal) -> Result<Tried> {
        let draft = Draft {
            template: rehearsal.template,
            values: rehearsal.values,
            secrets: rehearsal.secrets,
            beside: Beside::Folder(rehearsal.folder),
            mocks: rehearsal.mocks,
            planning: if rehearsal.plan {
                Planning::Alone
            } else {
                Planning::No
            },
        };
        match self.dry_run(ctx, draft).await? {
            Checked::Fine((tried, _)) => Ok(tried),
            Checked::Wrong(errors) => {
                let texts = errors.iter().filter_map(|error| error["stack"].as_str());
                Err(Error::input(texts.collect::<Vec<_>>().join(", ")))
            }
        }
    }

    /// The actions the caller may use in steps, as the list of actions tells them.
    pub(crate) async fn list_actions(&self, ctx: &Ctx) -> Vec<Value> {
        let mut visible = self.actions.visible(ctx).await;
        visible.sort_by(|a, b| a.spec().id.cmp(&b.spec().id));
        visible.iter().map(action_view).collect()
    }
}

fn action_view(action: &Arc<dyn platform::actions::Action>) -> Value {
    let spec = action.spec();
    let mut view = Map::new();
    view.insert("id".into(), spec.id.as_str().into());
    if let Some(description) = &spec.description {
        view.insert("description".into(), description.as_str().into());
    }
    if !spec.examples.is_empty() {
        let examples = spec.examples.iter().map(Example::to_json);
        view.insert("examples".into(), examples.collect());
    }
    let mut schema = json!({ "input": spec.input });
    if spec.has_output() {
        schema["output"] = spec.output.clone();
    }
    view.insert("schema".into(), schema);
    view.into()
}

fn is_allowed(decision: &Decision, part: &Value) -> bool {
    match decision {
        Decision::Allow => true,
        Decision::Deny => false,
        Decision::Conditional(condition) => has_tag(condition, part),
    }
}

fn retain_fields(decision: &Decision, page: &mut Value) {
    if let Some(Value::Object(properties)) = page.get_mut("properties") {
        properties.retain(|_, property| is_allowed(decision, property));
    }
}
