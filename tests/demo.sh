#!/usr/bin/env bash
# The main job without an account: a simulated Sophos Central of 5,000 endpoints, the real host and the real component.
# The folder with events, configuration and state is printed at the end.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
folder=$(mktemp -d)
cd "$folder"
simulate 5000
trap 'kill "$simulator"' EXIT

step() {
    printf '\n$ asset-host %s\n' "$*"
    "$dist/asset-host" "$@"
}
step check
step collect
printf '\n%s events; the first one:\n' "$(wc -l <events.ndjson)"
head -n 1 events.ndjson | python3 -m json.tool
step collect
printf '\n%s events: nothing has checked in since, so nothing was repeated\n' "$(wc -l <events.ndjson)"
step state list
printf '\nThe events, the configuration and the state are in %s\n' "$folder"
