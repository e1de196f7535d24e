//! Callboard, the internal developer portal in one binary.

mod admin;
mod app;
mod cli;
mod database;
mod output;
mod portal;
mod reads;
mod reload;
mod report;
mod scaffolding;
mod serve;
mod store;
mod who_am_i;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
