//! Any text as a template: rendered or refused, within its limits, with a place inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nunjucks::{Error, Host, Limits, Syntax, Template};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Some((options, source)) = data.split_first() else {
        return;
    };
    let Ok(source) = std::str::from_utf8(source) else {
        return;
    };
    let syntax = Syntax {
        cookiecutter_compat: options & 1 != 0,
        trim_blocks: options & 2 != 0,
        lstrip_blocks: options & 4 != 0,
        python: options & 8 != 0,
    };
    let limits = Limits {
        work: 20_000,
        scratch: 1 << 20,
        output: 1 << 20,
        ..Limits::default()
    };
    let context = json!({
        "s": "a text 😀", "n": 3.5, "l": [1, "two", [3], null], "b": true, "nothing": null,
        "o": {"a": 1, "length": 2, "0": "x"}, "list": [{"k": 2, "v": "b"}, {"k": 1, "v": "a"}],
    });
    let context = context.as_object().unwrap();
    let host = Host::new();
    match Template::parse_within(source, syntax, limits) {
        Ok(template) => {
            _ = template.references();
            if let Err(error) = template.render(context, &host) {
                check(&error, source);
            }
            if let Err(error) = template.render_value(context, &host) {
                check(&error, source);
            }
        }
        Err(error) => check(&error, source),
    }
});

fn check(error: &Error, source: &str) {
    let n_lines = source.split('\n').count();
    assert!((1..=n_lines).contains(&error.line()));
    assert!(error.column() >= 1);
    assert!(error.message().len() < 20_000 && error.excerpt().len() < 2_000);
}
