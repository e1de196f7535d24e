#!/usr/bin/env bash
# Kills the portal at random moments, on SQLite and on PostgreSQL, and checks that nothing it
# promised is lost and that what it derived is what a fresh portal derives.
#
#   scripts/crash-test.sh [KILLS]    kills on each database (200)
#
# SEED repeats the random choices of a failed trial.
set -euo pipefail
cd "$(dirname "$0")/.."

export CRASHES=${1:-200}
trial=(cargo test --quiet -p callboard --test robust -- --nocapture crash::)

echo "== $CRASHES kills on SQLite"
env -u TEST_DATABASE_URL "${trial[@]}"
echo "== $CRASHES kills on PostgreSQL"
scripts/with-postgres.sh "${trial[@]}"
