//! The list of requests.

use std::collections::BTreeMap;

use model::{YamlLimits, parse_documents};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Document {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default = "user")]
    auth: String,
    requests: Vec<Request>,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub id: String,
    #[serde(default = "get")]
    pub method: String,
    pub path: String,
    /// `user`, `static`, `bad` or `none`.
    pub auth: Option<String>,
    /// Headers; `null` leaves one out that is otherwise sent.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    pub json: Option<Value>,
    pub body: Option<String>,
    /// Variables to fill from the answer.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// Files of the fixture to write first.
    #[serde(default)]
    pub write: Vec<Write>,
    /// What has to have happened before.
    pub after: Option<After>,
    /// When to stop repeating it.
    pub until: Option<Until>,
    /// Paths of values that are not compared.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Members that are not compared wherever they are texts.
    #[serde(default)]
    pub texts: Vec<String>,
    /// The member by which items of the list are known; items that Backstage has not are passed over.
    pub known_by: Option<String>,
    /// Whether lists are compared without order.
    #[serde(default)]
    pub unordered: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    pub file: String,
    pub text: String,
}

/// An answer to wait for that is not compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    pub path: String,
    pub contains: String,
    /// Seconds.
    pub timeout: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Until {
    pub status: Option<u16>,
    pub contains: Option<String>,
    pub absent: Option<String>,
    /// Until it is as recorded.
    #[serde(default)]
    pub recorded: bool,
    /// Seconds.
    pub timeout: u64,
}

fn user() -> String {
    "user".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

/// All requests, in order.
pub(crate) fn all() -> Vec<Request> {
    let mut documents = parse_documents(include_str!("requests.yaml"), &YamlLimits::default());
    let document = documents.pop().unwrap();
    assert!(document.problems.is_empty(), "{:?}", document.problems);
    let document: Document = serde_json::from_value(document.value).unwrap();
    let groups = document.groups.into_iter().flat_map(|group| {
        let auth = group.auth;
        group.requests.into_iter().map(move |request| Request {
            auth: Some(request.auth.clone().unwrap_or_else(|| auth.clone())),
            ..request
        })
    });
    groups.collect()
}
