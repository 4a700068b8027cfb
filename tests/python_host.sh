#!/usr/bin/env bash
# Runs the same component in Python's wasmtime: docs/examples/collect.py collects a simulated fleet and must print the
# same events as our host. The argument is a python with the package wasmtime.
set -euo pipefail
python=$1
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/simulated.sh"
folder=$(mktemp -d)
cd "$folder"
simulate 1200
trap 'kill "$simulator"; rm -rf "$folder"' EXIT

"$dist/asset-host" --quiet collect
config="{\"client_id\": \"$client_id\", \"api_host\": \"$url\", \"token_url\": \"$url/api/v2/oauth2/token\"}"
"$python" "$root/docs/examples/collect.py" "$dist/sophos-assets.wasm" "$config" >python.ndjson
cmp events.ndjson python.ndjson
echo "$(wc -l <python.ndjson) events, the same in both hosts"
