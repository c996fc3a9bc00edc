# Sourced by the scripts of this directory: how targets are compiled. No cargo-fuzz is needed; what
# is set here is what it would set.
#
# SANITIZER=none builds without AddressSanitizer (faster; hangs and panics are still found).

# The coverage flags and the sanitizer are unstable options of the one stable toolchain.
export RUSTC_BOOTSTRAP=1
FUZZ_TRIPLE=$(rustc -vV | sed -n 's/^host: //p')
FUZZ_FLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0
    -Ccodegen-units=1 --cfg fuzzing"
[ "${SANITIZER:-address}" = none ] || FUZZ_FLAGS="$FUZZ_FLAGS -Zsanitizer=${SANITIZER:-address}"
export RUSTFLAGS="$FUZZ_FLAGS ${RUSTFLAGS:-}"
# A target directory of its own: flags differ from those of every other build.
export CARGO_TARGET_DIR="${FUZZ_TARGET_DIR:-target}"
FUZZ_BIN="$CARGO_TARGET_DIR/$FUZZ_TRIPLE/release"
