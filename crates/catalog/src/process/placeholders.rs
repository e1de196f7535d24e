//! `$text`, `$json` and `$yaml` placeholders. Reference 1 §A.6.

use model::{ErrorInfo, Placeholder, PlaceholderKind};
use serde_json::Value;
use url::Url;

use integrations::{ReadOutcome, ReadRequest};

use super::{Failure, Pipeline, Provenance};

/// Most placeholders of one entity.
const MAX_PLACEHOLDERS: usize = 100;

/// Replaces the placeholders of an entity; the refresh keys of what was read.
pub(super) async fn resolve(
    pipeline: &Pipeline,
    entity: &mut Value,
    from: &Provenance,
) -> Result<Vec<String>, Failure> {
    let placeholders = model::find_placeholders(entity);
    let known = placeholders.iter().filter(|found| is_supported(found.kind));
    if known.count() > MAX_PLACEHOLDERS {
        let message = format!("Entity has more than {MAX_PLACEHOLDERS} placeholders");
        return Err(ErrorInfo::input(message).into());
    }
    let mut keys = Vec::new();
    for placeholder in placeholders {
        if !is_supported(placeholder.kind) {
            continue;
        }
        match replacement(pipeline, &placeholder, from, &mut keys).await {
            Ok(value) => {
                model::replace_placeholder(entity, &placeholder.pointer, value);
            }
            Err(mut failure) => {
                failure.refresh_keys.append(&mut keys);
                failure.reads = true;
                return Err(failure);
            }
        }
    }
    Ok(keys)
}

/// Bundling of `$openapi` and `$asyncapi` is a module of its own in Backstage, absent by default:
/// such objects stay as they are.
fn is_supported(kind: PlaceholderKind) -> bool {
    matches!(
        kind,
        PlaceholderKind::Text | PlaceholderKind::Json | PlaceholderKind::Yaml
    )
}

async fn replacement(
    pipeline: &Pipeline,
    placeholder: &Placeholder,
    from: &Provenance,
    keys: &mut Vec<String>,
) -> Result<Value, Failure> {
    let key = placeholder.kind.key();
    let reference = placeholder.value.as_str().ok_or_else(|| {
        ErrorInfo::new(
            "Error",
            format!("Placeholder ${key} expected a string value parameter, in the form of an absolute URL or a relative path"),
        )
    })?;
    let url = absolute_url(pipeline, reference, from)
        .map_err(|message| ErrorInfo::new("Error", format!("Placeholder ${key} {message}")))?;
    guard_repository(pipeline, &url, from)?;
    keys.push(format!("url:{url}"));
    let text = read_text(pipeline, &url, key).await?;
    parse(placeholder.kind, &text, &url).map_err(Failure::from)
}

fn absolute_url(pipeline: &Pipeline, reference: &str, from: &Provenance) -> Result<Url, String> {
    if let Ok(url) = Url::parse(reference) {
        return Ok(url);
    }
    let base = &from.location.target;
    let resolved = pipeline
        .integrations
        .resolve_url(reference, base)
        .ok()
        .and_then(|resolved| Url::parse(&resolved).ok());
    resolved.ok_or_else(|| {
        format!(
            "could not form a URL out of {base} and {reference}; \
             placeholders work below `url` locations"
        )
    })
}

fn guard_repository(pipeline: &Pipeline, url: &Url, from: &Provenance) -> Result<(), Failure> {
    let Ok(base) = Url::parse(&from.location.target) else {
        return Ok(());
    };
    if pipeline.integrations.same_repository(&base, url) == Some(false) {
        let message = "Placeholder may only reference files from the same repository as the entity";
        return Err(ErrorInfo::new("Error", message).into());
    }
    Ok(())
}

async fn read_text(pipeline: &Pipeline, url: &Url, key: &str) -> Result<String, Failure> {
    let outcome = pipeline.reader.read(&ReadRequest::new(url.clone())).await;
    let bytes = match outcome {
        Ok(ReadOutcome::Found(file)) => file.bytes,
        Ok(ReadOutcome::NotModified) => bytes::Bytes::new(),
        Err(error) => {
            let retry_at = error
                .retry_after()
                .map(|after| pipeline.clock.now() + platform::clock::millis(after));
            let message = format!("Placeholder ${key} could not read location {url}, {error}");
            let failure = Failure::from(ErrorInfo::new("Error", message));
            return Err(Failure {
                retry_at,
                ..failure
            });
        }
    };
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        ErrorInfo::new(
            "Error",
            format!("Placeholder ${key} found no UTF-8 text at {url}"),
        )
        .into()
    })
}

fn parse(kind: PlaceholderKind, text: &str, url: &Url) -> Result<Value, ErrorInfo> {
    match kind {
        PlaceholderKind::Json => serde_json::from_str(text).map_err(|error| {
            let message = format!("Placeholder $json failed to parse JSON data at {url}, {error}");
            ErrorInfo::new("Error", message)
        }),
        PlaceholderKind::Yaml => yaml(text, url),
        _ => Ok(text.into()),
    }
}

fn yaml(text: &str, url: &Url) -> Result<Value, ErrorInfo> {
    let mut documents = model::parse_documents(text, &model::YamlLimits::default());
    let error = |message: String| ErrorInfo::new("Error", message);
    if documents.len() > 1 {
        return Err(error(format!(
            "Placeholder $yaml expected to find exactly one document of data at {url}, found {}",
            documents.len()
        )));
    }
    let document = documents
        .pop()
        .ok_or_else(|| error(format!("Placeholder $yaml found no document at {url}")))?;
    match document.problems.first() {
        Some(problem) => Err(error(format!(
            "Placeholder $yaml found an error in the data at {url}, {}",
            problem.message
        ))),
        None => Ok(document.value),
    }
}
