#!/bin/sh
# Installs Debian packages where it may; says which ones are missing where it may not.
set -eu
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
else
    echo "please install these packages and try again: $*" >&2
    exit 1
fi
