#!/usr/bin/env bash
# Runs tests with cargo-nextest if it is installed and with `cargo test` otherwise; takes the same
# package options as either.
set -euo pipefail

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --no-tests=pass "$@"
    # nextest leaves out the examples in the documentation.
    exec cargo test --quiet --doc "$@"
fi
exec cargo test --quiet "$@"
