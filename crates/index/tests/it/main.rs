//! The index against a reference implementation that looks at every entity for every question.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod brute;
mod large;
mod program;
mod recorded;
mod sample;
