//! Templates: what the entity of a golden path says. Reference 2 §D.1.

pub(crate) mod check;
mod repos;
pub(crate) mod text;

use model::EntityRef;
use platform::json_schema::{self, Complaint};
use platform::{Error, Result};
use serde_json::{Map, Value, json};

use crate::repo_url::RepoHosts;

/// The API version of templates.
pub(crate) const API_VERSION: &str = "scaffolder.backstage.io/v1beta3";
/// What a page without a title is called.
const PAGE_TITLE: &str = "Please enter the following information";
const SOURCE_LOCATION: &str = "/metadata/annotations/backstage.io~1source-location";
const APPROVAL: &str = "/metadata/annotations/callboard.dev~1approval";
const MANAGED_BY: &str = "/metadata/annotations/backstage.io~1managed-by-location";

/// A template as written; parts are read when they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    entity: Value,
}

impl Template {
    /// The template of an entity.
    pub(crate) fn new(entity: Value) -> Result<Self> {
        let version = entity["apiVersion"].as_str().unwrap_or_default();
        if version != API_VERSION {
            return Err(Error::input(format!(
                "Unsupported apiVersion field in schema entity, {version}"
            )));
        }
        Ok(Self { entity })
    }

    fn spec(&self, name: &str) -> Option<&Value> {
        self.entity.get("spec")?.get(name)
    }

    /// The pages of the form.
    pub(crate) fn pages(&self) -> Vec<&Value> {
        match self.spec("parameters") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(pages)) => pages.iter().collect(),
            Some(page) => vec![page],
        }
    }

    /// What is wrong with the values of the form: the complaints of the first page that has any.
    pub(crate) fn check_values(&self, values: &Value, hosts: &RepoHosts) -> Vec<Complaint> {
        let check = |page| {
            let mut found = json_schema::validate(page, values);
            found.extend(repos::check_values(page, values, hosts));
            found
        };
        self.pages()
            .into_iter()
            .map(check)
            .find(|complaints| !complaints.is_empty())
            .unwrap_or_default()
    }

    /// What is wrong with the secrets.
    pub(crate) fn check_secrets(&self, secrets: &Map<String, Value>) -> Vec<Complaint> {
        let schema = self.spec("secrets").and_then(|it| it.get("schema"));
        let Some(schema) = schema else {
            return Vec::new();
        };
        let mut complaints = json_schema::validate(schema, &Value::Object(secrets.clone()));
        for complaint in &mut complaints {
            // A secret is not repeated in an answer.
            complaint.instance = json!({});
        }
        complaints
    }

    /// Who owns it, as a whole reference.
    pub(crate) fn owner(&self) -> Option<String> {
        let namespace = self.entity.pointer("/metadata/namespace");
        let namespace = namespace.and_then(Value::as_str);
        let namespace = namespace.unwrap_or(model::DEFAULT_NAMESPACE);
        let owner = self.spec("owner")?.as_str()?;
        let owner = EntityRef::parse(owner, Some("group"), namespace).ok()?;
        Some(owner.to_string())
    }

    /// What people call it.
    pub(crate) fn title(&self) -> &str {
        let texts = ["/metadata/title", "/metadata/name"];
        let mut texts = texts
            .iter()
            .filter_map(|at| self.entity.pointer(at)?.as_str());
        texts.next().unwrap_or_default()
    }

    /// Whether somebody has to approve of its tasks.
    pub(crate) fn needs_approval(&self) -> bool {
        let annotation = self.entity.pointer(APPROVAL);
        annotation.and_then(Value::as_str) == Some("required")
    }

    /// Whether the template of a task demanded approval when the task was created.
    pub(crate) fn demanded_approval(spec: &Value) -> bool {
        let entity = &spec["templateInfo"]["entity"];
        entity.pointer(APPROVAL).and_then(Value::as_str) == Some("required")
    }

    /// The steps, each with an id and a name.
    pub(crate) fn steps(&self) -> Vec<Value> {
        let steps = self.spec("steps").and_then(Value::as_array);
        let steps = steps.into_iter().flatten().enumerate();
        steps.map(|(index, step)| with_names(index, step)).collect()
    }

    /// The task of this template with some values.
    pub(crate) fn task_spec(&self, values: Value, user: &Value) -> Result<Value> {
        let mut spec = Map::new();
        spec.insert("apiVersion".into(), API_VERSION.into());
        spec.insert("steps".into(), self.steps().into());
        if let Some(recovery) = self.spec("EXPERIMENTAL_recovery") {
            spec.insert("EXPERIMENTAL_recovery".into(), recovery.clone());
        }
        let output = self.spec("output").cloned();
        spec.insert("output".into(), output.unwrap_or_else(|| json!({})));
        spec.insert("parameters".into(), values);
        spec.insert("user".into(), user.clone());
        spec.insert("templateInfo".into(), self.info()?);
        Ok(spec.into())
    }

    /// `templateInfo` of tasks.
    pub(crate) fn info(&self) -> Result<Value> {
        let mut info = json!({ "entityRef": EntityRef::from_entity(&self.entity)?.to_string() });
        if let Some(base) = base_url(&self.entity) {
            info["baseUrl"] = base.into();
        }
        info["entity"] = json!({ "metadata": self.entity["metadata"] });
        Ok(info)
    }

    /// What the form needs; pages and steps the caller may not see are left out by `is_visible`.
    pub(crate) fn form(&self, is_visible: impl Fn(&Value) -> bool) -> Value {
        let metadata = |name: &str| self.entity["metadata"].get(name);
        let mut form = Map::new();
        let title = metadata("title").or_else(|| metadata("name"));
        form.insert("title".into(), title.cloned().unwrap_or_default());
        let mut copy = |name: &str, value: Option<&Value>| {
            if let Some(value) = value {
                form.insert(name.to_owned(), value.clone());
            }
        };
        copy("presentation", self.spec("presentation"));
        copy("description", metadata("description"));
        copy("ui:options", metadata("ui:options"));
        let pages = self.pages().into_iter().filter(|page| is_visible(page));
        let pages: Vec<Value> = pages.map(|page| page_view(page, &is_visible)).collect();
        form.insert("steps".into(), pages.into());
        let decorators = self.spec("formDecorators");
        let decorators = decorators.or_else(|| self.spec("EXPERIMENTAL_formDecorators"));
        if let Some(decorators) = decorators {
            form.insert("EXPERIMENTAL_formDecorators".into(), decorators.clone());
            form.insert("formDecorators".into(), decorators.clone());
        }
        form.into()
    }
}

fn with_names(index: usize, step: &Value) -> Value {
    let mut named = Map::new();
    let given = |name: &str| step.get(name).filter(|value| !value.is_null()).cloned();
    let id = given("id").unwrap_or_else(|| format!("step-{}", index + 1).into());
    named.insert("id".into(), id);
    let name = given("name").or_else(|| given("action"));
    named.insert("name".into(), name.unwrap_or_default());
    for (key, value) in step.as_object().into_iter().flatten() {
        if key != "id" && key != "name" {
            named.insert(key.clone(), value.clone());
        }
    }
    named.into()
}

fn page_view(page: &Value, is_visible: &impl Fn(&Value) -> bool) -> Value {
    let mut page = page.clone();
    if let Some(properties) = page.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, property| is_visible(property));
    }
    let title = page.get("title").cloned();
    let mut view = json!({ "title": title.unwrap_or_else(|| PAGE_TITLE.into()) });
    if let Some(description) = page.get("description") {
        view["description"] = description.clone();
    }
    view["schema"] = page;
    view
}

/// Tags of `backstage:permissions` of a page, a property or a step.
pub(crate) fn permission_tags(part: &Value) -> Vec<&str> {
    let tags = part
        .get("backstage:permissions")
        .and_then(|it| it.get("tags"));
    let tags = tags.and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).collect()
}

/// What relative URLs of a template are relative to.
fn base_url(entity: &Value) -> Option<String> {
    let location = [SOURCE_LOCATION, MANAGED_BY]
        .into_iter()
        .find_map(|pointer| entity.pointer(pointer)?.as_str())?;
    let (kind, target) = location.split_once(':')?;
    match kind {
        "url" => Some(target.to_owned()),
        "file" => Some(format!("file://{target}")),
        _ => None,
    }
}
