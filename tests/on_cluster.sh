#!/usr/bin/env bash
# Runs a command with a NATS server of its own, whose URL is in NATS_URL: the end-to-end tests then keep the state there.
set -euo pipefail
folder=$(mktemp -d)
cat >"$folder/server.conf" <<CONF
listen: "127.0.0.1:-1"
ports_file_dir: "$folder"
jetstream { store_dir: "$folder/store", sync_interval: always }
CONF
"$NATS_SERVER" --config "$folder/server.conf" 2>"$folder/log" &
server=$!
trap 'kill "$server"; wait "$server" || true; rm -r "$folder"' EXIT
until NATS_URL=$(grep -o 'nats://[^"]*' "$folder"/*.ports 2>/dev/null); do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
export NATS_URL
"$@"
