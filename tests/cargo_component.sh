#!/usr/bin/env bash
# Builds the component with cargo-component and tests the result. The argument is a folder outside the clone, where
# cargo-component is kept once it is built.
set -euo pipefail
version=0.21.1
cache=$1
root=$(cd "$(dirname "$0")/.." && pwd)
export PATH="$cache/cargo-component/bin:$PATH"

if [ "$(cargo component --version 2>/dev/null)" != "cargo-component-component $version" ]; then
    cargo install cargo-component --version "$version" --locked --root "$cache/cargo-component"
fi

# A folder of its own, so that nothing that cargo built can pass for it.
export CARGO_TARGET_DIR="$cache/cargo-component/target"
rm -f "$CARGO_TARGET_DIR/wasm32-wasip2/component/sophos_assets.wasm"
cd "$root/src"
cargo component build --locked --profile component --target wasm32-wasip2
cd "$root"
built=$CARGO_TARGET_DIR/wasm32-wasip2/component/sophos_assets.wasm
dist/asset-host describe --component "$built"
sample=tests/golden/specification-sample
dist/asset-host map --component "$built" "$sample.input.json" | python3 -c '
import json, sys
expected = json.load(open(sys.argv[1]))
assert json.load(sys.stdin) == expected, "the event of the sample is another one"
' "$sample.expected.json"
