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

fn template(parameters: &Value, steps: &Value) -> String {
    json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
        "metadata": {"name": "t"},
        "spec": {"type": "x", "parameters": parameters, "steps": steps,
                 "output": {"made": "${{ steps.do.output.id }}"}},
    })
    .to_string()
}

#[test]
fn a_dry_run_tells_the_plan() {
    let stage = Stage::new();
    stage.write("skeleton/README.md", "# ${{ values.name }}\n");
    let steps = json!([
        {"id": "fetch", "action": "fetch:template",
         "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}}},
        {"id": "publish", "action": "publish:github",
         "input": {"repoUrl": "github.com?owner=acme&repo=shop", "defaultBranch": "main"}},
        {"id": "do", "action": "acme:do", "input": {"for": "${{ steps.publish.output.remoteUrl }}"}},
    ]);
    stage.write("t.yaml", &template(&json!({}), &steps));
    let args = [
        "template",
        "dry-run",
        "t.yaml",
        "--values",
        r#"{"name":"Shop"}"#,
    ];
    let run = stage.run(&args).expect(1);
    assert!(
        run.err.contains("'acme:do' is not registered"),
        "{}",
        run.err
    );
    let mock = ["--mock", r#"acme:do={"id": 7}"#];
    let run = stage.run(&[&args[..], &mock].concat()).expect(0);
    for wanted in [
        "--- README.md\n# Shop\n",
        "plan:\n  publish (publish:github)\n    GET https://api.github.com/users/acme",
        "    POST https://api.github.com/orgs/acme/repos {",
        "    + README.md\n",
        "  do (acme:do)\n",
        r#"its input: {"for":"https://github.com/acme/shop.git"}"#,
        "\"made\": 7",
    ] {
        assert!(run.out.contains(wanted), "{wanted} is not in {}", run.out);
    }
    stage
        .run(&[&args[..], &["--mock", "acme:do"]].concat())
        .expect(2);
}

#[test]
fn a_template_can_be_tried_without_its_files_and_values() {
    let stage = Stage::new();
    let parameters = json!({"required": ["name", "repo"], "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]+$"},
        "repo": {"type": "string", "ui:field": "RepoUrlPicker"},
        "loud": {"type": "boolean"},
    }});
    let steps = json!([
        {"id": "fetch", "action": "fetch:template", "input": {"url": "./nowhere"}},
        {"id": "log", "action": "debug:log",
         "input": {"message": "${{ parameters.name }} ${{ parameters.loud }}"}},
        {"id": "do", "action": "acme:do"},
        {"id": "publish", "action": "publish:github", "input": {"repoUrl": "${{ parameters.repo }}"}},
    ]);
    stage.write("t.yaml", &template(&parameters, &steps));
    let args = ["template", "dry-run", "t.yaml", "--stand-in"];
    stage.run(&args).expect(1);
    for (choice, wanted) in [("first", "EXAMPLE false"), ("last", "EXAMPLE true")] {
        let run = stage
            .run(&[&args[..], &["--example-values", choice]].concat())
            .expect(0);
        assert!(run.out.contains(wanted), "{}", run.out);
        assert!(!run.out.contains("cannot run"), "{}", run.out);
    }
}

#[test]
fn the_report_of_tests_counts_the_branches_of_conditions() {
    let stage = Stage::new();
    let steps = json!([
        {"id": "loud", "action": "debug:log", "if": "${{ parameters.loud }}"},
        {"id": "each", "action": "debug:log", "each": [1, 2], "if": "${{ each.value == 1 }}"},
    ]);
    stage.write("t.yaml", &template(&json!({}), &steps));
    let suite = |values: &[Value]| {
        let tests = values.iter().enumerate();
        let tests = tests.map(|(n, values)| json!({"name": format!("{n}"), "values": values}));
        json!({"template": "./t.yaml", "tests": tests.collect::<Vec<_>>()}).to_string()
    };
    stage.write("half.yaml", &suite(&[json!({"loud": true})]));
    let run = stage.run(&["template", "test", "half.yaml"]).expect(0);
    let told = "branches of conditions: 3 of 4\n\
                note: no test makes the condition of `loud` false\n";
    assert!(run.out.ends_with(told), "{}", run.out);
    stage.write("all.yaml", &suite(&[json!({"loud": true}), json!({})]));
    let run = stage.run(&["template", "test", "all.yaml"]).expect(0);
    assert!(
        run.out.ends_with("branches of conditions: 4 of 4\n"),
        "{}",
        run.out
    );
}

#[test]
fn a_run_that_is_not_there_cannot_be_approved_or_undone() {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    for command in ["plan", "approve", "undo"] {
        let run = stage
            .run(&["task", command, "nope", "--as", "user:default/guest"])
            .expect(1);
        assert!(
            run.err.contains("No task with id 'nope' found"),
            "{}",
            run.err
        );
    }
}

#[test]
fn members_of_steps_that_nobody_reads_are_told() {
    let stage = Stage::new();
    let steps = json!([
        {"id": "a", "action": "debug:log", "continueOnFailure": true},
        {"id": "b", "action": "debug:log", "dependsOn": ["a"]},
        {"id": "c", "action": "debug:log", "continueOnFailure": "${{ secrets.x }}"},
    ]);
    stage.write("t.yaml", &template(&json!({}), &steps));
    let run = stage.run(&["template", "lint", "t.yaml"]).expect(1);
    let told = format!("{}{}", run.out, run.err);
    assert!(told.contains("steps have no `dependsOn`"), "{told}");
    assert!(!told.contains("no `continueOnFailure`"), "{told}");
    assert!(
        told.contains("`secrets` are there in `input` and `each` only"),
        "{told}"
    );
}

#[test]
fn alternatives_may_have_one_id() {
    let stage = Stage::new();
    let step = |condition: Option<&str>| {
        let mut step = json!({"id": "do", "action": "debug:log"});
        if let Some(condition) = condition {
            step["if"] = condition.into();
        }
        step
    };
    let (yes, no) = (Some("${{ parameters.x }}"), Some("${{ not parameters.x }}"));
    for (first, second, is_told) in [(yes, no, false), (yes, None, true), (None, None, true)] {
        stage.write(
            "t.yaml",
            &template(&json!({}), &json!([step(first), step(second)])),
        );
        let run = stage.run(&["template", "lint", "t.yaml"]).expect(0);
        let told = format!("{}{}", run.out, run.err);
        assert_eq!(
            told.contains("two steps have the id `do`"),
            is_told,
            "{told}"
        );
    }
}
