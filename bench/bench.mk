# Rookeeper beside Apache ZooKeeper 3.9.5. BENCH_FLAGS go to bench/compare.py, e.g. BENCH_FLAGS='--rounds 5'.
BENCH_FLAGS ?=

.PHONY: bench bench-quick bench-build

bench-build:
	cargo build --release -p rookeeper-server -p rookeeper-bench

# About four minutes: get, set, create and 90/10 at 1x1, 8x1 and 8x64; fill and restart of 200,000 nodes; memory.
bench-quick: bench-build
	python3 bench/compare.py $(BENCH_FLAGS)

# About an hour: also 64x1, 16x32, 1 KiB, multi, listings, storms, fan-out, watches, idle sessions, a million nodes.
bench: bench-build
	python3 bench/compare.py --full $(BENCH_FLAGS)
