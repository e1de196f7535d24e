#!/usr/bin/env bash
# Installs what building and testing need, only what is missing, on Debian and its relatives.
#
#   scripts/setup.sh            everything
#   scripts/setup.sh build      a C compiler and what the build needs
#   scripts/setup.sh postgres   the PostgreSQL server programs
#   scripts/setup.sh python     Python with PyYAML
#   scripts/setup.sh browser    Chromium
#
# Rust comes from rustup, Node from its own packages: they are checked, not installed.
set -euo pipefail

packages=()

# need PACKAGE CHECK...: remembers the package when the check fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

has_postgres() {
    command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'
}

need_build() {
    need build-essential cc --version
    need build-essential make --version
    need pkg-config pkg-config --version
    need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
}

need_postgres() {
    need postgresql has_postgres
}

need_python() {
    need python3-yaml python3 -c 'import yaml'
}

has_browser() {
    command -v chromium || command -v google-chrome
}

need_browser() {
    need chromium has_browser
}

install() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "setup: please install: ${packages[*]}" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    echo "setup: installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # A package index of last month names files the mirrors no longer have.
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

case "${1:-all}" in
all)
    need_build
    need_postgres
    need_python
    need_browser
    ;;
build | postgres | python | browser) "need_$1" ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

if [ "${#packages[@]}" -gt 0 ]; then
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
    install
fi

if ! command -v cargo >/dev/null; then
    echo 'setup: Rust is missing: see https://rustup.rs' >&2
    exit 1
fi
