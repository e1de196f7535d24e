//! Any text as `app-config.yaml`: read and checked, or refused with problems that have a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platform::config::{self, Environment};

fuzz_target!(|text: &str| {
    let environment = Environment::from([("PORT", "7007"), ("EMPTY", ""), ("TOKEN", "s3cret-value")]);
    let (config, problems) = config::load_text("app-config.yaml", text, &environment);
    for problem in problems.iter().chain(&config::check(&config)) {
        assert!(!problem.message.is_empty());
        assert!(problem.message.len() < 20_000);
    }
    // What is printed is JSON, and a value named as a secret is not in it.
    let printed = config::redacted(&config).to_string();
    for secret in config::secrets(&config) {
        assert!(secret.expose().len() < 8 || !printed.contains(secret.expose()));
    }
    _ = config::frontend(&config);
});
