#!/bin/sh
# Installs Debian packages if it has the permission, else says which ones are missing.
set -eu
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
else
    echo "please install these packages and try again: $*" >&2
    exit 1
fi
