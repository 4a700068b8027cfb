#!/usr/bin/env bash
# Runs every fuzz target (fuzz/README.md). The first argument is a folder outside the clone for cargo-fuzz, the build
# and the growing corpus. The second one is the number of seconds for each target, or `smoke`: a fixed number of runs
# from a fixed seed, so that it fails only if the code has changed.
set -euo pipefail
version=0.13.2
cache=$1/fuzz
length=$2
root=$(cd "$(dirname "$0")/.." && pwd)
fuzz=$root/fuzz
# libFuzzer is C++.
command -v c++ >/dev/null || "$root/tests/install_packages.sh" g++

export PATH="$cache/bin:$PATH"
if [ "$(cargo fuzz --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
    cargo install cargo-fuzz --version "$version" --locked --root "$cache"
fi
cargo fmt --check --manifest-path "$fuzz/Cargo.toml"
# Also what fails where the lock file is out of date, which cargo-fuzz has no flag for.
cargo clippy --locked --all-targets --manifest-path "$fuzz/Cargo.toml" --target-dir "$cache/target" -- -D warnings

# The golden endpoints are seeds: one by one for `map`, each as a page of its own for `page`.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/seeds/{map,page,cursor,config} "$fuzz/artifacts"
for input in "$root"/tests/golden/*.input.json "$root"/tests/golden/refused/*.input.json; do
    name=$(basename "$input" .input.json)
    cp "$input" "$work/seeds/map/$name"
    { printf '{"items":['; cat "$input"; printf '],"pages":{"nextKey":"key"}}'; } >"$work/seeds/page/$name"
done
for target in page cursor config; do
    cp "$fuzz/corpus/$target"/* "$work/seeds/$target"
done

# libFuzzer also counts ten seconds for one input and 2 GB of memory as findings.
limits=(-timeout=10 -rss_limit_mb=2048)
for target in ${FUZZ_TARGETS:-map page cursor config}; do
    if [ "$length" = smoke ]; then
        grown=$work/$target
        # About twenty seconds on one core; `map` maps and explains each text in every dialect.
        runs=1000000
        [ "$target" != map ] || runs=300000
        limit=(-seed=1 "-runs=$runs")
    else
        grown=$cache/corpus/$target
        limit=("-max_total_time=$length")
    fi
    mkdir -p "$grown"
    echo "fuzzing $target"
    # The stable toolchain has no sanitizer; these crates hold no unsafe that one could judge.
    log=$cache/$target.log
    (cd "$root" && cargo fuzz run --sanitizer none --target-dir "$cache/target" "$target" \
        "$grown" "$work/seeds/$target" -- "${limit[@]}" "${limits[@]}" \
        -dict="$fuzz/dictionaries/$target.dict" -print_final_stats=1) >"$log" 2>&1 ||
        { tail -n 100 "$log"; exit 1; }
    grep -E '^(#[0-9]+\s+DONE|Done|stat::average)' "$log"
done
