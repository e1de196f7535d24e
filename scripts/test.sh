#!/usr/bin/env bash
# Runs every test: all crates on SQLite, then those that touch a database on PostgreSQL, then the
# web app, then the Node tests. Installs what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# Crates that never see a database; running them twice would prove nothing.
pure=(model index integrations xtask)

without_pure=()
for crate in "${pure[@]}"; do without_pure+=(--exclude "$crate"); done

scripts/setup.sh
scripts/web.sh build
echo '== every crate, on SQLite'
env -u TEST_DATABASE_URL scripts/cargo-test.sh --workspace
echo '== crates with a database, on PostgreSQL'
scripts/with-postgres.sh scripts/cargo-test.sh --workspace "${without_pure[@]}"

echo '== web app'
scripts/web.sh check
scripts/web.sh e2e

echo '== Node'
cargo build --quiet -p callboard
(cd tests/node && npm ci --no-audit --no-fund --silent && npm test --silent)
