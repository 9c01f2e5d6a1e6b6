#!/bin/sh
# usage: Scripts/dist.sh VERSION ARCH
# Makes dist/slipway-VERSION-linux-ARCH.tar.gz and tries it with neither a toolchain nor its libraries in reach.
set -eu

version=$1 arch=$2
swift=${SWIFT:-swift}
name="slipway-$version-linux-$arch"

"$swift" build -c release --product slipway --static-swift-stdlib
binary="$("$swift" build -c release --static-swift-stdlib --show-bin-path)/slipway"

rm -rf "dist/$name" "dist/$name.tar.gz"
mkdir -p "dist/$name/bin" "dist/$name/share/slipway"
strip -o "dist/$name/bin/slipway" "$binary"
chmod 755 "dist/$name/bin/slipway"
cp -R Examples/storefront "dist/$name/share/slipway/storefront"
cp LICENSE README.md "dist/$name/"

# The same tree gives the same archive: sorted names, nobody's ownership, the time of the commit.
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C dist -cf - "$name" | gzip -n9 >"dist/$name.tar.gz"

tried=$(mktemp -d)
trap 'rm -rf "$tried"' EXIT
tar -xzf "dist/$name.tar.gz" -C "$tried"
said=$(env -i PATH=/usr/bin:/bin HOME="$tried" "$tried/$name/bin/slipway" --version)
if [ "$said" != "$version" ]; then
    echo "dist/$name.tar.gz: bin/slipway --version says \`$said\`, not $version" >&2
    exit 1
fi
# The loader is asked, not believed: nothing of a toolchain, nothing that is not there.
if env -i PATH=/usr/bin:/bin ldd "$tried/$name/bin/slipway" | grep -E 'not found|swift' >&2; then
    echo "dist/$name.tar.gz: needs a library that a machine without a toolchain does not have" >&2
    exit 1
fi
rm -rf "dist/$name"
ls -l "dist/$name.tar.gz"
