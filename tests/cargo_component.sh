#!/usr/bin/env bash
# The component also builds with cargo-component, and what comes out works. Its first argument is a folder
# outside the clone, where cargo-component is kept once it is built.
set -euo pipefail
version=0.21.1
cache=$1
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$cache/cargo-component/bin:$PATH"

if [ "$(cargo component --version 2>/dev/null)" != "cargo-component-component $version" ]; then
    cargo install cargo-component --version "$version" --locked --root "$cache/cargo-component"
fi

cd "$root/src"
cargo component build --locked --profile component --target wasm32-wasip2
cd "$root"
test -z "$(git status --porcelain -- src wit)" || { git status --short -- src wit; exit 1; }
built=target/wasm32-wasip2/component/sophos_assets.wasm
dist/asset-host describe --component "$built"
dist/asset-host map --component "$built" tests/golden/specification-sample.input.json
