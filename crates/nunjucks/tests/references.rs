//! What a template refers to, with places.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use nunjucks::{Reference, ReferenceKind, Syntax, Template};

fn shown(source: &str) -> Vec<String> {
    let template = Template::parse(source, Syntax::default()).unwrap();
    template.references().iter().map(show).collect()
}

fn show(reference: &Reference) -> String {
    let kind = match reference.kind {
        ReferenceKind::Variable => "variable",
        ReferenceKind::Local => "local",
        ReferenceKind::Call => "call",
        ReferenceKind::Filter => "filter",
        ReferenceKind::Test => "test",
    };
    let place = reference.position;
    format!(
        "{kind} {} {}:{}",
        reference.path.join("."),
        place.line,
        place.column
    )
}

#[test]
fn references_are_found_with_their_places() {
    for (source, expected) in [
        ("plain", &[][..]),
        ("${{ parameters.name }}", &["variable parameters.name 1:5"]),
        (
            "${{ steps['build-it'].output.url | parseRepoUrl | pick('owner') }}",
            &[
                "variable steps.build-it.output.url 1:5",
                "filter parseRepoUrl 1:36",
                "filter pick 1:51",
            ],
        ),
        (
            "x\n  ${{ steps[parameters.step].output }}",
            &["variable steps 2:7", "variable parameters.step 2:13"],
        ),
        (
            "${{ values.list[0].name if values.on is defined else none }}",
            &[
                "variable values.list 1:5",
                "variable values.on 1:28",
                "test defined 1:41",
            ],
        ),
        (
            "{% set x = a.b %}{% for k, v in o.items %}${{ k }}${{ x.y }}${{ loop.index }}{% endfor %}",
            &[
                "variable a.b 1:12",
                "variable o.items 1:33",
                "local k 1:47",
                "local x.y 1:55",
                "local loop.index 1:65",
            ],
        ),
        (
            "{% macro m(p, q=r.s) %}${{ p }}{% endmacro %}${{ m(t.u.split(',')) }}",
            &[
                "variable r.s 1:17",
                "local p 1:28",
                "local m 1:50",
                "call t.u.split 1:52",
            ],
        ),
        (
            "{% if always() %}{% elif n is eq(five) %}{% filter upper %}${{ z }}{% endfilter %}{% endif %}",
            &[
                "call always 1:7",
                "variable n 1:26",
                "test eq 1:31",
                "variable five 1:34",
                "filter upper 1:52",
                "variable z 1:64",
            ],
        ),
        (
            "${{ {a: b, 'c': [d, e[f:g]] }.h }}",
            &[
                "variable b 1:9",
                "variable d 1:18",
                "variable e 1:21",
                "variable f 1:23",
                "variable g 1:25",
            ],
        ),
    ] {
        assert_eq!(shown(source), expected, "{source}");
    }
}
