#!/usr/bin/env bash
# Validates the golden events, and those that the real host and component deliver for a simulated fleet, with the
# receiver's own models. The argument is a python with the packages of requirements.txt. The last line is
# `N passed, N failed`.
set -euo pipefail
python=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../simulated.sh"
folder=$(mktemp -d)
cd "$folder"
endpoints=500
simulate "$endpoints"
trap 'kill "$simulator"; rm -rf "$folder"' EXIT

"$dist/asset-host" --quiet collect
collected=$(wc -l <events.ndjson)
if [ "$collected" -ne "$endpoints" ]; then
    echo "collected $collected of $endpoints endpoints" >&2
    exit 1
fi
"$python" "$here/check.py" "$here"/../golden/*.expected.json events.ndjson
