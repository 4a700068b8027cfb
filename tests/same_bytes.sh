#!/usr/bin/env bash
# Builds the component from a copy of the sources, in another folder and with another folder for what is built: it has
# the same bytes as the one of `make build`.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/sources"
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - | tar --extract --directory "$folder/sources"
# The registry's sources are found under another path, too.
ln -s "${CARGO_HOME:-$HOME/.cargo}" "$folder/cargo"
env CARGO_HOME="$folder/cargo" CARGO_TARGET_DIR="$folder/built" make --directory "$folder/sources" component
built=wasm32-wasip2/component/sophos_assets.wasm
cmp "target/$built" "$folder/built/$built"
