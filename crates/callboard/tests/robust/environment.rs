//! What whoever runs the tests may choose.

use std::path::PathBuf;

/// The text of a variable, unless it is empty.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration file"
)]
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The number in a variable, or `default`.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    text(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number"))
    })
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    text("CALLBOARD_BIN").map_or_else(|| env!("CARGO_BIN_EXE_callboard").into(), PathBuf::from)
}

/// The seed of a random test, printed so that a failure can be repeated.
pub(crate) fn seed() -> u64 {
    let seed = number("SEED", rand::random::<u32>().into());
    println!("SEED={seed}");
    seed
}
