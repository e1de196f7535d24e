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
