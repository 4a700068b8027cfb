#!/usr/bin/env bash
# Composes both connectors with the adapters in dist/adapters/. The argument is a folder outside the clone, where wac is
# kept once it is built.
set -euo pipefail
version=0.12.0
cache=$1/wac
cd "$(dirname "$0")/.."
if [ "$("$cache/bin/wac" --version 2>/dev/null)" != "wac-cli $version" ]; then
    cargo install wac-cli --version "$version" --locked --no-default-features --features wit,wat --root "$cache"
fi
for connector in sophos-assets asset-list; do
    examples/adapters/compose.sh "$cache/bin/wac" dist/adapters "dist/$connector.wasm"
done
