//! `roadiehq:utils:*` on files that several steps share.

use serde_json::{Value, json};

use crate::bench::Bench;

async fn run(steps: Value, output: Value) -> Value {
    let bench = Bench::new().await;
    bench.beside("skeleton/a.txt", "NAME and NAME\n");
    bench.beside("skeleton/docs/b.txt", "NAME\n");
    bench.beside("skeleton/docs/.hidden.txt", "NAME\n");
    let mut all =
        vec![json!({"action": "fetch:plain", "input": {"url": "./skeleton", "targetPath": "."}})];
    all.extend(steps.as_array().unwrap().iter().cloned());
    let spec = json!({"type": "x", "steps": all, "output": output});
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    events.last().unwrap()["body"]["output"].clone()
}

fn read(id: &str, path: &str) -> Value {
    json!({"id": id, "action": "roadiehq:utils:fs:parse", "input": {"path": path}})
}

#[tokio::test]
async fn text_is_replaced_in_all_files_of_a_pattern() {
    let replace = |file: &str, more: Value| {
        let mut one = json!({"file": file, "find": "NAME", "replaceWith": "shop"});
        for (name, value) in more.as_object().unwrap() {
            one[name] = value.clone();
        }
        json!({"action": "roadiehq:utils:fs:replace", "input": {"files": [one]}})
    };
    let content = |id: &str| format!("${{{{ steps.{id}.output.content }}}}");
    let output = json!({"a": content("a"), "b": content("b"), "hidden": content("hidden")});
    let reads = [
        read("a", "a.txt"),
        read("b", "docs/b.txt"),
        read("hidden", "docs/.hidden.txt"),
    ];
    for (step, expected) in [
        (
            replace("**/*.txt", json!({})),
            ["shop and shop\n", "shop\n", "NAME\n"],
        ),
        (
            replace("./docs/*", json!({"includeDotFiles": true})),
            ["NAME and NAME\n", "shop\n", "shop\n"],
        ),
        (
            replace("a.txt", json!({})),
            ["shop and shop\n", "NAME\n", "NAME\n"],
        ),
    ] {
        let steps = [&[step.clone()][..], &reads].concat();
        let found = run(steps.into(), output.clone()).await;
        let [a, b, hidden] = expected;
        assert_eq!(found, json!({"a": a, "b": b, "hidden": hidden}), "{step}");
    }
}

#[tokio::test]
async fn a_folder_becomes_an_archive_that_others_can_read() {
    let zip = |path: &str, output: &str| {
        json!({"id": "zip", "action": "roadiehq:utils:zip",
               "input": {"path": path, "outputPath": output}})
    };
    let list = json!({"id": "list", "action": "fs:readdir", "input": {"paths": ["."]}});
    for (path, expected) in [("docs", "out.zip"), ("a.txt", "one.zip"), (".", "all.zip")] {
        let output = json!({"zip": "${{ steps.zip.output.outputPath }}",
                            "files": "${{ steps.list.output.files | dump }}"});
        let found = run(json!([zip(path, expected), list.clone()]), output).await;
        assert_eq!(found["zip"], expected);
        assert!(
            found["files"].as_str().unwrap().contains(expected),
            "{found}"
        );
    }
}

#[tokio::test]
async fn only_some_members_are_written() {
    let step = json!({"id": "text", "action": "roadiehq:utils:serialize:json", "input": {
        "data": {"a": 1, "b": {"a": 2, "c": 3}, "d": [{"a": 4, "e": 5}]},
        "replacer": ["a", "d"]}});
    let output = json!({"written": "${{ steps.text.output.serialized }}"});
    let found = run(json!([step]), output).await;
    assert_eq!(found["written"], "{\"a\":1,\"d\":[{\"a\":4}]}");
}

/// Writes a file, changes it with an action, and reads it again.
async fn changed(path: &str, before: &str, action: &str, mut input: Value) -> String {
    input["path"] = path.into();
    let steps = json!([
        {"action": "roadiehq:utils:fs:write", "input": {"path": path, "content": before}},
        {"action": action, "input": input},
        read("after", path),
    ]);
    let output = run(
        steps,
        json!({"after": "${{ steps.after.output.content | dump }}"}),
    )
    .await;
    let text = output["after"].as_str().unwrap();
    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
}

#[tokio::test]
async fn content_is_merged_into_a_file() {
    const TWO: &str = "kind: A # one\nn: 1\n---\n# two\nkind: B\nlist:\n  - x\n";
    let both = json!({"key": "kind", "value": "B"});
    for (path, before, action, input, expected) in [
        (
            "a.json",
            "{\n    \"a\": {\"b\": [1, 2]},\n    \"c\": 1\n}",
            "json:merge",
            json!({"content": {"a": {"b": [2, 3]}}, "mergeArrays": true, "matchFileIndent": true}),
            "{\n    \"a\": {\n        \"b\": [\n            1,\n            2,\n            3\n        ]\n    },\n    \"c\": 1\n}",
        ),
        (
            "a.json",
            "{\"a\": [1], \"b\": {\"c\": null}}",
            "merge",
            json!({"content": "{\"a\": [2], \"b\": {\"d\": true}}"}),
            "{\n  \"a\": [\n    2\n  ],\n  \"b\": {\n    \"c\": null,\n    \"d\": true\n  }\n}",
        ),
        (
            "a.yaml",
            "# all\na: 1 # one\nb:\n  - x # first\n",
            "merge",
            json!({"content": "a: 2\nb: [x, y]\nc:\n  d: e\n", "mergeArrays": true,
                   "preserveYamlComments": true}),
            "# all\na: 2 # one\nb:\n  - x # first\n  - y\nc:\n  d: e\n",
        ),
        (
            "a.yml",
            "# all\na: 1 # one\nb:\n  - x\n",
            "merge",
            json!({"content": {"b": ["yes: no", null]},
                   "options": {"singleQuote": true, "indentSeq": false, "nullStr": "~"}}),
            "a: 1\nb:\n- 'yes: no'\n- ~\n",
        ),
        (
            "two.yaml",
            TWO,
            "merge",
            json!({"content": {"list": ["y"]}, "useDocumentIncludingField": both}),
            "kind: A\nn: 1\n---\nkind: B\nlist:\n  - y\n",
        ),
        (
            "two.yaml",
            TWO,
            "merge",
            json!({"content": {"list": ["y"]}, "useDocumentIncludingField": both,
                   "preserveYamlComments": true, "mergeArrays": true}),
            "kind: A # one\nn: 1\n---\n# two\nkind: B\nlist:\n  - x\n  - y\n",
        ),
        (
            "a.txt",
            "left\n",
            "merge",
            json!({"content": {"a": 1}}),
            "left\n",
        ),
    ] {
        let action = format!("roadiehq:utils:{action}");
        let after = changed(path, before, &action, input.clone()).await;
        assert_eq!(after, expected, "{action} {input}");
    }
}

#[tokio::test]
async fn patterns_are_those_of_javascript() {
    for (find, replacement, is_pattern, expected) in [
        (r"(\w+)-(\d+)", "$2-$1x", true, "12-axb 7-cx"),
        (r"(?<=-)\d", "#", true, "a-#2b c-#"),
        ("a-", "[$&]", false, "[a-]12b c-7"),
    ] {
        let input = json!({"files": [{"file": "f", "find": find, "replaceWith": replacement,
                                      "matchRegex": is_pattern}]});
        let steps = json!([
            {"action": "roadiehq:utils:fs:write", "input": {"path": "f", "content": "a-12b c-7"}},
            {"action": "roadiehq:utils:fs:replace", "input": input},
            read("after", "f"),
        ]);
        let found = run(steps, json!({"after": "${{ steps.after.output.content }}"})).await;
        assert_eq!(found["after"], expected, "{find}");
    }
}

#[tokio::test]
async fn values_and_files_are_asked_with_jsonata() {
    let file = |path: &str, content: &str| json!({"action": "roadiehq:utils:fs:write", "input": {"path": path, "content": content}});
    let ask = |action: &str, input: Value| json!({"id": "ask", "action": format!("roadiehq:utils:jsonata{action}"), "input": input});
    let json_file = file("a.json", "{\"a\": {\"b\": [1, 2]}, \"c\": \"x\"}");
    let yaml_file = file("a.yaml", "a: 1\n---\na: 2\n");
    for (before, step, expected) in [
        (
            None,
            ask(
                "",
                json!({"data": {"a": [{"b": 1}, {"b": 2}]}, "expression": "a.b"}),
            ),
            json!({"result": [1, 2]}),
        ),
        (
            None,
            ask("", json!({"data": {}, "expression": "nothing"})),
            json!({}),
        ),
        (
            Some(&json_file),
            ask(
                ":json:transform",
                json!({"path": "a.json", "expression": "$ ~> |a|{'b': 3}|",
                                          "space": "\t"}),
            ),
            json!({"result": "{\n\t\"a\": {\n\t\t\"b\": 3\n\t},\n\t\"c\": \"x\"\n}"}),
        ),
        (
            Some(&json_file),
            ask(
                ":json:transform",
                json!({"path": "a.json", "expression": "$", "replacer": ["c"]}),
            ),
            json!({"result": "{\"c\":\"x\"}"}),
        ),
        (
            Some(&json_file),
            ask(
                ":json:transform",
                json!({"path": "a.json", "expression": "a", "as": "object"}),
            ),
            json!({"result": {"b": [1, 2]}}),
        ),
        (
            Some(&yaml_file),
            ask(
                ":yaml:transform",
                json!({"path": "a.yaml", "expression": "{'sum': $sum(a)}",
                                          "loadAll": true}),
            ),
            json!({"result": "sum: 3\n"}),
        ),
        (
            Some(&yaml_file),
            ask(
                ":yaml:transform",
                json!({"path": "a.yaml", "expression": "{'all': $}",
                "loadAll": true, "options": {"collectionStyle": "flow"}}),
            ),
            json!({"result": "{ all: [ { a: 1 }, { a: 2 } ] }\n"}),
        ),
    ] {
        let steps: Vec<&Value> = before.into_iter().chain([&step]).collect();
        let output = json!({"all": "${{ steps.ask.output }}"});
        let found = run(json!(steps), output).await;
        assert_eq!(found["all"], expected, "{step}");
    }
}

#[tokio::test]
async fn a_wrong_expression_says_what_is_wrong() {
    let bench = Bench::new().await;
    let step = json!({"id": "ask", "action": "roadiehq:utils:jsonata",
                      "input": {"data": {}, "expression": "$uppercase(1)"}});
    bench
        .template("t", json!({"type": "x", "steps": [step]}))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    let error = &events.last().unwrap()["body"]["error"]["message"];
    assert_eq!(
        error,
        "JSONata failed to evaluate the expression: Argument 1 of function \"uppercase\" does not \
         match function signature"
    );
}
