#!/usr/bin/env bash
# Runs the commands of docs/write-a-connector.md in an empty folder, as they stand there.
set -euo pipefail
REPO=$(cd "$(dirname "$0")/.." && pwd)
export REPO API_TOKEN=any-text-of-8-bytes
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed -n '/^```sh$/,/^```$/{/^```/!p}' "$REPO/docs/write-a-connector.md" >"$folder/commands"
mkdir "$folder/empty"
cd "$folder/empty"
start=$SECONDS
# The server ends with its shell, however that ends.
bash -euo pipefail -c 'trap "kill \$(jobs -p) 2>/dev/null || true" EXIT; . "$1"' commands "$folder/commands"
echo "docs/write-a-connector.md: all commands in $((SECONDS - start)) s"
