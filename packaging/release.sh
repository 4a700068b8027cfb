#!/usr/bin/env bash
# Makes the release in dist/release/, of what `make dist` has built: a folder, and of it an archive, a Debian package and
# an image. Argument: a folder outside the clone, where the cargo tools are kept once they are built.
set -euo pipefail
cache=$1
target=x86_64-unknown-linux-musl
cd "$(dirname "$0")/.."
root=$PWD
version=$(cargo metadata --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "asset-host"))')
# The same commit gives the same archives: every file has the time of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# need NAME VERSION: builds a tool, unless this version is there.
need() {
    grep -qs "^\"$1 $2 " "$cache/$1/.crates.toml" ||
        cargo install "$1" --version "$2" --locked --no-default-features --root "$cache/$1"
    PATH="$cache/$1/bin:$PATH"
}
need cargo-deb 3.8.0
need cargo-cyclonedx 0.5.9
for tool in buildah xz; do
    command -v $tool >/dev/null || tests/install_packages.sh buildah xz-utils
done
[ -s /etc/ssl/certs/ca-certificates.crt ] || tests/install_packages.sh ca-certificates

release=$root/dist/release
folder=$release/asset-host
rm -rf "$release"
mkdir -p "$folder"/{man,completions,systemd,sbom}
install -t "$folder" "target/$target/release/asset-host"
install -m 644 -t "$folder" dist/*.wasm README.md CHANGELOG.md CONTRIBUTING.md LICENSE
target/release/examples/manual "$folder/man" "$folder/completions"
install -m 644 -t "$folder/systemd" docs/examples/asset-host.{service,timer}
# The pages, and what they lead a user to. The template's links into the clone become files.
git ls-files -z docs wit examples connectors/template |
    tar --create --dereference --null --files-from - | tar --extract --directory "$folder"
packaging/pages.py mend "$folder"

# Bills of materials, and the licences of what is linked, for the host and for the components.
# Every package of the workspace gets a bill, beside its manifest.
bills() {
    cargo cyclonedx --format json --spec-version 1.5 --target "$1" --override-filename release.cdx
}
bills $target
mv host/release.cdx.json "$folder/sbom/asset-host.cdx.json"
bills wasm32-wasip2
mv src/release.cdx.json "$folder/sbom/sophos-assets.cdx.json"
mv connectors/asset-list/release.cdx.json "$folder/sbom/asset-list.cdx.json"
find . -name release.cdx.json -not -path './target/*' -delete
packaging/licences.py asset-host:$target {sophos-assets,asset-list}:wasm32-wasip2 >"$folder/THIRD-PARTY.txt"

# What the image has besides program and components: a user, authorities, and the two folders that it writes to.
image=$folder/container
mkdir -p "$image"/etc/ssl/certs "$image"/var/{lib,cache}/asset-host
install -m 644 -t "$image" packaging/container/Containerfile
echo 'asset-host:x:65532:65532::/var/lib/asset-host:/sbin/nologin' >"$image/etc/passwd"
echo 'asset-host:x:65532:' >"$image/etc/group"
install -m 644 -t "$image/etc/ssl/certs" /etc/ssl/certs/ca-certificates.crt

(cd "$folder" && find * -type f -print0 | sort --zero-terminated | xargs --null sha256sum >"$release/SHA256SUMS")
mv "$release/SHA256SUMS" "$folder"
find "$release" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
name=asset-host-$version
tar --create --sort=name --owner=0 --group=0 --numeric-owner --transform "s,^asset-host,$name," \
    --directory "$release" asset-host | gzip --best --no-name >"$release/$name-x86_64-linux.tar.gz"
cargo deb --quiet --package packaging --no-build --no-strip --target $target --output "$release"
storage=$(mktemp -d)
trap 'rm -rf "$storage"' EXIT
buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs \
    build --quiet --isolation chroot --disable-compression=false --timestamp "$SOURCE_DATE_EPOCH" \
    --file "$image/Containerfile" --tag "oci-archive:$release/$name.oci.tar:asset-host:$version" "$folder"
cd "$release"
sha256sum -- *.tar.gz *.deb *.oci.tar >SHA256SUMS
du -h --apparent-size -- *.tar.gz *.deb *.oci.tar asset-host/asset-host asset-host/*.wasm
