#!/usr/bin/env bash
# Three portals on one PostgreSQL database, a random one killed every few seconds, while entities
# come, change and go; they must agree with each other and with a fresh portal in the end.
#
#   scripts/replica-test.sh [SECONDS]    length of the trial (600)
set -euo pipefail
cd "$(dirname "$0")/.."

export REPLICA_SECONDS=${1:-600}
exec scripts/with-postgres.sh \
    cargo test --quiet -p callboard --test robust -- --nocapture replicas::
