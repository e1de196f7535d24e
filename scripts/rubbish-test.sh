#!/usr/bin/env bash
# Feeds the portal with sources and requests of absurd size: each must be refused clearly, in
# bounded memory, while the portal goes on answering. The ordinary tests do the same with less.
set -euo pipefail
cd "$(dirname "$0")/.."

export FULL=1
exec cargo test --quiet -p callboard --test robust -- --nocapture --test-threads 1 bad_
