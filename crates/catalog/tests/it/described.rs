//! The description of the API says what there is, and the tables of routes have all of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{SERVICE, TestCatalog};

use super::routes::{Row, reads, writes};

const OPENAPI: &str = include_str!("../../src/http/openapi.json");
const ROUTER: &str = include_str!("../../src/http.rs");

/// Routes without a description: those that all plugins have.
const COMMON: &[&str] = &["/.well-known/", "/.backstage/", "/openapi.json"];

#[test]
fn the_description_and_the_router_have_the_same_routes() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let quoted = ROUTER
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with('/'));
    let routed: BTreeSet<&str> = quoted
        .filter(|path| !COMMON.iter().any(|common| path.starts_with(common)))
        .collect();
    assert_eq!(routed, described);
}

#[tokio::test]
async fn the_description_and_the_router_have_the_same_methods() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let lab = TestCatalog::new().await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let sample = path.replace('{', "x").replace('}', "");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let body = (method != "GET").then(|| json!({}));
            let reply = lab.send(method, &sample, Some(SERVICE), body).await;
            // The answer to an unknown route has neither a body nor a type.
            let is_unknown = reply.status == 404 && reply.header("content-type").is_empty();
            let is_described = operations.get(method.to_lowercase()).is_some();
            assert_eq!(
                is_unknown, !is_described,
                "{method} {path}: {} {}",
                reply.status, reply.text
            );
        }
    }
}

#[test]
fn every_described_operation_is_in_the_sweep() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let swept: Vec<Row> = reads().into_iter().chain(writes()).collect();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let is_swept = swept
                .iter()
                .any(|row| row.method.eq_ignore_ascii_case(method) && is_for(row.path, path));
            assert!(is_swept, "{method} {path}");
        }
    }
}

/// Whether a path of the sweep is an instance of a template.
fn is_for(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let mut parts = path.iter().zip(&template);
    path.len() == template.len() && parts.all(|(part, of)| part == of || of.starts_with('{'))
}
