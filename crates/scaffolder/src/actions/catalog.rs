//! `catalog:*` in templates.

use std::time::Duration;

use model::{DEFAULT_NAMESPACE, EntityRef};
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Map, Value, json};

use super::Reach;
use crate::engine::blocking;
use crate::workspace::{resolve, write_file};

const SOURCE_TEMPLATE: &str = "backstage.io/source-template";
/// Tries to read what was just published, and the time between two.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn register(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let is_optional = input["optional"] == true;
    let url = match input["catalogInfoUrl"].as_str() {
        Some(url) => url.to_owned(),
        None => contents_url(reach, input)?,
    };
    run.log.info(&format!("Registering {url} in the catalog"));
    match register_location(run, reach, &url).await {
        Ok(()) => {}
        Err(error) if is_optional => {
            run.log.info(&format!(
                "Registration failed, which is allowed: {}",
                error.message()
            ));
            return Ok(json!({ "catalogInfoUrl": url }));
        }
        Err(error) => return Err(error),
    }
    let mut output = json!({ "catalogInfoUrl": url });
    match entities_of(run, reach, &url).await {
        Ok(entities) => {
            if let Some(entity_ref) = main_entity(&entities) {
                output["entityRef"] = entity_ref.into();
            }
        }
        Err(error) if is_optional => run.log.error(error.message()),
        Err(error) => return Err(error),
    }
    Ok(output)
}

/// The URL of the catalog file in a repository.
fn contents_url(reach: &Reach, input: &Value) -> Result<String> {
    let base = input["repoContentsUrl"].as_str().unwrap_or_default();
    let path = input["catalogInfoPath"]
        .as_str()
        .unwrap_or("/catalog-info.yaml");
    let integrations = reach.catalog.integrations();
    let is_known = url::Url::parse(base).is_ok_and(|url| integrations.by_url(&url).is_some());
    if !is_known {
        return Err(Error::input(format!(
            "No integration found for host {base}"
        )));
    }
    integrations
        .resolve_url(path, base)
        .map_err(|error| Error::input(error.to_string()))
}

/// Registers a location; that it is registered already is as good.
async fn register_location(run: &Run, reach: &Reach, url: &str) -> Result<()> {
    let registered = run
        .checkpoint("location", async {
            let id = reach.catalog.register_url(&run.ctx, url).await?;
            Ok(json!(id))
        })
        .await;
    match registered {
        Err(error) if error.code() == platform::Code::Conflict => Ok(()),
        other => other.map(drop),
    }
}

/// What a location leads to; hosts need a moment until a new repository can be read.
async fn entities_of(run: &Run, reach: &Reach, url: &str) -> Result<Vec<Value>> {
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        match reach.catalog.entities_of_url(&run.ctx, url).await {
            Err(_) if n_tries < TRIES => tokio::time::sleep(PAUSE).await,
            result => return result,
        }
    }
}

/// The first component that was not generated, else whatever comes first.
fn main_entity(entities: &[Value]) -> Option<String> {
    let is_generated = |entity: &&Value| {
        let name = entity["metadata"]["name"].as_str().unwrap_or_default();
        name.starts_with("generated-")
    };
    let own = || entities.iter().filter(|entity| !is_generated(entity));
    let entity = own()
        .find(|entity| entity["kind"] == "Component")
        .or_else(|| own().next())
        .or_else(|| entities.first())?;
    Some(EntityRef::from_entity(entity).ok()?.to_string())
}

pub(super) async fn write(run: &Run, input: &Value) -> Result<Value> {
    let path = input["filePath"].as_str().unwrap_or("catalog-info.yaml");
    run.log.info(&format!("Writing {path}"));
    let step = run.step()?;
    let full = resolve(&step.workspace, path)?;
    let mut entity = input["entity"].clone();
    if let Some(template) = step.template["entityRef"].as_str() {
        annotate(&mut entity, template);
    }
    let text = super::yaml(step, &entity)?;
    blocking(move || write_file(&full, text.as_bytes(), 0o644)).await?;
    Ok(json!({}))
}

/// Says which template an entity came from.
fn annotate(entity: &mut Value, template: &str) {
    let object = |value: &mut Value, name: &str| {
        if let Value::Object(members) = value {
            let member = members.entry(name.to_owned());
            member.or_insert_with(|| Map::new().into());
        }
    };
    object(entity, "metadata");
    object(&mut entity["metadata"], "annotations");
    entity["metadata"]["annotations"][SOURCE_TEMPLATE] = template.into();
}

pub(super) async fn fetch(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let text = |name: &str| input[name].as_str();
    let parse = |entity_ref: &str| {
        let namespace = text("defaultNamespace").unwrap_or(DEFAULT_NAMESPACE);
        EntityRef::parse(entity_ref, text("defaultKind"), namespace)
            .map_err(|error| Error::input(error.to_string()))
    };
    let is_optional = input["optional"] == true;
    if let Some(entity_ref) = text("entityRef") {
        let entity = find(run, reach, &parse(entity_ref)?, is_optional).await?;
        return Ok(json!({ "entity": entity }));
    }
    let Some(list) = input["entityRefs"].as_array() else {
        if is_optional {
            return Ok(json!({}));
        }
        return Err(Error::input("Missing entity reference or references"));
    };
    let mut entities = Vec::with_capacity(list.len());
    for entity_ref in list.iter().filter_map(Value::as_str) {
        entities.push(find(run, reach, &parse(entity_ref)?, is_optional).await?);
    }
    Ok(json!({ "entities": entities }))
}

async fn find(
    run: &Run,
    reach: &Reach,
    entity_ref: &EntityRef,
    is_optional: bool,
) -> Result<Value> {
    match reach.catalog.entity(&run.ctx, entity_ref).await? {
        Some(entity) => Ok(entity),
        None if is_optional => Ok(Value::Null),
        None => Err(Error::not_found(format!("Entity {entity_ref} not found"))),
    }
}
