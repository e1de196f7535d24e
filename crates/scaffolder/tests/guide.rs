//! The examples of the guide give what it says.

use scaffolder::{Case, RepoHosts, template_host};
use serde_json::{Value, json};

const GUIDE: &str = include_str!("../../../docs/guide/template-language.md");

/// The cells of the rows below a mark, without the head of the table.
fn rows(mark: &str) -> Vec<Vec<String>> {
    let section = GUIDE.split_once(mark).map_or("", |(_, section)| section);
    section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.replace("\\|", "\u{0}");
            let cells = cells.trim_matches('|').split('|');
            cells
                .map(|cell| cell.replace('\u{0}', "|").trim().to_owned())
                .collect()
        })
        .collect()
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn examples_give_what_the_guide_says() {
    let host = template_host(RepoHosts::default());
    let rows = [
        rows("<!-- examples: filters -->"),
        rows("<!-- examples: scaffolder -->"),
    ]
    .concat();
    for row in &rows {
        let [_, example, expected] = row.as_slice() else {
            panic!("{row:?} has another number of cells");
        };
        let case = json!({
            "id": 0, "kind": "value", "source": format!("${{{{ {} }}}}", code(example)),
        });
        let case: Case = serde_json::from_value(case).unwrap();
        let expected: Value = serde_json::from_str(code(expected)).unwrap();
        assert_eq!(
            case.render(&host).to_json(),
            json!({"json": expected}),
            "{example}"
        );
    }
    assert!(rows.len() > 35, "only {} examples", rows.len());
}

#[test]
fn every_filter_and_test_is_in_the_guide() {
    for name in nunjucks::filter_names().chain(nunjucks::test_names()) {
        let is_there = [format!("`{name}`"), format!("`{name}(")];
        assert!(is_there.iter().any(|text| GUIDE.contains(text)), "{name}");
    }
}

const TEMPLATES: &str = include_str!("../../../docs/guide/templates.md");

/// Where the tests are that the guide names, by what stands before the name.
const TESTS: [(&str, &str); 11] = [
    ("api", include_str!("it/api.rs")),
    ("security", include_str!("it/security.rs")),
    ("threats", include_str!("it/threats.rs")),
    (
        "integrations::guard",
        include_str!("../../integrations/tests/it/guard.rs"),
    ),
    (
        "integrations::outcomes",
        include_str!("../../integrations/tests/it/outcomes.rs"),
    ),
    (
        "integrations::urls",
        include_str!("../../integrations/tests/it/urls.rs"),
    ),
    ("approval", include_str!("it/approval.rs")),
    ("plan", include_str!("it/plan.rs")),
    ("undo", include_str!("it/undo.rs")),
    ("secrets", include_str!("it/secrets.rs")),
    ("trials", include_str!("it/trials.rs")),
];

#[test]
fn every_threat_of_the_guide_has_its_test() {
    let (_, section) = TEMPLATES.split_once("<!-- tests -->").unwrap();
    let names: Vec<&str> = section.split('`').filter(|it| it.contains("::")).collect();
    assert!(names.len() > 17, "only {} tests", names.len());
    for name in &names {
        let (place, name) = name.rsplit_once("::").unwrap();
        let (_, source) = TESTS.iter().find(|(known, _)| *known == place).unwrap();
        assert!(source.contains(&format!("fn {name}(")), "{place}::{name}");
    }
    let (_, threats) = TESTS[2];
    for test in threats.split("#[tokio::test]").skip(1) {
        let (_, name) = test.split_once("fn ").unwrap();
        let (name, _) = name.split_once('(').unwrap();
        assert!(
            names.contains(&format!("threats::{name}").as_str()),
            "{name}"
        );
    }
}
