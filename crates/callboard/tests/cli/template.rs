//! `callboard template`

use serde_json::{Value, json};

use crate::stage::Stage;

fn answers(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn cases_are_rendered_line_by_line() {
    let cases = [
        json!({"id": 1, "kind": "value", "source": "${{ a + 1 }}", "ctx": {"a": 2}}),
        json!({"id": "two", "kind": "value", "source": "${{ nothing }}"}),
        json!({"id": 3, "kind": "file", "source": "{{ x }}\n{% if true %}\ny{% endif %}",
               "ctx": {"x": [1, 2]}, "opts": {"cookiecutterCompat": true, "trimBlocks": true}}),
        json!({"id": 4, "kind": "path", "source": "${{ url | projectSlug }}.md",
               "ctx": {"url": "github.com?owner=acme&repo=shop"}}),
        json!({"id": 5, "kind": "value", "source": "${{ always() and not failure() }}"}),
        json!({"id": 6, "kind": "value", "source": "${{ 1 | no }}"}),
        json!({"id": 7, "kind": "file", "source": "a\n${{ 1 +"}),
    ];
    // Empty lines between cases are fine.
    let input = cases.map(|case| case.to_string()).join("\n\n");
    let stage = Stage::new();
    let run = stage
        .run_with_input(&["template", "eval"], &input)
        .expect(0);
    assert_eq!(
        answers(&run.out),
        [
            json!({"id": 1, "want": {"json": 3}}),
            json!({"id": "two", "want": {"undef": true}}),
            json!({"id": 3, "want": {"value": "1,2\ny"}}),
            json!({"id": 4, "want": {"value": "acme/shop.md"}}),
            json!({"id": 5, "want": {"json": true}}),
            json!({"id": 6, "want": {"json": "${{ 1 | no }}",
                   "fallback": "template error at line 1, column 9: unknown filter `no`"}}),
            json!({"id": 7, "want":
                   {"error": "template error at line 2, column 1: the tag has no end: expected `}}`"}}),
        ]
    );
    stage
        .run_with_input(&["template", "eval", "--strict"], &input)
        .expect(1);
}

#[test]
fn what_is_no_case_is_an_error_with_its_line() {
    let input = "{\"id\":1,\"kind\":\"value\",\"source\":\"x\"}\n{\"id\":2}\n";
    let run = Stage::new()
        .run_with_input(&["template", "eval"], input)
        .expect(1);
    assert!(run.err.contains("line 2 is no case"), "{}", run.err);
}
