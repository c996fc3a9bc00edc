# Rookeeper. `make run` and `make test` do all set-up; `make help` lists the rest.

# rustup puts cargo here, and a fresh shell may not know it yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)
BUILD_TOOLS := cc:build-essential
PURE := -p rookeeper-codec -p rookeeper-tree $(if $(wildcard quorum/Cargo.toml),-p rookeeper-quorum)

.DEFAULT_GOAL := help
.PHONY: help need run build test lint deny fuzz-smoke

help:
	@echo "make run           a server on port 2181, data in ./data (no configuration needed)"
	@echo "make test          all tests: rooms, wire suite, zkCli.sh, Java and kazoo clients"
	@echo "make build         target/release/rookeeper"
	@echo "make lint          formatting, clippy for all rooms and fuzz/, the rules of the pure rooms"
	@echo "make deny          licences and dependencies (needs cargo-deny)"
	@echo "make fuzz-smoke    every fuzz target for FUZZ_SECONDS (60) each"
	@echo "make compat-quick  zkCli.sh, Java, kazoo; SERVER=apache-3.9.5 runs them on Apache"
	@echo "make compat        every client: also Curator, C, Kafka, restarts, data directories"
	@echo "make bench-quick   beside Apache 3.9.5, about three minutes; make bench: about an hour"

need:
	@.ci/need $(BUILD_TOOLS)

run: need
	cargo run --release --locked --bin rookeeper

build: need
	cargo build --release --locked -p rookeeper-server

test: need
	@.ci/need python3:python3 setpriv:util-linux
	@.ci/test

lint: need
	@.ci/need g++:g++
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	CLIPPY_CONF_DIR=.ci/pure cargo clippy --locked $(PURE) --lib -- -D warnings
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --manifest-path fuzz/Cargo.toml -- -D warnings

deny: need
	@cargo deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	cargo deny --workspace check bans licenses sources

fuzz-smoke: need
	@.ci/need g++:g++
	fuzz/smoke.sh

# The recipes for real clients need the server's binary.
compat compat-quick: build

-include compat-tests/compat.mk
-include bench/bench.mk
