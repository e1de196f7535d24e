//! Which files are loaded, how they merge, and what becomes of variables and includes.

use std::path::Path;

use platform::config::{Config, load};
use serde_json::{Value, json};

use crate::{options, shown};

/// One rule: files, arguments and variables, and what comes of them.
struct Case {
    rule: &'static str,
    files: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    loaded: Value,
    problems: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            rule: "",
            files: &[],
            args: &[],
            variables: &[],
            loaded: json!({}),
            problems: "",
        }
    }
}

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn run(case: &Case) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    write(&dir, case.files);
    let (config, problems) = load(&options(&dir, case.args, case.variables));
    assert_eq!(config.root(), &case.loaded, "{}", case.rule);
    assert_eq!(shown(&problems), case.problems, "{}", case.rule);
    config
}

#[test]
fn files_are_found_and_merged_in_order() {
    let files: &[(&str, &str)] = &[
        ("app-config.yaml", "a: base\nbase: 1"),
        ("app-config.local.yaml", "a: local\nlocal: 1"),
        ("app-config.production.yaml", "a: production\nproduction: 1"),
        ("app-config.eu.yaml", "a: eu\neu: 1"),
        ("app-config.eu.local.yaml", "a: eu local"),
        ("other/c.json", r#"{"a": "json"}"#),
    ];
    let cases = [
        Case {
            rule: "without arguments: base and local",
            loaded: json!({"a": "local", "base": 1, "local": 1}),
            ..Case::default()
        },
        Case {
            rule: "BACKSTAGE_ENV adds files before the local one, and local ones after it",
            variables: &[("BACKSTAGE_ENV", "production, eu")],
            loaded: json!({"a": "eu local", "base": 1, "production": 1, "eu": 1, "local": 1}),
            ..Case::default()
        },
        Case {
            rule: "an environment without a file adds nothing",
            variables: &[("BACKSTAGE_ENV", "staging")],
            loaded: json!({"a": "local", "base": 1, "local": 1}),
            ..Case::default()
        },
        Case {
            rule: "arguments replace the usual files; later ones win",
            args: &["app-config.production.yaml", "app-config.yaml"],
            loaded: json!({"a": "base", "production": 1, "base": 1}),
            ..Case::default()
        },
        Case {
            rule: "JSON files are configuration, too",
            args: &["app-config.yaml", "other/c.json"],
            loaded: json!({"a": "json", "base": 1}),
            ..Case::default()
        },
        Case {
            rule: "variables win over all files",
            args: &["app-config.yaml"],
            variables: &[("APP_CONFIG_a", "variable"), ("APP_CONFIG_b_c", "[1]")],
            loaded: json!({"a": "variable", "base": 1, "b": {"c": [1]}}),
            ..Case::default()
        },
        Case {
            rule: "a missing argument is an error, and the rest is loaded",
            args: &["app-config.yaml", "nowhere.yaml"],
            loaded: json!({"a": "base", "base": 1}),
            problems: "nowhere.yaml: error: there is no such file\n",
            ..Case::default()
        },
        Case {
            rule: "URLs need remote configuration, as in Backstage",
            args: &["https://config.example/app-config.yaml"],
            problems: "-: error: remote configuration is not enabled; `--config` needs the path of a file\n",
            ..Case::default()
        },
    ];
    for case in cases {
        run(&Case { files, ..case });
    }
    run(&Case {
        rule: "a local file needs the base it adds to",
        files: &[("app-config.local.yaml", "a: 1")],
        loaded: json!({"a": 1}),
        problems: "app-config.yaml: error: there is no such file\n",
        ..Case::default()
    });
    run(&Case {
        rule: "no file at all is fine",
        ..Case::default()
    });
    run(&Case {
        rule: "an empty file, or one with comments only, is fine",
        files: &[
            ("app-config.yaml", "# nothing\n"),
            ("app-config.local.yaml", ""),
        ],
        ..Case::default()
    });
}

/// Variables of the tests of substitution; `UNSET` is not set.
const VARIABLES: &[(&str, &str)] = &[
    ("HOST", " db "),
    ("EMPTY", ""),
    ("PORT", "5432"),
    ("NAME", "HOST"),
];

/// What is loaded from a file, and the problems that are found.
fn substituted(text: &str) -> (Value, String) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("app-config.yaml", text)]);
    let (config, problems) = load(&options(dir.path(), &[], VARIABLES));
    (config.root().clone(), shown(&problems))
}

#[test]
fn variables_are_substituted() {
    let table = [
        ("trimmed", "a: ${HOST}", json!({"a": "db"})),
        (
            "in a text",
            "a: tcp://${ HOST }:${PORT}/",
            json!({"a": "tcp://db:5432/"}),
        ),
        ("a number stays a text", "a: ${PORT}", json!({"a": "5432"})),
        ("empty is a value", "a: ${EMPTY}", json!({"a": ""})),
        ("default when unset", "a: ${UNSET:-d}", json!({"a": "d"})),
        (
            "default when empty",
            "a: ${EMPTY:- d e }",
            json!({"a": "d e"}),
        ),
        ("no default when set", "a: ${HOST:-d}", json!({"a": "db"})),
        (
            "default with colons",
            "a: ${UNSET:-http://x:-y}",
            json!({"a": "http://x:-y"}),
        ),
        ("an empty default is no value", "a: ${UNSET:-}", json!({})),
        (
            "escaped",
            "a: $${HOST} $$${HOST}",
            json!({"a": "${HOST} $${HOST}"}),
        ),
        (
            "no braces, no variable",
            "a: $HOST $(HOST)",
            json!({"a": "$HOST $(HOST)"}),
        ),
        (
            "keys are not substituted",
            "${HOST}: 1",
            json!({"${HOST}": 1}),
        ),
        ("$env", "a: {$env: HOST}", json!({"a": "db"})),
        (
            "$env of a variable",
            "a: {$env: '${NAME}'}",
            json!({"a": "db"}),
        ),
    ];
    for (rule, text, loaded) in table {
        assert_eq!(substituted(text), (loaded, String::new()), "{rule}");
    }
}

#[test]
fn what_an_unset_variable_is_in_is_left_out() {
    let table = [
        (
            "unset removes the value",
            "a: x${UNSET}\nb: 1",
            json!({"b": 1}),
            (1, "a"),
        ),
        (
            "unset removes an item",
            "a: [1, '${UNSET}', 2]",
            json!({"a": [1, 2]}),
            (8, "a[1]"),
        ),
        ("$env unset", "a: {$env: UNSET}", json!({}), (1, "a")),
    ];
    for (rule, text, loaded, (column, path)) in table {
        let problem = format!(
            "app-config.yaml:1:{column}: warning: variable `UNSET` is not set, so `{path}` is left \
             out (set `UNSET`, or give a default: `${{UNSET:-…}}`)\n"
        );
        assert_eq!(substituted(text), (loaded, problem), "{rule}");
    }
}

#[test]
fn a_variable_another_file_makes_up_for_is_not_missing() {
    run(&Case {
        files: &[
            ("app-config.yaml", "a: {b: '${UNSET}'}"),
            ("app-config.local.yaml", "a: {b: 1}"),
        ],
        loaded: json!({"a": {"b": 1}}),
        ..Case::default()
    });
}

/// Files that the tests of includes have.
const SHARED: &[(&str, &str)] = &[
    ("secret.txt", "  s3cret \n\n"),
    (
        "sub/part.yaml",
        "x: {y: [1, {$file: near.txt}]}\nz: '${V}'\nw: {$include: ../leaf.json}",
    ),
    ("sub/near.txt", "near"),
    ("leaf.json", r#"{"leaf": true, "text": "${V}"}"#),
];

#[test]
fn files_are_included() {
    let table = [
        (
            "$file, without trailing space",
            "a: {$file: secret.txt}",
            json!({"a": "  s3cret"}),
            "",
        ),
        (
            "$file with a variable",
            "a: {$file: '${V}.txt'}",
            json!({"a": "near"}),
            "",
        ),
        (
            "$include, relative to the included file",
            "a: {$include: sub/part.yaml}",
            json!({"a": {"x": {"y": [1, "near"]}, "z": "sub/near", "w": {"leaf": true, "text": "sub/near"}}}),
            "",
        ),
        (
            "$include of a part",
            "a: {$include: 'sub/part.yaml#x.y'}",
            json!({"a": [1, "near"]}),
            "",
        ),
        (
            "$include of a text",
            "a: {$include: 'leaf.json#text'}",
            json!({"a": "sub/near"}),
            "",
        ),
        (
            "$include of nothing",
            "a: {$include: 'leaf.json#none'}\nb: 1",
            json!({"b": 1}),
            "",
        ),
        (
            "at the root",
            "{$include: leaf.json}",
            json!({"leaf": true, "text": "sub/near"}),
            "",
        ),
        (
            "in a list",
            "a: [{$include: 'leaf.json#leaf'}]",
            json!({"a": [true]}),
            "",
        ),
        (
            "neighbours are refused",
            "a:\n  $file: secret.txt\n  b: 1",
            json!({}),
            "app-config.yaml:1:1: error: `$file` must be the only key of its object\n",
        ),
        (
            "a list is no file name",
            "a: {$file: [x]}",
            json!({}),
            "app-config.yaml:1:1: error: `$file` needs a string\n",
        ),
        (
            "a missing file is reported",
            "a:\n  b: {$file: gone.txt}",
            json!({"a": {}}),
            "app-config.yaml:2:3: error: cannot read `gone.txt`: there is no such file\n",
        ),
        (
            "only YAML and JSON are included",
            "a: {$include: secret.txt}",
            json!({}),
            "app-config.yaml:1:1: error: `secret.txt` is neither a `.yaml` nor a `.json` file\n",
        ),
        (
            "a part of a text does not exist",
            "a: {$include: 'leaf.json#text.x'}",
            json!({}),
            "app-config.yaml:1:1: error: `leaf.json` has no object around `x` of `#text.x`\n",
        ),
    ];
    for (rule, text, loaded, problems) in table {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        write(&dir, SHARED);
        write(&dir, &[("app-config.yaml", text)]);
        let (config, found) = load(&options(&dir, &[], &[("V", "sub/near")]));
        assert_eq!(
            (config.root(), shown(&found).as_str()),
            (&loaded, problems),
            "{rule}"
        );
    }
}

#[test]
fn includes_are_bounded() {
    run(&Case {
        rule: "a file may include another part of itself, but not itself",
        files: &[(
            "app-config.yaml",
            "a: {$include: 'app-config.yaml#b'}\nb: {c: {$include: 'app-config.yaml#b'}}",
        )],
        loaded: json!({"a": {}, "b": {"c": {}}}),
        problems: "app-config.yaml:2:5: error: `app-config.yaml#b` includes itself\n\
                   app-config.yaml:2:5: error: `app-config.yaml#b` includes itself\n",
        ..Case::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    for level in 0..40 {
        let text = format!("a: {{$include: {}.yaml}}", level + 1);
        write(&dir, &[(&format!("{level}.yaml"), text.as_str())]);
    }
    let (_, problems) = load(&options(&dir, &["0.yaml"], &[]));
    assert!(
        shown(&problems).contains("too many includes within includes"),
        "{}",
        shown(&problems)
    );

    // Each file includes the next one twice: without a bound, 2^30 files.
    for level in 0..12 {
        let text = format!(
            "a: {{$include: {0}.yaml}}\nb: {{$include: {0}.yaml}}",
            level + 1
        );
        write(&dir, &[(&format!("{level}.yaml"), text.as_str())]);
    }
    write(&dir, &[("12.yaml", "x: 1")]);
    let (_, problems) = load(&options(&dir, &["0.yaml"], &[]));
    assert!(
        shown(&problems).contains("more than 256 files"),
        "{}",
        shown(&problems)
    );
}

#[test]
fn every_value_knows_its_place() {
    let config = run(&Case {
        files: &[
            (
                "app-config.yaml",
                "backend:\n  listen:\n    port: 1\n  cors: {origin: a}\nlist:\n  - x: {$include: 'part.yaml#p'}\n",
            ),
            (
                "app-config.local.yaml",
                "# first\n\nbackend:\n  cors:\n    credentials: true\n",
            ),
            ("part.yaml", "other: 1\np:\n  q: 2\n"),
        ],
        variables: &[("APP_CONFIG_backend_listen_host", "::")],
        loaded: json!({
            "backend": {"listen": {"port": 1, "host": "::"}, "cors": {"origin": "a", "credentials": true}},
            "list": [{"x": {"q": 2}}],
        }),
        ..Case::default()
    });
    let table = [
        ("backend.listen.port", "app-config.yaml:3:5"),
        ("backend.cors.origin", "app-config.yaml:4:10"),
        ("backend.cors.credentials", "app-config.local.yaml:5:5"),
        ("list.0", "app-config.yaml:6:5"),
        ("list.0.x.q", "part.yaml:3:3"),
        (
            "backend.listen.host",
            "variable APP_CONFIG_backend_listen_host",
        ),
    ];
    for (path, origin) in table {
        assert_eq!(
            config.origin_of(path).unwrap().to_string(),
            origin,
            "{path}"
        );
    }
    let names: Vec<_> = config
        .files()
        .iter()
        .map(|path| path.file_name().unwrap())
        .collect();
    assert_eq!(
        names,
        ["app-config.yaml", "part.yaml", "app-config.local.yaml"]
    );
}
