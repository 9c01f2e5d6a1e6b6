#!/bin/sh
# Packs dist/slipway-VERSION-linux-ARCH.tar.gz: the stripped binary with the Swift runtime inside, the demo's sample, licence and readme.
set -eu
swift build -c release --product slipway --static-swift-stdlib
binary=$(swift build -c release --static-swift-stdlib --show-bin-path)/slipway
version=$("$binary" --version)
name="slipway-$version-linux-$(uname -m)"
rm -rf "dist/$name"
mkdir -p "dist/$name/bin" "dist/$name/share/slipway"
strip -o "dist/$name/bin/slipway" "$binary"
cp -R Examples/storefront "dist/$name/share/slipway/storefront"
cp LICENSE README.md "dist/$name/"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C dist -czf "dist/$name.tar.gz" "$name"
echo "dist/$name.tar.gz: $(du -h "dist/$name.tar.gz" | cut -f1)"
