#!/usr/bin/env bash
# Kills portals at every point of a task of twenty steps: one portal on SQLite, then one of three on
# PostgreSQL; each task must end as an undisturbed one, with every effect once.
#
#   scripts/task-crash-test.sh [POINTS]    points to kill at (all)
set -euo pipefail
cd "$(dirname "$0")/.."

export TASK_CRASHES=${1:-all}
trial=(cargo test --quiet -p callboard --test robust -- --nocapture)

echo "== one portal on SQLite"
env -u TEST_DATABASE_URL "${trial[@]}" tasks::one_killed
echo "== three portals on PostgreSQL"
scripts/with-postgres.sh "${trial[@]}" tasks::three
