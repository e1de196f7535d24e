#!/usr/bin/env bash
# Builds and checks the web app. Does only what has changed since the last time.
#
#   scripts/web.sh build         web/dist, which the binary embeds
#   scripts/web.sh check         types, lint, unit tests
#   scripts/web.sh e2e           browser tests against the binary (installs Chromium when missing)
#   scripts/web.sh e2e-postgres  the same, with a private PostgreSQL server
#   scripts/web.sh screenshots   docs/screenshots, made anew
#   scripts/web.sh measure       paint, layout shift and reaction in a slowed-down browser
#   scripts/web.sh stock         walks the stock Backstage front end in $STOCK_DIST, served by the binary
set -euo pipefail
cd "$(dirname "$0")/../web"

if ! command -v node >/dev/null; then
    echo 'web: Node 20.19 or newer is missing: see https://nodejs.org' >&2
    exit 1
fi

# npm writes this file last.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi

is_built() {
    [ -f dist/manifest.json ] &&
        [ -z "$(find src public scripts ./*.json ./*.ts -newer dist/manifest.json -print -quit)" ]
}

build() {
    is_built || npm run --silent build
}

# The OpenID provider of the sign-in tests is that of the client tests.
install_provider() {
    [ -d ../tests/node/node_modules ] ||
        (cd ../tests/node && npm ci --no-audit --no-fund --loglevel=error)
}

with_binary() {
    build
    install_provider
    ../scripts/setup.sh browser
    (cd .. && cargo build --quiet -p callboard)
    npm run --silent "$1"
}

case "${1:-build}" in
build) build ;;
check) npm run --silent check ;;
e2e | screenshots | measure | stock) with_binary "$1" ;;
e2e-postgres) exec ../scripts/with-postgres.sh ../scripts/web.sh e2e ;;
*)
    sed -n '2,11s/^# \{0,1\}//p' "../scripts/web.sh"
    exit 2
    ;;
esac
