//! `terasky:*`: manifests of Kubernetes objects from the answers of a form, and catalog files without
//! what the catalog adds. Reference: Kubernetes plugins §2.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use integrations::Kind;
use model::{YamlLimits, parse_documents, to_yaml};
use platform::actions::Run;
use platform::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::publish::Host;
use super::{Reach, typed, yaml};
use crate::engine::blocking;
use crate::outgoing::Request;
use crate::repo_url::{HostKind, RepoUrl};
use crate::workspace::{resolve, write_file};

/// What annotations begin with.
const PREFIX: &str = "terasky.backstage.io";
/// The folder of objects without a namespace.
const NO_NAMESPACE: &str = "cluster-scoped";
const DEFAULT_BRANCH: &str = "main";
const PLAIN: u32 = 0o644;

/// Runs one of them; the rest of its id after `terasky:`.
pub(super) async fn run(name: &str, run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    match name {
        "claim-template" => claim(run, reach, input).await,
        "crd-template" => crd(run, reach, input).await,
        "catalog-info-cleaner" => clean(run, input).await,
        other => Err(Error::internal(format!("no code for terasky:{other}"))),
    }
}

/// What both kinds of manifests are made of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    parameters: Map<String, Value>,
    #[serde(default = "name_param")]
    name_param: String,
    #[serde(default = "namespace_param")]
    namespace_param: String,
    #[serde(default)]
    owner_param: Value,
    #[serde(default)]
    exclude_params: Vec<String>,
    api_version: String,
    kind: String,
    clusters: Vec<String>,
    remove_empty_params: Option<bool>,
    #[serde(default)]
    spec_field_order: Vec<String>,
    xrd_path_template: Option<String>,
    #[serde(default)]
    generate_kustomization: bool,
}

fn name_param() -> String {
    "xrName".to_owned()
}

fn namespace_param() -> String {
    "xrNamespace".to_owned()
}

/// A file of the workspace.
struct File {
    path: String,
    text: String,
}

async fn claim(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let step = run.step()?;
    let wanted: Wanted = typed(input)?;
    let mut spec = wanted.parameters.clone();
    for path in &wanted.exclude_params {
        remove_at(&mut spec, path);
    }
    let spec = wanted.tidied(spec, wanted.remove_empty_params.unwrap_or(true));
    let files: Vec<File> = wanted
        .clusters
        .iter()
        .map(|cluster| {
            let path = wanted.path(cluster)?;
            let text = yaml(step, &wanted.manifest(&path, &spec, reach))?;
            Ok(File { path, text })
        })
        .collect::<Result<_>>()?;
    let manifest = files.last().map(|file| file.text.clone());
    let manifest = Value::from(manifest.unwrap_or_default());
    let encode = |text: &Value| Ok(STANDARD.encode(text.as_str().unwrap_or_default()).into());
    let encoded = step.make(&manifest, encode)?;
    let mut all = Vec::new();
    if wanted.generate_kustomization {
        all = kustomizations(reach, &wanted, &files).await?;
    }
    let paths = write(run, files).await?;
    write(run, all).await?;
    Ok(json!({
        "manifestEncoded": encoded,
        "manifest": manifest,
        "filePaths": paths,
    }))
}

async fn crd(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let wanted: Wanted = typed(input)?;
    let mut spec = wanted.parameters.clone();
    spec.retain(|name, _| !wanted.exclude_params.contains(name));
    let spec = wanted.tidied(spec, wanted.remove_empty_params.unwrap_or(false));
    let file = |cluster: &String| {
        let path = wanted.path_in(cluster);
        let text = yaml(run.step()?, &wanted.manifest(&path, &spec, reach))?;
        Ok(File { path, text })
    };
    let files: Vec<File> = wanted.clusters.iter().map(file).collect::<Result<_>>()?;
    let manifest = files.last().map(|file| file.text.clone());
    let paths = write(run, files).await?;
    Ok(json!({ "manifest": manifest, "filePaths": paths }))
}

impl Wanted {
    fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name)?.as_str();
        value.filter(|text| !text.is_empty())
    }

    fn name(&self) -> &str {
        self.parameter(&self.name_param).unwrap_or_default()
    }

    fn namespace(&self) -> Option<&str> {
        self.parameter(&self.namespace_param)
    }

    fn branch(&self) -> &str {
        self.parameter("targetBranch").unwrap_or(DEFAULT_BRANCH)
    }

    fn is_pushed(&self) -> bool {
        self.parameters.get("pushToGit") == Some(&Value::Bool(true))
    }

    fn layout(&self) -> &str {
        if self.xrd_path_template.is_some() {
            return "target-path";
        }
        self.parameter("manifestLayout").unwrap_or(NO_NAMESPACE)
    }

    /// The members of `spec`, without empty ones if so wanted, in the order that was asked for.
    fn tidied(&self, spec: Map<String, Value>, drops_empty: bool) -> Value {
        let mut spec = Value::Object(spec);
        tidy(&mut spec, drops_empty);
        let Value::Object(mut rest) = spec else {
            return spec;
        };
        let mut ordered = Map::new();
        for name in &self.spec_field_order {
            if let Some(value) = rest.shift_remove(name) {
                ordered.insert(name.clone(), value);
            }
        }
        ordered.extend(rest);
        ordered.into()
    }

    /// Where the manifest of a cluster goes.
    fn path(&self, cluster: &str) -> Result<String> {
        let name = self.name();
        Ok(match self.layout() {
            "target-path" => {
                let template = self.xrd_path_template.as_deref().unwrap_or_default();
                format!("{}/{name}.yaml", self.filled_in(template)?)
            }
            "namespace-scoped" => {
                let namespace = self.namespace().unwrap_or("default");
                format!("{namespace}/{}/{name}.yaml", self.kind)
            }
            "custom" => {
                let base = self.parameter("basePath").unwrap_or(".");
                format!("{}/{name}.yaml", base.trim_end_matches('/'))
            }
            _ => self.path_in(cluster),
        })
    }

    fn path_in(&self, cluster: &str) -> String {
        let namespace = self.namespace().unwrap_or(NO_NAMESPACE);
        format!("{cluster}/{namespace}/{}/{}.yaml", self.kind, self.name())
    }

    /// `{p}` is the parameter of that name, in small letters.
    fn filled_in(&self, template: &str) -> Result<String> {
        let mut path = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Error::input("`xrdPathTemplate` has a `{` without `}`"))?;
            let value = self.parameter(name).ok_or_else(|| {
                Error::input(format!(
                    "`xrdPathTemplate` asks for `{name}`, which the form does not have"
                ))
            })?;
            path.push_str(before);
            path.push_str(&value.to_lowercase());
            rest = after;
        }
        path.push_str(rest);
        Ok(path.trim_matches('/').to_owned())
    }

    fn manifest(&self, path: &str, spec: &Value, reach: &Reach) -> Value {
        let mut metadata = json!({
            "annotations": self.annotations(path, reach),
            "name": self.name(),
        });
        if let Some(namespace) = self.namespace() {
            metadata["namespace"] = namespace.into();
        }
        json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": metadata,
            "spec": spec,
        })
    }

    fn annotations(&self, path: &str, reach: &Reach) -> Value {
        let source = json!({
            "pushToGit": self.is_pushed(),
            "gitBranch": self.branch(),
            "gitRepo": self.parameter("repoUrl").unwrap_or_default(),
            "gitLayout": self.layout(),
            "basePath": self.parameter("basePath").unwrap_or_default(),
        });
        let mut annotations = Map::new();
        let mut set = |name: &str, value: String| {
            annotations.insert(format!("{PREFIX}/{name}"), value.into());
        };
        set("source-info", source.to_string());
        set("add-to-catalog", "true".to_owned());
        let owner = self.owner_param.as_str().and_then(|it| self.parameter(it));
        if let Some(owner) = owner {
            set("owner", owner.to_owned());
        }
        if let Some(namespace) = self.namespace() {
            set("system", namespace.to_owned());
        }
        if let Some(url) = self.source_url(path, reach) {
            set("source-file-url", url);
        }
        annotations.into()
    }

    /// Where people see the file once it is merged.
    fn source_url(&self, path: &str, reach: &Reach) -> Option<String> {
        let repo = self.parameter("repoUrl").filter(|_| self.is_pushed())?;
        let repo = RepoUrl::parse(repo, &reach.hosts).ok()?;
        let (host, branch) = (repo.host.as_str(), self.branch());
        let name = repo.repo.as_deref()?;
        let owned = |between: &str| {
            let owner = repo.owner.as_deref()?;
            Some(format!(
                "https://{host}/{owner}/{name}/{between}/{branch}/{path}"
            ))
        };
        match reach.hosts.kind(host)? {
            HostKind::Github => owned("blob"),
            HostKind::Gitlab => owned("-/blob"),
            HostKind::Bitbucket if host == "bitbucket.org" => {
                let workspace = repo.workspace.as_deref()?;
                Some(format!(
                    "https://{host}/{workspace}/{name}/src/{branch}/{path}"
                ))
            }
            HostKind::Bitbucket => {
                let project = repo.project.as_deref()?;
                Some(format!(
                    "https://{host}/projects/{project}/repos/{name}/browse/{path}?at={branch}"
                ))
            }
            HostKind::Azure | HostKind::Gerrit | HostKind::Gitea => None,
        }
    }
}

/// Removes the member at a path of names with dots.
fn remove_at(members: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => drop(members.shift_remove(path)),
        Some((name, rest)) => {
            if let Some(Value::Object(inner)) = members.get_mut(name) {
                remove_at(inner, rest);
            }
        }
    }
}

/// Removes the switches of the form at every depth, and what is empty if so wanted.
fn tidy(value: &mut Value, drops_empty: bool) {
    let is_wanted = |value: &Value| !(drops_empty && is_empty(value));
    match value {
        Value::Object(members) => {
            members.shift_remove("showAdvancedSettings");
            for member in members.values_mut() {
                tidy(member, drops_empty);
            }
            members.retain(|_, member| is_wanted(member));
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                tidy(item, drops_empty);
            }
            items.retain(is_wanted);
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A `kustomization.yaml` for each folder, with what the one in the repository names already.
async fn kustomizations(reach: &Reach, wanted: &Wanted, files: &[File]) -> Result<Vec<File>> {
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| Path::new(&file.path).parent()?.to_str())
        .collect();
    let mut all = Vec::new();
    for folder in folders {
        let path = format!("{folder}/kustomization.yaml");
        let mut content = published(reach, wanted, &path).await?.unwrap_or_else(
            || json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization" }),
        );
        let name = format!("{}.yaml", wanted.name());
        let mut resources = content["resources"].as_array().cloned().unwrap_or_default();
        if !resources.iter().any(|it| *it == *name) {
            resources.push(name.into());
        }
        content["resources"] = resources.into();
        let text = to_yaml(&content);
        all.push(File { path, text });
    }
    Ok(all)
}

/// A file of the repository that the manifest goes to, which is looked at on GitHub only.
async fn published(reach: &Reach, wanted: &Wanted, path: &str) -> Result<Option<Value>> {
    let Some(repo) = wanted.parameter("repoUrl").filter(|_| wanted.is_pushed()) else {
        return Ok(None);
    };
    let is_github = RepoUrl::parse(repo, &reach.hosts)
        .is_ok_and(|it| reach.hosts.kind(&it.host) == Some(HostKind::Github));
    if !is_github {
        return Ok(None);
    }
    let host = Host::of(reach, &json!({ "repoUrl": repo }), Kind::Github).await?;
    let segments = ["repos", host.owner(), host.name(), "contents"];
    let mut url = host.api(&[&segments[..], &path.split('/').collect::<Vec<_>>()].concat())?;
    url.query_pairs_mut().append_pair("ref", wanted.branch());
    let request = Request {
        authorization: host.authorization.clone(),
        headers: vec![("accept", "application/vnd.github.raw+json".to_owned())],
        ..Request::new(Method::GET, url)
    };
    let answer = reach.outgoing.send(request).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(answer.error(&host.repo.host));
    }
    let wrong = || Error::unavailable(format!("{path} of the repository cannot be read"));
    let decoded = String::from_utf8(answer.body.to_vec()).map_err(|_| wrong())?;
    let document = parse_documents(&decoded, &YamlLimits::default()).into_iter();
    let mut documents = document.filter(|document| document.problems.is_empty());
    let content = documents.next().ok_or_else(wrong)?.value;
    Ok(content.is_object().then_some(content))
}

/// Writes files; where they are.
async fn write(run: &Run, files: Vec<File>) -> Result<Vec<String>> {
    let root = run.step()?.workspace.clone();
    blocking(move || {
        files
            .into_iter()
            .map(|file| {
                let full = resolve(&root, &file.path)?;
                write_file(&full, file.text.as_bytes(), PLAIN)?;
                Ok(full.display().to_string())
            })
            .collect()
    })
    .await
}

/// Writes an entity of the catalog as people write them.
async fn clean(run: &Run, input: &Value) -> Result<Value> {
    let mut entity = input["entity"].clone();
    if let Value::Object(members) = &mut entity {
        members.shift_remove("relations");
    }
    if let Some(Value::Object(metadata)) = entity.get_mut("metadata") {
        metadata.shift_remove("uid");
        metadata.shift_remove("etag");
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            annotations.retain(|name, _| !name.starts_with("backstage.io/managed-by-"));
        }
    }
    let text = yaml(run.step()?, &entity)?;
    let file = File {
        path: "catalog-info.yaml".to_owned(),
        text: text.clone(),
    };
    let mut paths = write(run, vec![file]).await?;
    Ok(json!({ "manifest": text, "filePath": paths.pop() }))
}
