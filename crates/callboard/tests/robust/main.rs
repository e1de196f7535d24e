//! The real binary on its longest way, and under bad circumstances: killed, replicated, and fed with
//! rubbish.
//!
//! Every test starts `callboard serve` as a user would and sees it through HTTP and, where the
//! question is what is stored, through the database. `CALLBOARD_BIN` names another binary than the
//! one just built. Random tests print their seed; `SEED` repeats one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_collect,
    clippy::duration_suboptimal_units,
    reason = "a failed step fails the test; what was done is worth reading"
)]

mod bad_requests;
mod bad_sources;
mod client;
mod crash;
mod database;
mod environment;
mod golden_path;
mod portal;
mod replicas;
mod served;
mod snapshot;
mod tasks;
mod workload;
