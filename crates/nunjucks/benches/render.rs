//! Renders per second of small templates as steps and skeletons have them.
//!
//! `cargo bench -p nunjucks`; a path of a file of cases (`kind`, `source`, `ctx` a line) measures
//! those instead.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use nunjucks::{Host, Syntax, Template};
use serde_json::{Map, Value, json};

const ROUNDS: u32 = 5;
const ENOUGH: Duration = Duration::from_millis(400);

struct Case {
    kind: String,
    source: String,
    context: Map<String, Value>,
}

fn main() {
    // Cargo itself passes options.
    let file = std::env::args()
        .skip(1)
        .find(|argument| Path::new(argument).is_file());
    let cases = match file {
        Some(file) => read(&file),
        None => own(),
    };
    for kind in ["value", "file", "path"] {
        let cases: Vec<&Case> = cases.iter().filter(|case| case.kind == kind).collect();
        if cases.is_empty() {
            continue;
        }
        let parsed: Vec<Template> = cases.iter().filter_map(|case| parse(case)).collect();
        let n_bytes: usize = cases.iter().map(|case| case.source.len()).sum();
        report(
            kind,
            "parsed before",
            cases.len(),
            fastest(|| {
                for (template, case) in parsed.iter().zip(&cases) {
                    render(template, case);
                }
            }),
        );
        report(
            kind,
            "parsed each time",
            cases.len(),
            fastest(|| {
                for case in &cases {
                    if let Some(template) = parse(case) {
                        render(&template, case);
                    }
                }
            }),
        );
        show(&format!(
            "{kind}: {} bytes of source on average",
            n_bytes / cases.len()
        ));
    }
}

fn parse(case: &Case) -> Option<Template> {
    Template::parse(&case.source, Syntax::default()).ok()
}

fn render(template: &Template, case: &Case) {
    let host = Host::new();
    if case.kind == "value" {
        _ = black_box(template.render_value(&case.context, &host));
    } else {
        _ = black_box(template.render(&case.context, &host));
    }
}

/// Seconds of one pass in the fastest round.
fn fastest(mut pass: impl FnMut()) -> f64 {
    let round = |pass: &mut dyn FnMut()| {
        let start = Instant::now();
        let mut n_passes = 0_u32;
        while start.elapsed() < ENOUGH {
            pass();
            n_passes += 1;
        }
        start.elapsed().as_secs_f64() / f64::from(n_passes)
    };
    (0..ROUNDS)
        .map(|_| round(&mut pass))
        .fold(f64::INFINITY, f64::min)
}

fn report(kind: &str, how: &str, n_cases: usize, seconds: f64) {
    let n_cases = u32::try_from(n_cases).map_or(f64::MAX, f64::from);
    show(&format!(
        "{kind}, {how}: {:.0} renders/s",
        n_cases / seconds
    ));
}

#[expect(clippy::print_stdout, reason = "a benchmark shows its result")]
fn show(line: &str) {
    println!("{line}");
}

fn read(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|case| {
            Some(Case {
                kind: case["kind"].as_str()?.to_owned(),
                source: case["source"].as_str()?.to_owned(),
                context: case["ctx"].as_object()?.clone(),
            })
        })
        .collect()
}

fn own() -> Vec<Case> {
    let context = json!({
        "parameters": {"name": "ticket-shop", "owner": "group:default/web", "replicas": 2,
                       "features": ["metrics", "tracing"], "public": true},
        "steps": {"publish": {"output": {"remoteUrl": "https://git.example.com/web/ticket-shop"}}},
        "values": {"name": "ticket-shop", "port": 8080, "features": ["metrics", "tracing"]},
    });
    let file = "name: ${{ values.name }}\n{%- if values.port %}\nport: ${{ values.port }}\n\
                {%- endif %}\nfeatures:\n{%- for feature in values.features %}\n  \
                - ${{ feature | upper }}\n{%- endfor %}\n";
    let sources = [
        ("value", "${{ parameters.features }}"),
        (
            "value",
            "${{ parameters.name }}-${{ parameters.replicas + 1 }}",
        ),
        (
            "value",
            "${{ steps['publish'].output.remoteUrl | replace('https://', '') }}",
        ),
        (
            "value",
            "${{ parameters.public === true and parameters.name !== '' }}",
        ),
        ("value", "${{ parameters.owner.split('/')[1] or 'nobody' }}"),
        ("file", file),
        ("path", "src/${{ values.name }}/main.rs"),
    ];
    sources
        .into_iter()
        .map(|(kind, source)| Case {
            kind: kind.to_owned(),
            source: source.to_owned(),
            context: context.as_object().cloned().unwrap_or_default(),
        })
        .collect()
}
