#!/usr/bin/env bash
# Fetches the JavaScript libraries that the scaffolder runs in its interpreter (docs/adr/0011) and
# packs each into one file. Run it to take a newer version, then the tests of the scaffolder.
set -euo pipefail

JSONATA=2.2.2
YAML=2.9.1

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/crates/scaffolder/src/script
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
for package in "jsonata@$JSONATA" "yaml@$YAML"; do
    name=${package%@*}
    mkdir "$name"
    tar -xzf "$(npm pack --silent "$package")" -C "$name" --strip-components=1
    cp "$name/LICENSE" "$target/$name.LICENSE"
done
cp jsonata/jsonata.min.js "$target/jsonata.min.js"
"$root/web/node_modules/.bin/rolldown" yaml/browser/dist/index.js \
    --format iife --name YAML --minify --file "$target/yaml.min.js"
