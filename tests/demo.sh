#!/usr/bin/env bash
# The main job without an account: a simulated Sophos Central of 5,000 endpoints, the real host, the real
# component. What a run leaves is in a folder that is printed at the end.
set -euo pipefail
dist=$(cd "$(dirname "$0")/../dist" && pwd)
folder=$(mktemp -d)
cd "$folder"

exec 3< <(exec "$dist/sophos-central-simulator" --endpoints 5000)
simulator=$!
trap 'kill "$simulator"' EXIT
read -r url client_id SOPHOS_CLIENT_SECRET <&3
export SOPHOS_CLIENT_SECRET

cat >asset-host.toml <<TOML
[account.demo]
component = "$dist/sophos-assets.wasm"
allow_loopback_http = true
[account.demo.config]
client_id = "$client_id"
api_host = "$url"
token_url = "$url/api/v2/oauth2/token"
[account.demo.secrets]
client_secret = { env = "SOPHOS_CLIENT_SECRET" }
[account.demo.deliver]
to = "file"
path = "events.ndjson"
TOML

step() { printf '\n$ asset-host %s\n' "$*"; "$dist/asset-host" --quiet "$@"; }
step check
step collect
printf '%s events; the first one:\n' "$(wc -l <events.ndjson)"
head -n 1 events.ndjson | python3 -m json.tool
step collect
printf '%s events: nothing has checked in since, so nothing came twice\n' "$(wc -l <events.ndjson)"
step state list
printf '\nThe events, the configuration and the state are in %s\n' "$folder"
