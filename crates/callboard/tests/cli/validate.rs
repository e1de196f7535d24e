//! `callboard catalog validate`

use crate::stage::Stage;

const GOOD: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
spec:
  type: service
  lifecycle: production
  owner: team-a
  dependsOn:
    - resource:default/db
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: team-a
spec:
  type: team
  children: []
";

/// Files, arguments, exit code, and what is printed.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    i32,
    &'static str,
);

const CASES: &[Case] = &[
    (
        "good files are silent",
        &[("catalog-info.yaml", GOOD)],
        &["catalog-info.yaml"],
        0,
        "",
    ),
    (
        "every document is checked, and the line is that of the value",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  \
            name: not a name\nspec: {type: a, lifecycle: b, owner: c}\n---\nkind: API\n",
        )],
        &["a.yaml"],
        1,
        "a.yaml:4:9: error: \"metadata.name\" is not valid;",
    ),
    (
        "broken YAML is told with its line",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: [Component\n",
        )],
        &["a.yaml"],
        1,
        "a.yaml:",
    ),
    (
        "two documents with one reference are one too many",
        &[("a.yaml", GOOD), ("b.yaml", GOOD)],
        &["a.yaml", "b.yaml"],
        1,
        "b.yaml:4:9: error: `component:default/shop` is defined already, at a.yaml:1\n",
    ),
    (
        "a file that is given twice is read once",
        &[("a.yaml", GOOD)],
        &["a.yaml", "a.yaml"],
        0,
        "",
    ),
    (
        "references are followed when asked",
        &[("a.yaml", GOOD)],
        &["--references", "a.yaml"],
        0,
        "a.yaml:10:7: warning: `resource:default/db` is in none of the files\n",
    ),
    (
        "warnings fail a strict validation",
        &[("a.yaml", GOOD)],
        &["--references", "--strict", "a.yaml"],
        1,
        "warning: ",
    ),
    (
        "folders are searched for entities, and other YAML is left alone",
        &[
            ("x/catalog-info.yaml", GOOD),
            (
                "x/deploy.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: {name: Not_Ours}\n",
            ),
            ("x/.hidden/catalog-info.yaml", "- wrong\n"),
            ("x/node_modules/catalog-info.yaml", "- wrong\n"),
        ],
        &["x"],
        0,
        "",
    ),
    (
        "a file that is named is an entity file, whatever is in it",
        &[(
            "deploy.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: Not_Ours}\n",
        )],
        &["deploy.yaml"],
        1,
        "deploy.yaml:",
    ),
    (
        "skeletons of templates are passed over",
        &[
            (
                "t/skeleton/catalog-info.yaml",
                "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
            metadata:\n  name: ${{ values.name }}\n",
            ),
            ("t/catalog-info.yaml", GOOD),
        ],
        &["t"],
        0,
        "note: is the skeleton of a template and is passed over",
    ),
    (
        "globs find files",
        &[("a/b/c.yaml", "- no\n"), ("a/d.yaml", GOOD)],
        &["a/*.yaml"],
        0,
        "",
    ),
    (
        "a path that leads nowhere is an error",
        &[],
        &["gone.yaml"],
        1,
        "gone.yaml: error: does not exist\n",
    ),
    (
        "a glob that leads nowhere is an error",
        &[],
        &["gone/*.yaml"],
        1,
        "matches no file\n",
    ),
    (
        "placeholders are looked up",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\nspec:\n  \
            type: openapi\n  lifecycle: x\n  owner: y\n  definition:\n    $text: ./gone.yaml\n",
        )],
        &["a.yaml"],
        1,
        "a.yaml:9:12: error: `./gone.yaml` of `$text` cannot be read",
    ),
    (
        "placeholders stand for what they name",
        &[
            (
                "a.yaml",
                "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\nspec:\n  \
            type: openapi\n  lifecycle: x\n  owner: y\n  definition:\n    $text: ./api.yaml\n",
            ),
            ("api.yaml", "openapi: 3.0.0\n"),
        ],
        &["a.yaml"],
        0,
        "",
    ),
    (
        "targets of locations are looked up",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: a}\n\
            spec:\n  targets:\n    - ./a.yaml\n    - ./gone.yaml\n    - https://host/x.yaml\n",
        )],
        &["a.yaml"],
        0,
        "a.yaml:7:7: warning: the target `./gone.yaml` does not exist\n",
    ),
    (
        "references that processing would refuse are told with their place",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec:\n  \
            type: a\n  lifecycle: b\n  owner: 'group:'\n  dependsOn:\n    - resource:db\n    - db\n",
        )],
        &["a.yaml"],
        1,
        "a.yaml:7:10: error: Entity reference \"group:\"",
    ),
    (
        "references need a kind where there is no usual one",
        &[(
            "a.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec:\n  \
            type: a\n  lifecycle: b\n  owner: c\n  dependsOn:\n    - resource:db\n    - db\n",
        )],
        &["a.yaml"],
        1,
        "a.yaml:10:7: error: Entity reference",
    ),
    (
        "relative placeholders are refused in what a file location leads to, through others too",
        &[
            (
                "app-config.yaml",
                "catalog:\n  locations: [{type: file, target: ./all.yaml}]\n",
            ),
            (
                "all.yaml",
                "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n\
                spec: {targets: ['./apis/*.yaml']}\n",
            ),
            ("apis/a.yaml", API),
            ("apis/a.txt", "openapi: 3.0.0\n"),
        ],
        &["all.yaml", "apis/a.yaml"],
        1,
        "apis/a.yaml:9:12: error: a relative `$text` works below `url` locations only",
    ),
    (
        "relative placeholders are fine elsewhere",
        &[
            (
                "app-config.yaml",
                "catalog:\n  locations: [{type: file, target: ./all.yaml}]\n",
            ),
            ("apis/a.yaml", API),
            ("apis/a.txt", "openapi: 3.0.0\n"),
        ],
        &["apis/a.yaml"],
        0,
        "",
    ),
];

const API: &str = "\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: a}
spec:
  type: openapi
  lifecycle: x
  owner: y
  definition:
    $text: ./a.txt
";

#[test]
fn all_mistakes_of_an_entity_are_told_once_each_in_order() {
    let text = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: not a name
  labels: {a: 1}
  tags: [Wrong Tag]
  links:
    - title: no address
spec:
  type: 7
  owner: ''
  dependsOn: [7, nobody]
relations: []
";
    let stage = Stage::with(&[("a.yaml", text)]);
    let run = stage.run(&["catalog", "validate", "a.yaml"]).expect(1);
    let places: Vec<&str> = run
        .out
        .lines()
        .filter_map(|line| line.split_once(": error: "))
        .map(|(place, _)| place)
        .collect();
    let expected = [
        "a.yaml:4:9",
        "a.yaml:5:15",
        "a.yaml:6:10",
        "a.yaml:8:7",
        "a.yaml:9:1",
        "a.yaml:10:9",
        "a.yaml:11:3",
        "a.yaml:12:15",
        "a.yaml:12:18",
        "a.yaml:13:1",
    ];
    assert_eq!(places, expected, "{}", run.out);
}

#[test]
fn of_very_many_problems_the_first_are_printed_and_all_are_counted() {
    let documents = vec!["apiVersion: a\nkind: b\nmetadata: {}\n"; 1203];
    let stage = Stage::with(&[("a.yaml", &documents.join("---\n"))]);
    let run = stage.run(&["catalog", "validate", "a.yaml"]).expect(1);
    assert!(run.err.contains("more problems not shown"), "{}", run.err);
    assert_eq!(run.out.matches(": error: ").count(), 1000);
    let args = ["catalog", "validate", "--format", "json", "a.yaml"];
    let json = stage.run(&args).expect(1).json();
    assert_eq!(json["problems"].as_array().unwrap().len(), 1000);
    let n_errors = json["errors"].as_u64().unwrap();
    assert!(n_errors >= 1203, "{n_errors}");
    assert_eq!(json["omitted"], n_errors - 1000);
}

#[test]
fn files_and_what_is_said_about_them() {
    for (name, files, args, code, expected) in CASES {
        let stage = Stage::with(files);
        let run = stage.run(&[&["catalog", "validate"], *args].concat());
        assert_eq!(run.code, *code, "{name}\n{}{}", run.out, run.err);
        assert!(
            run.out.contains(expected),
            "{name}: {expected:?} is not in\n{}",
            run.out
        );
        assert!(
            !expected.is_empty() || run.out.is_empty(),
            "{name}:\n{}",
            run.out
        );
    }
}

#[test]
fn the_summary_counts() {
    let stage = Stage::with(&[("a.yaml", GOOD)]);
    let run = stage.run(&["catalog", "validate", "a.yaml"]).expect(0);
    assert_eq!(run.err, "valid: 2 entities in 1 file\n");
}

#[test]
fn sarif_has_what_scanners_need() {
    let stage = Stage::with(&[("dir with space/a.yaml", "apiVersion: v1\nkind: 3\n")]);
    let args = [
        "catalog",
        "validate",
        "--format",
        "sarif",
        "dir with space/a.yaml",
    ];
    let sarif = stage.run(&args).expect(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    assert!(result["message"]["text"].as_str().unwrap().len() > 5);
    let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "dir%20with%20space/a.yaml"
    );
    assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
}

#[test]
fn the_example_catalog_is_valid() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/acme/catalog");
    let run = Stage::new().run(&["catalog", "validate", "--references", root]);
    assert_eq!(run.code, 0, "{}", run.out);
}
