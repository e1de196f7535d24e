//! What templates of the scaffolder can do beyond the language itself.

use model::{DEFAULT_NAMESPACE, EntityRef};
use nunjucks::Host;
use serde_json::{Value, json};

use crate::repo_url::{RepoHosts, RepoUrl};

/// Most parts of a path of `pick`.
const MAX_PATH: usize = 100;

/// The filters of every template: `parseRepoUrl`, `projectSlug`, `parseEntityRef`, `pick`.
pub fn template_host(hosts: RepoHosts) -> Host {
    let slug_hosts = hosts.clone();
    Host::new()
        .with_filter("parseRepoUrl", move |arguments| {
            repo_url(arguments, &hosts).map(|url| Some(url.to_json()))
        })
        .with_filter("projectSlug", move |arguments| {
            repo_url(arguments, &slug_hosts).map(|url| Some(url.slug().into()))
        })
        .with_filter("parseEntityRef", |arguments| {
            entity_ref(arguments).map(Some)
        })
        .with_filter("pick", pick)
}

fn argument(arguments: &[Option<Value>], index: usize) -> Option<&Value> {
    arguments.get(index).and_then(Option::as_ref)
}

fn repo_url(arguments: &[Option<Value>], hosts: &RepoHosts) -> Result<RepoUrl, String> {
    let Some(Value::String(text)) = argument(arguments, 0) else {
        return Err("the URL of a repository is a text".to_owned());
    };
    RepoUrl::parse(text, hosts).map_err(|error| error.to_string())
}

fn entity_ref(arguments: &[Option<Value>]) -> Result<Value, String> {
    let Some(Value::String(text)) = argument(arguments, 0) else {
        return Err("an entity reference is a text".to_owned());
    };
    let default = |name: &str| argument(arguments, 1)?.get(name)?.as_str();
    let parsed = EntityRef::parse(
        text,
        default("defaultKind"),
        default("defaultNamespace").unwrap_or(DEFAULT_NAMESPACE),
    )
    .map_err(|error| error.to_string())?;
    Ok(json!({
        "kind": parsed.kind,
        "namespace": parsed.namespace,
        "name": parsed.name,
    }))
}

/// A part of a value: by a key of that very name, else by a path with points and brackets.
fn pick(arguments: &[Option<Value>]) -> Result<Option<Value>, String> {
    let (Some(value), Some(path)) = (argument(arguments, 0), argument(arguments, 1)) else {
        return Ok(None);
    };
    let path = match path {
        Value::String(path) => path.clone(),
        Value::Number(index) => index.to_string(),
        Value::Array(parts) => return Ok(pick_parts(value, parts)),
        _ => return Err("a path is a text".to_owned()),
    };
    if let Some(found) = member(value, &path) {
        return Ok(Some(found));
    }
    let parts = path
        .split(['.', '[', ']'])
        .map(|part| part.trim_matches(['"', '\'']))
        .filter(|part| !part.is_empty());
    let mut found = value.clone();
    for (index, part) in parts.enumerate() {
        if index >= MAX_PATH {
            return Err("the path is too long".to_owned());
        }
        match member(&found, part) {
            Some(next) => found = next,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn pick_parts(value: &Value, parts: &[Value]) -> Option<Value> {
    parts
        .iter()
        .take(MAX_PATH)
        .try_fold(value.clone(), |value, part| match part {
            Value::String(part) => member(&value, part),
            part => member(&value, &part.to_string()),
        })
}

fn member(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(members) => members.get(name).cloned(),
        Value::Array(items) if name == "length" => Some(items.len().into()),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?).cloned(),
        Value::String(text) if name == "length" => Some(text.encode_utf16().count().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use nunjucks::{Syntax, Template};

    use super::*;

    fn value(source: &str) -> Result<Option<Value>, String> {
        let context = json!({
            "url": "github.com?owner=acme&repo=shop",
            "owner": "group:web",
            "o": {"a": {"b": [1, {"c": 2}]}, "x.io/y": "z"},
        });
        let host = template_host(RepoHosts::default());
        let template = Template::parse(source, Syntax::default()).unwrap();
        template
            .render_value(context.as_object().unwrap(), &host)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn filters_of_the_scaffolder() {
        for (source, expected) in [
            ("${{ url | parseRepoUrl | pick('owner') }}", json!("acme")),
            ("${{ url | projectSlug }}", json!("acme/shop")),
            ("${{ (owner | parseEntityRef).name }}", json!("web")),
            (
                "${{ 'web' | parseEntityRef({defaultKind: 'Group'}) }}",
                json!({"kind": "Group", "namespace": "default", "name": "web"}),
            ),
            ("${{ o | pick('a.b[1].c') }}", json!(2)),
            ("${{ o | pick('x.io/y') }}", json!("z")),
        ] {
            assert_eq!(value(source), Ok(Some(expected)), "{source}");
        }
        assert_eq!(value("${{ o | pick('no.such') }}"), Ok(None));
    }

    #[test]
    fn mistakes_are_errors() {
        assert_eq!(
            value("${{ 'web' | parseEntityRef }}"),
            Err(
                "filter `parseEntityRef` failed: Entity reference \"web\" had missing or empty \
                 kind (e.g. did not start with \"component:\" or similar)"
                    .to_owned()
            )
        );
        assert!(value("${{ o | parseRepoUrl }}").is_err());
        assert!(value("${{ nothing | parseEntityRef }}").is_err());
    }
}
