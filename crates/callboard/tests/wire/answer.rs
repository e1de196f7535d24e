//! Answers without what differs from run to run.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// An answer, normalised.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    pub status: u16,
    /// Content type; empty without one.
    #[serde(rename = "type")]
    pub content_type: String,
    pub body: Value,
}

#[derive(Deserialize)]
struct Recorded {
    id: String,
    #[serde(flatten)]
    answer: Answer,
}

/// The answers of Backstage by id.
pub(crate) fn recorded() -> BTreeMap<String, Answer> {
    let groups = [
        include_str!("recordings/health.jsonl"),
        include_str!("recordings/auth.jsonl"),
        include_str!("recordings/catalog.jsonl"),
        include_str!("recordings/permission.jsonl"),
        include_str!("recordings/proxy.jsonl"),
        include_str!("recordings/user-settings.jsonl"),
        include_str!("recordings/scaffolder.jsonl"),
        include_str!("recordings/notifications.jsonl"),
    ];
    let lines = groups.into_iter().flat_map(str::lines);
    let parsed = lines.map(|line| serde_json::from_str::<Recorded>(line).unwrap());
    parsed
        .map(|recorded| (recorded.id, recorded.answer))
        .collect()
}

/// What is different in every run, and what stands for it.
static NOISE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}", "<JWT>"),
        (
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "<uuid>",
        ),
        (r"\b[0-9a-f]{40}\b", "<sha1>"),
        (
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?",
            "<timestamp>",
        ),
        (
            r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
            "<http-date>",
        ),
        (
            r#"((?:next|prev)?[cC]ursor(?:"|=|%22)*:? ?"?)[\w=%+/-]{30,}"#,
            "${1}<cursor>",
        ),
    ];
    let compiled = patterns
        .into_iter()
        .map(|(text, name)| (Regex::new(text).unwrap(), name));
    compiled.collect()
});

impl Answer {
    /// From an answer whose ports, folders and tokens have been replaced already.
    pub(crate) fn new(status: u16, content_type: String, text: &str) -> Self {
        let mut text = text.to_owned();
        for (pattern, name) in &*NOISE {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        let json = content_type
            .contains("json")
            .then(|| serde_json::from_str(&text).ok());
        let body = json.flatten().unwrap_or(Value::String(text));
        Self {
            status,
            content_type,
            body,
        }
    }
}
