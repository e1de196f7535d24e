use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::pointer;
use crate::testing::json_values;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Value(String),
    #[expect(dead_code, reason = "shown when the test fails")]
    Error(String),
}

fn all() -> YamlLimits {
    YamlLimits {
        skip_empty: false,
        ..YamlLimits::default()
    }
}

fn values(text: &str) -> Vec<Value> {
    let documents = parse_documents(text, &YamlLimits::default());
    documents
        .into_iter()
        .map(|document| document.value)
        .collect()
}

/// Code, line and column of every problem, in order.
fn problems(text: &str, limits: &YamlLimits) -> Vec<(String, u32, u32)> {
    let documents = parse_documents(text, limits);
    let found = documents.into_iter().flat_map(|document| document.problems);
    found
        .map(|problem| {
            let Position { line, column } = problem.position.unwrap();
            (problem.code, line, column)
        })
        .collect()
}

/// Every expectation was produced by the YAML library of Backstage.
#[test]
fn documents_agree_with_backstage() {
    let cases: Vec<(String, Vec<Expected>)> =
        serde_json::from_str(include_str!("cases.json")).unwrap();
    assert!(cases.len() > 60);
    let mut failures = String::new();
    for (text, expected) in cases {
        let documents = parse_documents(&text, &all());
        let agrees = documents.len() == expected.len()
            && documents
                .iter()
                .zip(&expected)
                .all(|(document, expected)| match expected {
                    Expected::Value(json) => {
                        document.problems.is_empty() && json == &document.value.to_string()
                    }
                    Expected::Error(_) => !document.problems.is_empty(),
                });
        if !agrees {
            writeln!(
                failures,
                "{text:?}\n  expected {expected:?}\n  found {documents:?}"
            )
            .unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn mistakes_stay_in_their_document() {
    let text = "ok: 1\n---\na: 'x\n---\n- [\n---\nok: 2\n...\nb: @\n---\nok: 3\n";
    let documents = parse_documents(text, &all());
    let outcomes: Vec<_> = documents
        .iter()
        .map(|d| {
            (
                d.index,
                d.start.line,
                d.problems.is_empty(),
                d.value.to_string(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (0, 1, true, r#"{"ok":1}"#.to_owned()),
            (1, 3, false, "null".to_owned()),
            (2, 5, false, "null".to_owned()),
            (3, 7, true, r#"{"ok":2}"#.to_owned()),
            (4, 9, false, "null".to_owned()),
            (5, 11, true, r#"{"ok":3}"#.to_owned()),
        ]
    );
}

#[test]
fn problems_have_positions_and_hints() {
    for (text, code, line, column, hint) in [
        (
            "---\na: 1\nb:\n  c: 1\n  c: 2\n",
            "yaml.duplicate-key",
            5,
            3,
            "remove or rename one of the two `c`",
        ),
        (
            "x: 1\n---\na: @x",
            "yaml.syntax",
            3,
            4,
            "put the value in quotes",
        ),
        (
            "a:\n\t- b",
            "yaml.syntax",
            2,
            2,
            "indent with spaces, not with tabs",
        ),
        (
            "a: b: c",
            "yaml.syntax",
            1,
            5,
            "put a text that contains a colon in quotes, and check the indentation",
        ),
    ] {
        let documents = parse_documents(text, &all());
        let problem = &documents.last().unwrap().problems[0];
        let position = problem.position.unwrap();
        let found = (problem.code.as_str(), position.line, position.column);
        assert_eq!(
            (found, problem.hint.as_deref()),
            ((code, line, column), Some(hint)),
            "{text:?}"
        );
    }
    let unresolved = &parse_documents("a: *nope", &all())[0].problems[0];
    assert_eq!(
        unresolved.message,
        "Unresolved alias (the anchor must be set before the alias)"
    );
}

#[test]
fn roots_must_be_objects() {
    // Recorded: half of the documents of bad-envelope.yaml.
    let message = |text| {
        let document = parse_documents(text, &all()).remove(0);
        document.root_problem().map(|problem| problem.message)
    };
    for (text, expected) in [
        ("just a string", Some("Expected object at root, got string")),
        ("- a\n- list", Some("Expected object at root, got object")),
        ("5", Some("Expected object at root, got number")),
        ("true", Some("Expected object at root, got boolean")),
        ("~", None),
        ("a: 1", None),
    ] {
        assert_eq!(message(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn empty_documents_can_be_left_out() {
    let text = "---\n---\na: 1\n---\n# nothing\n---\nnull\n---\nb: 2\n";
    assert_eq!(values(text), [json!({"a": 1}), json!({"b": 2})]);
    let indices: Vec<_> = parse_documents(text, &YamlLimits::default())
        .iter()
        .map(|d| d.index)
        .collect();
    assert_eq!(indices, [1, 4]);
    assert_eq!(parse_documents(text, &all()).len(), 5);
}

#[test]
fn every_limit_is_a_problem() {
    let limits = YamlLimits {
        max_bytes: 1_000,
        max_document_bytes: 100,
        max_documents: 4,
        max_depth: 5,
        max_document_size: 20,
        max_total_size: 50,
        skip_empty: false,
    };
    let found = |text: &str| problems(text, &limits);
    let problem = |code: &str, line, column| vec![(code.to_owned(), line, column)];
    assert_eq!(found("a: [[[[1]]]]"), []);
    assert_eq!(found("a: [[[[[1]]]]]"), problem("yaml.too-deep", 1, 8));
    assert_eq!(found(&"x".repeat(1_001)), problem("yaml.too-long", 1, 1));
    let long = format!("a\n---\n# {}\nx\n---\nb\n", "x".repeat(100));
    assert_eq!(found(&long), problem("yaml.too-long", 2, 1));
    assert_eq!(parse_documents(&long, &limits).len(), 3);
    assert_eq!(found("--- 1\n".repeat(4).as_str()), []);
    assert_eq!(
        found("--- 1\n".repeat(9).as_str()),
        problem("yaml.too-many-documents", 5, 1)
    );
    assert_eq!(
        found(&format!("[{}]", "1,".repeat(30))),
        problem("yaml.too-large", 1, 40)
    );
    let total = format!("--- [{}]\n", "1,".repeat(15)).repeat(4);
    assert_eq!(found(&total), problem("yaml.too-large", 4, 1));
    // The copy of an anchored value, and every use of it, counts.
    assert_eq!(
        found("[&a [1, 2, 3, 4], *a, *a]"),
        problem("yaml.too-large", 1, 23)
    );
}

#[test]
fn hostile_texts_are_refused_or_read() {
    let deep_blocks: String = (0..10_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .take(1_500)
        .collect();
    for (text, code) in [
        ("[".repeat(10_000), "yaml.too-deep"),
        (
            format!("{}{}", "[".repeat(250), "]".repeat(250)),
            "yaml.too-deep",
        ),
        ("{a: ".repeat(10_000), "yaml.too-deep"),
        ("- ".repeat(10_000), "yaml.too-deep"),
        ("? ".repeat(10_000), "yaml.too-deep"),
        (deep_blocks, "yaml.too-deep"),
        (
            format!("a: &a [{}]\nb: [{}]", "x,".repeat(9_000), "*a,".repeat(99)),
            "yaml.too-large",
        ),
        (
            format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), "*a,".repeat(99)),
            "yaml.too-large",
        ),
    ] {
        let found = problems(&text, &all());
        assert_eq!(
            found.first().map(|(code, ..)| code.as_str()),
            Some(code),
            "{:.20}",
            text
        );
    }
    let tiny = "---\n".repeat(300_000);
    let documents = parse_documents(&tiny, &YamlLimits::default());
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].problems[0].code, "yaml.too-many-documents");
}

#[test]
fn visiting_can_stop_early() {
    let mut seen = 0;
    for_each_document("a: 1\n---\nb: 2\n---\nc: 3", &YamlLimits::default(), |_| {
        seen += 1;
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(seen, 2);
}

#[test]
fn values_are_located() {
    let text = "\
# comment
kind: A
---
? [complex, {key: 1}]
: x
kind: Component
metadata: {name: c, tags: [a,
   b]}
spec:
  a/b: 1
  empty:
  list:
    - x
    - y: 1
      z: &anchor [2]
  alias: *anchor
  1: one
...
kind: C
";
    let documents = parse_documents(text, &YamlLimits::default());
    let at = |document: usize, pointer: &str| {
        let Position { line, column } = locate(text, documents[document].place, pointer).unwrap();
        (line, column)
    };
    for (pointer, expected) in [
        ("", (4, 1)),
        ("/kind", (6, 7)),
        ("/metadata", (7, 1)),
        ("/metadata/name", (7, 18)),
        ("/metadata/tags", (7, 21)),
        ("/metadata/tags/1", (8, 4)),
        ("/spec", (9, 1)),
        ("/spec/a~1b", (10, 8)),
        ("/spec/empty", (11, 3)),
        ("/spec/list/0", (13, 7)),
        ("/spec/list/1/y", (14, 10)),
        ("/spec/list/1/z/0", (15, 19)),
        ("/spec/alias", (16, 10)),
        ("/spec/alias/0", (16, 10)),
        ("/spec/1", (17, 6)),
        // Absent values are near their parent.
        ("/spec/owner", (9, 1)),
        ("/metadata/tags/7", (7, 21)),
        ("/nope/at/all", (4, 1)),
    ] {
        assert_eq!(at(1, pointer), expected, "{pointer}");
    }
    assert_eq!(at(0, "/kind"), (2, 7));
    assert_eq!(at(2, "/kind"), (19, 7));
}

/// All pointers into a value.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        _ => Vec::new(),
    };
    let below = children.iter().flat_map(|(key, child)| {
        let prefix = pointer::member("", key);
        pointers(child)
            .into_iter()
            .map(move |rest| format!("{prefix}{rest}"))
    });
    std::iter::once(String::new()).chain(below).collect()
}

proptest! {
    #[test]
    fn arbitrary_texts_never_panic(text in "[ab:\\[\\]{},&*!|>'\"%@#?\n\t -]{0,60}|\\PC{0,40}") {
        let limits = YamlLimits { max_document_size: 100, max_depth: 8, ..all() };
        for document in parse_documents(&text, &limits) {
            for pointer in pointers(&document.value) {
                _ = locate(&text, document.place, &pointer);
            }
        }
    }

    #[test]
    fn json_is_yaml(value in json_values()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let documents = parse_documents(&text, &all());
        prop_assert_eq!(documents.len(), 1);
        prop_assert_eq!(&documents[0].problems, &[]);
        // Numbers become what JavaScript makes of them.
        prop_assert_eq!(documents[0].value.to_string(), as_javascript(&value).to_string());
        for pointer in pointers(&value) {
            prop_assert!(locate(&text, documents[0].place, &pointer).is_some());
        }
    }
}

fn as_javascript(value: &Value) -> Value {
    match value {
        Value::Number(number) => crate::javascript::number_from_f64(number.as_f64().unwrap()),
        Value::Array(items) => items.iter().map(as_javascript).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(k, v)| (k.clone(), as_javascript(v)))
                .collect(),
        ),
        other => other.clone(),
    }
}
