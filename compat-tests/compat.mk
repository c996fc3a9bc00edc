# Client checks: real ZooKeeper clients against a server. SERVER is what run.py takes as --server:
# rookeeper (default; target/release/rookeeper), rookeeper=PATH, apache-3.9.5, apache-3.8.6 or HOST:PORT.
SERVER ?= rookeeper

.PHONY: compat-fetch compat-quick compat

compat-fetch:
	python3 compat-tests/run.py fetch

compat-quick:
	python3 compat-tests/run.py --server $(SERVER) quick

compat:
	python3 compat-tests/run.py --server $(SERVER) all
