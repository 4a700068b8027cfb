#!/usr/bin/env bash
# Checks licences, sources and duplicates of all dependencies, those of the fuzz targets included (deny.toml). The
# argument is a folder outside the clone, where cargo-deny is kept once it is built.
set -euo pipefail
version=0.20.2
cache=$1/cargo-deny
cd "$(dirname "$0")/.."
export PATH="$cache/bin:$PATH"

if [ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
    cargo install cargo-deny --version "$version" --locked --no-default-features --root "$cache"
fi
for workspace in . fuzz; do
    # It looks at every package that a lock file names, also at those that no build here has needed.
    cargo fetch --locked --manifest-path "$workspace/Cargo.toml"
    # What is skipped for the product may well be there once in fuzz/.
    stale=(--allow unnecessary-skip)
    [ "$workspace" = . ] || stale+=(--allow unmatched-skip --allow unmatched-skip-root)
    cargo deny --offline --locked --config deny.toml --manifest-path "$workspace/Cargo.toml" \
        check "${stale[@]}" bans licenses sources
done
