#!/usr/bin/env bash
# Formatting, clippy, documentation and (if cargo-deny is installed) licences and advisories.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh build
echo '== rustfmt'
cargo fmt --all --check
echo '== clippy'
cargo clippy --quiet --workspace --all-targets -- -D warnings
echo '== rustdoc'
RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps
if cargo deny --version >/dev/null 2>&1; then
    echo '== cargo-deny'
    cargo deny --all-features check
else
    echo '== cargo-deny is not installed: licences and advisories were not checked'
fi
