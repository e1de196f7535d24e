//! Callboard, the internal developer portal in one binary.

mod admin;
mod app;
mod cli;
mod database;
mod output;
mod portal;
mod report;
mod serve;
mod store;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
