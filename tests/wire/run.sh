#!/usr/bin/env bash
# Replays recordings of a real Backstage 1.55 against the binary, on a fresh database.
#
#   tests/wire/run.sh [PATH/TO/callboard]
#
# Runs on SQLite, or on PostgreSQL when TEST_DATABASE_URL is set. The recordings name the loopback
# ports 7007 (portal) and 7997 (files), which therefore must be free.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "${1:-$here/../../target/debug/callboard}")
work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

export WIRE_DIR=$work WIRE_TOKEN
WIRE_TOKEN=wire-$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')
printf %s "$WIRE_TOKEN" >"$work/token"
cp -r "$here/catalog" "$work/catalog" # some requests change the fixture
config=(--config "$here/app-config.fixture.yaml")
if [ -n "${TEST_DATABASE_URL:-}" ]; then
    printf 'backend: {database: {client: pg, connection: "%s", schema: "wire_%s"}}\n' \
        "$TEST_DATABASE_URL" "$$" >"$work/database.yaml"
    config+=(--config "$work/database.yaml")
fi
python3 -m http.server 7997 --bind 127.0.0.1 --directory "$work/catalog" >/dev/null 2>&1 &
pids+=($!)
wait_for() {
    for _ in $(seq 1 300); do
        if python3 -c "import urllib.request as u; u.urlopen('$1', timeout=1)" 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nothing answers at $1" >&2
    exit 1
}
wait_for http://127.0.0.1:7997/root.yaml
mkdir "$work/data"
"$binary" serve --data "$work/data" "${config[@]}" >"$work/serve.log" 2>&1 &
server=$!
pids+=("$server")
wait_for http://127.0.0.1:7007/.backstage/health/v1/readiness
PYTHONDONTWRITEBYTECODE=1 python3 "$here/check.py" --base http://127.0.0.1:7007 --token-file "$work/token" --catalog "$work/catalog"
