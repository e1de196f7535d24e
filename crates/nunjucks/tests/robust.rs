//! No source and no context makes the engine panic, run on, or grow.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::time::{Duration, Instant};

use nunjucks::{ErrorKind, Host, Limits, Syntax, Template, check};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Far more than any of these takes, far less than a template that runs away.
const SOON: Duration = Duration::from_secs(20);

fn context() -> Map<String, Value> {
    json!({
        "s": "a text", "n": 3, "l": [1, "two", [3]], "o": {"a": 1, "length": 2, "0": "x"},
        "nothing": null, "emoji": "a😀b",
    })
    .as_object()
    .cloned()
    .unwrap()
}

fn render(source: &str, syntax: Syntax) -> Result<String, nunjucks::Error> {
    render_within(source, syntax, Limits::default())
}

/// With limits that keep thousands of wild templates quick.
fn try_render(source: &str, syntax: Syntax) -> Result<String, nunjucks::Error> {
    let limits = Limits {
        work: 5_000,
        scratch: 1 << 20,
        ..Limits::default()
    };
    render_within(source, syntax, limits)
}

fn render_within(source: &str, syntax: Syntax, limits: Limits) -> Result<String, nunjucks::Error> {
    let template = Template::parse_within(source, syntax, limits)?;
    _ = template.references();
    _ = template.render_value(&context(), &Host::new());
    template.render(&context(), &Host::new())
}

/// Pieces that make up templates, right and wrong.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop::sample::select(vec![
        "${{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        " ",
        "\n",
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "in",
        "endfor",
        "set",
        "endset",
        "macro",
        "endmacro",
        "call",
        "endcall",
        "filter",
        "endfilter",
        "block",
        "endblock",
        "switch",
        "case",
        "default",
        "endswitch",
        "raw",
        "endraw",
        "x",
        "y",
        "s",
        "n",
        "l",
        "o",
        "m()",
        "loop",
        "caller()",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "|",
        "~",
        "+",
        "*",
        "/",
        "//",
        "**",
        "==",
        "===",
        "<",
        "=",
        "not",
        "and",
        "or",
        "is",
        "upper",
        "join",
        "sort",
        "defined",
        "1",
        "0",
        "-1",
        "1.5",
        "'a'",
        "\"",
        "'",
        "r/a+/g",
        "\\",
        "emoji",
        "range(3)",
        "push",
        "😀",
    ]);
    prop::collection::vec(piece, 0..40)
}

/// Expressions that are right more often than not.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "s", "n", "l", "o", "nothing", "emoji", "1", "'x'", "-2.5",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 24, 3, |inner| {
            let filters = nunjucks::filter_names().collect::<Vec<_>>();
            let tests = nunjucks::test_names().collect::<Vec<_>>();
            let operators = vec![
                "+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "and", "or", "in",
            ];
            prop_oneof![
                (
                    inner.clone(),
                    prop::sample::select(operators),
                    inner.clone()
                )
                    .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
                (inner.clone(), prop::sample::select(filters), inner.clone()).prop_map(
                    |(input, filter, argument)| format!("({input} | {filter}({argument}))")
                ),
                (inner.clone(), prop::sample::select(tests))
                    .prop_map(|(input, test)| format!("({input} is {test})")),
                (inner.clone(), inner.clone()).prop_map(|(target, key)| format!("{target}[{key}]")),
                (inner.clone(), inner.clone())
                    .prop_map(|(from, to)| format!("{from}[{from}:{to}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {{k: {b} }}]")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_rendered_or_refused(source in "\\PC{0,60}", compat: bool, trim: bool) {
        let syntax = Syntax { cookiecutter_compat: compat, trim_blocks: trim, lstrip_blocks: trim, python: trim };
        _ = try_render(&source, syntax);
    }

    #[test]
    fn any_order_of_pieces_is_rendered_or_refused(pieces in pieces(), compat: bool) {
        let syntax = Syntax { cookiecutter_compat: compat, ..Syntax::default() };
        _ = try_render(&pieces.concat(), syntax);
        _ = try_render(&format!("${{{{ {} }}}}", pieces.join(" ")), Syntax::default());
    }

    #[test]
    fn any_expression_is_evaluated_or_refused(expression in expressions()) {
        if let Err(error) = try_render(&format!("${{{{ {expression} }}}}"), Syntax::default()) {
            prop_assert!(error.line() == 1 && error.column() > 3, "{}", error);
            prop_assert!(error.message().len() < 2_000);
        }
    }

    #[test]
    fn text_without_tags_stays_as_it_is(source in "[^{}#$]{0,80}") {
        prop_assert_eq!(try_render(&source, Syntax::default()).unwrap(), source);
    }
}

#[test]
fn greedy_templates_are_stopped() {
    let many = |text: &str, n: usize| text.repeat(n);
    for (name, source) in [
        ("a loop over much", "{% for a in range(2000) %}{% for b in range(2000) %}x{% endfor %}{% endfor %}".to_owned()),
        ("a text that doubles", format!("{{% set s = 'xxxxxxxx' %}}{}${{{{ s }}}}", many("{% set s = s ~ s %}", 40))),
        ("an array that doubles", format!("{{% set a = [1] %}}{}${{{{ a }}}}", many("{% set a = [a, a] %}", 60))),
        ("a long range", "${{ range(0, 1000000000) | length }}".to_owned()),
        ("a step that stays", "${{ range(0, 1, 0.0000000000000000000001) }}".to_owned()),
        ("a slice without end", "${{ o[nothing:s] }}${{ [1][n:s] }}${{ 5[1:s] }}".to_owned()),
        ("a macro that calls itself", "{% macro m(n) %}${{ m(n) }}${{ m(n) }}{% endmacro %}${{ m(1) }}".to_owned()),
        ("a loop that feeds itself", "{% for x in l %}${{ l.push(x) }}{% endfor %}".to_owned()),
        ("a record that says it is long", "${{ {length: 1000000000000} | batch(2) }}".to_owned()),
        ("much indentation", "${{ ('a\\n' * 1) ~ ('\\n' | indent(16000000)) | indent(16000000, true) | indent(16000000, true) }}".to_owned()),
        ("many spaces", "${{ 'x' | center(100000000000) }}".to_owned()),
        ("a replacement that multiplies", format!("{{% set s = 'aaaaaaaaaaaaaaaa' %}}{}", many("{% set s = s | replace('a', s) %}", 12))),
        ("a join that multiplies", "${{ range(90000) | join('x' | center(10000)) }}".to_owned()),
        ("a deep array", format!("{{% set a = [] %}}{}${{{{ a | dump }}}}", many("{% set a = [a] %}", 5000))),
        ("a chain that grows at its end", format!("{{% set r = [] %}}{{% set c = r %}}{}${{{{ r }}}}", many("{% set d = [] %}{% set _ = c.push(d) %}{% set c = d %}", 5000))),
        ("many brackets", format!("${{{{ {}1{} }}}}", many("(", 5000), many(")", 5000))),
        ("many signs", format!("${{{{ {}1 }}}}", many("- + ", 5000))),
        ("many negations", format!("${{{{ {}1 }}}}", many("not ", 5000))),
        ("a long sum", format!("${{{{ 1{} }}}}", many(" + 1", 5000))),
        ("many members", format!("${{{{ s{} }}}}", many(".a", 5000))),
        ("many filters", format!("${{{{ s{} }}}}", many("|upper", 5000))),
        ("many blocks", many("{% if s %}", 5000)),
        ("a large regular expression", "${{ r/((a{100}){100}){100}/.test('a') }}".to_owned()),
        ("markup in markup", format!("${{{{ '{}{}' | striptags }}}}", many("<<a>", 20), many("a>", 20))),
    ] {
        let start = Instant::now();
        let error = render(&source, Syntax::default());
        assert!(error.is_err(), "{name} was rendered");
        assert!(start.elapsed() < SOON, "{name} took {:?}", start.elapsed());
    }
}

/// A thread of a test has less stack than one of the product, and unoptimised code needs more.
#[test]
fn nesting_up_to_the_limit_fits_the_stack() {
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        [&open.repeat(n), inner, &close.repeat(n)].concat()
    };
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{ a: ", "1", " }"),
        ("not ", "1", ""),
        ("- + ", "1", ""),
        ("l[", "0", "]"),
        ("l[0:", "0", "]"),
        ("s.slice(", "0", ")"),
        ("s | default(", "s", ")"),
        ("n is eq(", "n", ")"),
        ("1 if s else (", "1", ")"),
        ("0 or (1 + (", "n", "))"),
    ] {
        for n in [20, 95, 99, 150, 198, 199, 200] {
            let source = format!("${{{{ {} }}}}", nested(open, inner, close, n));
            let rendered = render(&source, Syntax::default());
            assert!(rendered.is_ok() || n > 90, "{open}: {rendered:?}");
        }
    }
    for (open, close) in [
        ("{% if s %}", "{% endif %}"),
        ("{% for x in [1] %}", "{% endfor %}"),
        ("{% filter upper %}", "{% endfilter %}"),
        ("{% set y %}", "{% endset %}"),
        ("{% switch 1 %}{% case 1 %}", "{% endswitch %}"),
        ("{% macro m() %}", "{% endmacro %}${{ m() }}"),
        (
            "{% macro m() %}${{ caller() }}{% endmacro %}{% call m() %}",
            "{% endcall %}",
        ),
    ] {
        for n in [20, 66, 99, 150, 199, 200] {
            let inner = format!(
                "${{{{ {} }}}}",
                nested("(", "1", ")", 199_usize.saturating_sub(n))
            );
            // Whether both together are too deep does not matter here.
            _ = render(&nested(open, &inner, close, n), Syntax::default());
        }
        let rendered = render(&nested(open, "1", close, 20), Syntax::default());
        assert!(rendered.is_ok(), "{open}: {rendered:?}");
    }
}

#[test]
fn long_work_is_linear() {
    let long = "x".repeat(1 << 20);
    for source in [
        "<!--".repeat(100_000),
        "<a".repeat(200_000),
        "{".repeat(1 << 20),
        "#".repeat(1 << 20),
        long.clone(),
    ] {
        let mut context = Map::new();
        context.insert("long".to_owned(), source.into());
        let start = Instant::now();
        for filter in [
            "striptags",
            "urlize",
            "title",
            "wordcount",
            "replace('x', 'y')",
            "dump",
        ] {
            let template = format!("${{{{ long | {filter} | length }}}}");
            let template = Template::parse(&template, Syntax::default()).unwrap();
            _ = template.render(&context, &Host::new());
        }
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
    for source in [
        "{".repeat(1 << 20),
        "'".repeat(1 << 16),
        format!("${{{{ '{long}' }}}}"),
    ] {
        let start = Instant::now();
        _ = render(&source, Syntax::default());
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

#[test]
fn limits_are_those_that_were_given() {
    let small = Limits {
        source: 200,
        nodes: 20,
        depth: 5,
        work: 50,
        scratch: 100,
        output: 10,
        calls: 1,
    };
    let host = Host::new().with_function("f", |_| Ok(None));
    for (source, is_fine) in [
        ("0123456789", true),
        ("0123456789a", false),
        ("${{ ((1)) }}", true),
        ("${{ ((((((1)))))) }}", false),
        ("${{ range(20) | length }}", true),
        ("${{ range(60) | length }}", false),
        ("${{ f() }}", true),
        ("${{ f() }}${{ f() }}", false),
        (
            "${{ [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20] | length }}",
            false,
        ),
        (
            "${{ ('a' | center(40) ~ 'b' | center(40)) | length }}",
            false,
        ),
    ] {
        let rendered = Template::parse_within(source, Syntax::default(), small)
            .and_then(|template| template.render(&Map::new(), &host));
        match rendered {
            Ok(_) => assert!(is_fine, "{source}"),
            Err(error) => {
                assert!(!is_fine, "{source}: {error}");
                assert_eq!(error.kind(), ErrorKind::Limit, "{source}: {error}");
            }
        }
    }
    let source = " ".repeat(201);
    assert!(Template::parse_within(&source, Syntax::default(), small).is_err());
}

#[test]
fn deep_contexts_are_refused_and_not_followed() {
    let mut deep = json!(1);
    for _ in 0..400 {
        deep = json!([deep]);
    }
    let mut context = Map::new();
    context.insert("deep".to_owned(), deep);
    for source in [
        "${{ deep }}",
        "${{ deep | dump }}",
        "${{ deep.push(1) }}",
        "${{ deep.flat(999) }}",
    ] {
        let template = Template::parse(source, Syntax::default()).unwrap();
        assert!(template.render(&context, &Host::new()).is_err(), "{source}");
        assert!(
            template.render_value(&context, &Host::new()).is_err(),
            "{source}"
        );
    }
}

#[test]
fn syntax_is_checked_without_rendering() {
    assert!(check("${{ missing.method() | nofilter }}", Syntax::default()).is_ok());
    let error = check("a\n${{ 1 + }}", Syntax::default()).unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 8));
    assert_eq!(error.kind(), ErrorKind::Syntax);
}
