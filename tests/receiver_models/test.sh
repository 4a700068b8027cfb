#!/usr/bin/env bash
# The receiver's own models judge the golden events, and those that the real host and component deliver of a
# simulated fleet. Its argument is a python that has the packages of requirements.txt. The last line is
# `N passed, N failed`.
set -euo pipefail
python=$1
here=$(cd "$(dirname "$0")" && pwd)
dist=$(cd "$here/../../dist" && pwd)
folder=$(mktemp -d)
simulator=
trap '[ -z "$simulator" ] || kill "$simulator"; rm -rf "$folder"' EXIT

endpoints=500
exec 3< <(exec "$dist/sophos-central-simulator" --endpoints "$endpoints")
simulator=$!
read -r url client_id SOPHOS_CLIENT_SECRET <&3
export SOPHOS_CLIENT_SECRET

cat >"$folder/asset-host.toml" <<TOML
[account.test]
component = "$dist/sophos-assets.wasm"
allow_loopback_http = true
[account.test.config]
client_id = "$client_id"
api_host = "$url"
token_url = "$url/api/v2/oauth2/token"
[account.test.secrets]
client_secret = { env = "SOPHOS_CLIENT_SECRET" }
[account.test.deliver]
to = "file"
path = "events.ndjson"
TOML
"$dist/asset-host" --quiet --config "$folder/asset-host.toml" collect
collected=$(wc -l <"$folder/events.ndjson")
if [ "$collected" -ne "$endpoints" ]; then
    echo "collected $collected of $endpoints endpoints" >&2
    exit 1
fi

"$python" "$here/check.py" "$here"/../golden/*.expected.json "$folder/events.ndjson"
