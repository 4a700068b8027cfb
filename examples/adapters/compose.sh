#!/usr/bin/env bash
# Composes a connector with the adapters, which are in FOLDER: `compose.sh WAC FOLDER sophos-assets.wasm` puts
# sophos-assets-cli.wasm, a command, and sophos-assets-http.wasm, a server, there.
set -euo pipefail
wac=$1
folder=$2
connector=$3
for driver in cli http; do
    "$wac" compose "$(dirname "$0")/$driver.wac" --output "$folder/$(basename "$connector" .wasm)-$driver.wasm" \
        --dep "inventory:any=$connector" \
        --dep "adapters:egress=$folder/egress.wasm" \
        --dep "adapters:secrets-env=$folder/secrets_env.wasm" \
        --dep "adapters:$driver=$folder/$driver.wasm"
done
