# Everyday commands; `make help` lists them. The work is done in scripts/, so that it can be read,
# linted and run without make.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# `make run` wants a short build. For speed at run time: make run PROFILE=bench-dev
PROFILE ?= dev
CONFIG ?= examples/acme/app-config.yaml
DATA ?= .callboard
# Sizes `make bench` measures.
ENTITIES ?= 10000,100000,500000
# Size of the catalog `make catalog` writes.
N ?= 10000

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## build (unoptimised, PROFILE=bench-dev for fast) and start the example on http://localhost:7007
	scripts/setup.sh build
	scripts/web.sh build
	mkdir -p $(DATA)
	cargo run --profile $(PROFILE) -p callboard -- serve --config $(CONFIG) --data $(DATA)

# Counting bits takes one instruction since 2009; the compiler's default is older.
ifeq ($(shell uname -m),x86_64)
release-flags = RUSTFLAGS="$(RUSTFLAGS) -C target-cpu=x86-64-v2"
endif

.PHONY: build
build: ## build target/release/callboard
	scripts/setup.sh build
	scripts/web.sh build
	$(release-flags) cargo build --release -p callboard

.PHONY: test
test: ## run every test on SQLite and on PostgreSQL, installing what is missing
	scripts/test.sh

.PHONY: ui
ui: ## build the web app, which `run` and `build` embed
	scripts/web.sh build

.PHONY: e2e
e2e: ## drive the web app in a browser
	scripts/web.sh e2e

.PHONY: screenshots
screenshots: ## make docs/screenshots anew
	scripts/web.sh screenshots

.PHONY: test-quick
test-quick: ## run every test on SQLite only
	env -u TEST_DATABASE_URL scripts/cargo-test.sh --workspace

.PHONY: lint
lint: ## formatting, clippy, documentation, licences
	scripts/lint.sh

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: bench
bench: ## measure the release binary at ENTITIES sizes on both databases; writes docs/BENCHMARKS.md
	scripts/setup.sh
	$(release-flags) cargo build --release -p callboard -p xtask
	POSTGRES_DURABLE=1 scripts/with-postgres.sh target/release/xtask bench --entities $(ENTITIES)

.PHONY: catalog
catalog: ## write a synthetic catalog of N entities to target/catalog-N
	cargo run --profile bench-dev -p xtask -- gen-catalog --entities $(N) --out target/catalog-$(N)

.PHONY: setup
setup: ## install what building and testing need
	scripts/setup.sh

.PHONY: ci
ci: ## what must pass before a merge
	.ci/run

.PHONY: clean-data
clean-data: ## delete the database and files of `make run`
	rm -rf -- "$(DATA)"
