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

#[test]
fn a_skeleton_is_rendered_as_the_step_does() {
    let stage = Stage::new();
    stage.write(
        "skeleton/${{ values.name }}.txt",
        "${{ values.text }} {{ raw }}",
    );
    stage.write("skeleton/deep/copied.txt", "${{ values.name }}");
    let values = json!({"name": "shop", "text": "${{ 1 + 1 }}"}).to_string();
    let args = ["template", "render", "skeleton", "--values", &values];
    let run = stage
        .run(&[&args[..], &["--copy", "deep/**"]].concat())
        .expect(0);
    // A value is no template.
    let expected =
        "--- deep/copied.txt\n${{ values.name }}\n--- shop.txt\n${{ 1 + 1 }} {{ raw }}\n";
    assert_eq!(run.out, expected);
    stage.run(&[&args[..], &["--to", "out"]].concat()).expect(0);
    assert_eq!(stage.read("out/deep/copied.txt"), "shop");
    let file = "skeleton/${{ values.name }}.txt";
    let run = stage
        .run(&["template", "render", file, "--values", &values])
        .expect(0);
    assert!(run.out.contains("${{ 1 + 1 }} {{ raw }}"), "{}", run.out);
    let run = stage.run(&["template", "render", "nowhere"]).expect(1);
    assert!(run.err.contains("cannot read `nowhere`"), "{}", run.err);
}

#[test]
fn what_a_step_says_of_its_trouble_is_checked() {
    let stage = Stage::new();
    let step = |action: &str, more: Value| {
        let mut step = json!({"action": action, "input": {}});
        for (name, value) in more.as_object().unwrap() {
            step[name] = value.clone();
        }
        step
    };
    let template = json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
        "metadata": {"name": "t"},
        "spec": {"type": "x", "steps": [
            step("debug:log", json!({"timeout": "5m", "retry": {"limit": 2}})),
            step("debug:log", json!({"timeout": "soon"})),
            step("debug:log", json!({"retry": {"limit": 99}})),
        ]},
    });
    stage.write("t.yaml", &template.to_string());
    let run = stage.run(&["template", "lint", "t.yaml"]).expect(1);
    let told = format!("{}{}", run.out, run.err);
    for wanted in [
        "`timeout` of the step cannot be read",
        "`retry.limit` must be less than 20",
    ] {
        assert_eq!(told.matches(wanted).count(), 1, "{told}");
    }
}
