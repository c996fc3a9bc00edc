#!/bin/sh
# Builds every fuzz target and runs each for FUZZ_SECONDS (default 60), one after the other, or only
# those named as arguments. The last line is "N passed, N failed"; what failed stays in artifacts/.
set -u
cd "$(dirname "$0")" || exit 1
. ./flags.sh
cargo build --release --target "$FUZZ_TRIPLE" || exit 1

all=$(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' Cargo.toml | grep -v fuzz_support)
passed=0
failed=0
for target in ${*:-$all}; do
    mkdir -p "work/$target" "artifacts/$target" "corpus/$target"
    # New inputs go to work/, which is not committed; seeds stay as they are.
    if "$FUZZ_BIN/$target" "work/$target" "corpus/$target" -max_total_time="${FUZZ_SECONDS:-60}" \
        -rss_limit_mb=2048 -timeout=10 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target/" >"work/$target.log" 2>&1
    then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "work/$target.log")
        echo "ok $target: $runs runs"
        passed=$((passed + 1))
    else
        echo "FAILED $target; input in fuzz/artifacts/$target, output in fuzz/work/$target.log:"
        grep -a -m 3 -E 'panicked|ERROR|SUMMARY' -A 1 "work/$target.log"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
