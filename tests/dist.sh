#!/usr/bin/env bash
# Tries what `make dist` has made as its users do: the archive unpacked, the package in a Debian of its own, the image
# unpacked; each collects from a simulated Sophos Central. The argument is a folder outside the clone, where the Debian
# is kept. Needs root.
set -euo pipefail
cache=$1
endpoints=500
root=$(cd "$(dirname "$0")/.." && pwd)
release=$root/dist/release
for tool in debootstrap readelf; do
    command -v $tool >/dev/null || "$root/tests/install_packages.sh" debootstrap binutils
done
if [ ! -e "$cache/debian/ready" ]; then
    rm -rf "$cache/debian"
    debootstrap --variant=minbase --include=adduser,ca-certificates,systemd bookworm "$cache/debian"
    touch "$cache/debian/ready"
fi

. "$root/tests/simulated.sh"
folder=$(mktemp -d)
debian=$folder/debian
image=$folder/image
finish() {
    kill "$simulator"
    umount "$debian/proc" "$image/proc" 2>/dev/null || true
    rm -rf --one-file-system "$folder"
}
cd "$folder"
simulate $endpoints
trap finish EXIT

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
# config COMPONENT FOLDER: the simulator's configuration for another place.
config() { sed -e "s,^component = .*,component = \"$1\"," -e "s,^path = .*,path = \"$2/events.ndjson\"," asset-host.toml; }
collected() { [ "$(wc -l <"$1")" = $endpoints ] || fail "$1 has another number of events"; }

step the archive
(cd "$release" && sha256sum --quiet --check SHA256SUMS)
mkdir unpacked
tar --extract --file "$release"/asset-host-*.tar.gz --directory unpacked
cd unpacked/*
sha256sum --quiet --check SHA256SUMS
readelf --program-headers asset-host | grep -q INTERP && fail "the program is not static"
./asset-host --version
for page in asset-host asset-host-collect asset-host-state-list; do
    [ -s "man/$page.1" ] || fail "no manual page $page"
done
"$root/packaging/pages.py" check .
for linked in wit/connector.wit examples/node/README.md connectors/template/wit/connector.wit; do
    [ -s "$linked" ] || fail "no $linked, which the pages lead to"
done
cd "$folder"
config "$(echo "$folder"/unpacked/*/sophos-assets.wasm)" "$folder" >unpacked/asset-host.toml
unpacked/*/asset-host --config unpacked/asset-host.toml collect
collected events.ndjson
# What a program that is linked against glibc makes of the same endpoints.
mv events.ndjson by-archive.ndjson
"$dist/asset-host" collect --quiet --full
cmp <(sort by-archive.ndjson) <(sort events.ndjson) || fail "the static program delivers other events"

step the Debian package
cp -a "$cache/debian" "$debian"
mount -t proc proc "$debian/proc"
# All files but those that dpkg and adduser keep about their work.
files() {
    find "$debian" -xdev \( -path "$debian/proc" -o -path "$debian/run" -o -path "$debian/var/log" -o -path "$debian/var/lib/dpkg" \
        -o -path "$debian/var/cache" -o -name '*-' \) -prune -o -printf '%P %u %g %m\n' | sort
}
accounts() { cat "$debian/etc/passwd" "$debian/etc/group" "$debian/etc/shadow"; }
files >before
accounts >>before
cp "$release"/*.deb "$debian/asset-host.deb"
chroot "$debian" dpkg --install asset-host.deb
chroot "$debian" systemd-analyze verify /usr/lib/systemd/system/asset-host.service
"$root/packaging/pages.py" check "$debian/usr/share/doc/asset-host"
# completed WORD...: what bash completes after these words, with the completions of the package.
completed() {
    COMPLETIONS=$debian/usr/share/bash-completion/completions/asset-host bash -c '
        source "$COMPLETIONS"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _asset__host "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        echo " ${COMPREPLY[*]} "' bash "$@"
}
[[ $(completed asset-host "") == *" collect "* ]] || fail "bash completes no command"
[[ $(completed asset-host collect --) == *" --every "* ]] || fail "bash completes no flag"
[[ $(completed asset-host state "") == *" reset "* ]] || fail "bash completes no command of a command"
as_user() { chroot "$debian" runuser -u asset-host -- env "$@"; }
as_user asset-host --version
config /usr/lib/asset-host/sophos-assets.wasm /var/lib/asset-host >"$debian/etc/asset-host/conf.d/demo.toml"
as_user SOPHOS_CLIENT_SECRET="$SOPHOS_CLIENT_SECRET" XDG_CACHE_HOME=/var/cache/asset-host \
    asset-host --config /etc/asset-host/conf.d collect
collected "$debian/var/lib/asset-host/events.ndjson"
[ -s "$debian/var/lib/asset-host/state.db" ] || fail "the package's state is elsewhere"
chroot "$debian" runuser -u nobody -- ls /etc/asset-host/conf.d 2>/dev/null && fail "anybody reads the configuration"
chroot "$debian" dpkg --install asset-host.deb
chroot "$debian" dpkg --remove asset-host
[ ! -e "$debian/usr/bin/asset-host" ] || fail "removing leaves the program"
[ -s "$debian/var/lib/asset-host/state.db" ] && [ -s "$debian/etc/asset-host/conf.d/demo.toml" ] ||
    fail "removing takes state and configuration away"
chroot "$debian" dpkg --purge asset-host
rm "$debian/asset-host.deb"
files >after
accounts >>after
diff before after || fail "purging leaves something"

step the image
mkdir -p layout "$image"
tar --extract --file "$release"/*.oci.tar --directory layout
(cd layout/blobs/sha256 && for blob in *; do echo "$blob  $blob"; done | sha256sum --quiet --check)
python3 - "$image" <<'PYTHON'
import json, pathlib, subprocess, sys

def blob(digest):
    return pathlib.Path("layout/blobs/sha256") / digest.removeprefix("sha256:")

[image] = json.loads(pathlib.Path("layout/index.json").read_text())["manifests"]
manifest = json.loads(blob(image["digest"]).read_text())
for layer in manifest["layers"]:
    subprocess.run(["tar", "--extract", "--file", blob(layer["digest"]), "--directory", sys.argv[1]], check=True)
config = json.loads(blob(manifest["config"]["digest"]).read_text())["config"]
assert config["User"] == "65532:65532", config
assert config["Entrypoint"] == ["/usr/bin/asset-host"], config
pathlib.Path("environment").write_text("\n".join(config["Env"]) + "\n")
PYTHON
grep -q 'BEGIN CERTIFICATE' "$image/etc/ssl/certs/ca-certificates.crt" || fail "the image has no authorities"
config /usr/lib/asset-host/sophos-assets.wasm /var/lib/asset-host >asset-host.image.toml
printf '[state]\npath = "/var/lib/asset-host/state.db"\n' >>asset-host.image.toml
install -D -m 644 asset-host.image.toml "$image/etc/asset-host/asset-host.toml"
mkdir -p "$image/proc"
mount -t proc proc "$image/proc"
mapfile -t environment <environment
env --ignore-environment PATH="$PATH" SOPHOS_CLIENT_SECRET="$SOPHOS_CLIENT_SECRET" "${environment[@]}" \
    chroot --userspec=65532:65532 "$image" /usr/bin/asset-host collect
collected "$image/var/lib/asset-host/events.ndjson"

step everything that was made works
