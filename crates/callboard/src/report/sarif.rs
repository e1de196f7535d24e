//! SARIF 2.1.0: the format of code scanning.

use std::collections::BTreeSet;

use model::{Problem, Severity};
use serde_json::{Value, json};
use url::Url;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Problems as one run of this program.
pub(super) fn document(problems: &[Problem]) -> Value {
    let codes: BTreeSet<&str> = problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({"id": code})).collect();
    let results: Vec<Value> = problems
        .iter()
        .map(|problem| result(problem, &codes))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "callboard",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(problem: &Problem, codes: &[&str]) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut text = problem.message.clone();
    if let Some(hint) = &problem.hint {
        text = format!("{text} (hint: {hint})");
    }
    let mut result = json!({
        "ruleId": problem.code,
        "level": level,
        "message": {"text": text},
    });
    if let Ok(index) = codes.binary_search(&problem.code.as_str()) {
        result["ruleIndex"] = index.into();
    }
    if let Some(file) = &problem.file {
        let mut physical = json!({"artifactLocation": {"uri": uri(file)}});
        if let Some(position) = problem.position {
            physical["region"] =
                json!({"startLine": position.line, "startColumn": position.column});
        }
        let mut location = json!({"physicalLocation": physical});
        if !problem.path.is_empty() {
            location["logicalLocations"] = json!([{"fullyQualifiedName": problem.path}]);
        }
        result["locations"] = json!([location]);
    }
    result
}

/// A URL stays, an absolute path becomes a `file` URL, a relative one is encoded.
fn uri(file: &str) -> String {
    if let Ok(url) = Url::parse(file) {
        return url.into();
    }
    if let Ok(url) = Url::from_file_path(file) {
        return url.into();
    }
    let relative = file.strip_prefix("./").unwrap_or(file);
    let rooted = Url::from_file_path(format!("/{relative}"));
    // The path keeps its `..`, which a URL would resolve; a scanner knows its root.
    match rooted {
        Ok(url) if !relative.starts_with("..") => url.path().trim_start_matches('/').to_owned(),
        _ => relative.replace(' ', "%20"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_uris() {
        for (file, expected) in [
            ("catalog info.yaml", "catalog%20info.yaml"),
            ("./a/b.yaml", "a/b.yaml"),
            ("../b c.yaml", "../b%20c.yaml"),
            ("/abs/ü.yaml", "file:///abs/%C3%BC.yaml"),
            ("https://host/a.yaml", "https://host/a.yaml"),
        ] {
            assert_eq!(uri(file), expected);
        }
    }
}
