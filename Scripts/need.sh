#!/bin/sh
# usage: Scripts/need.sh [build] [run] [tests] [provider]
# Sees to it that this machine has what building, or running and testing, needs. What is missing is installed with apt
# (with sudo where not root), and said first. Where that is not possible: a list, the command, exit 1.
set -eu

PATH="$PATH:/usr/sbin:/sbin"
swift=${SWIFT:-swift}
missing=''

want() { # PACKAGE, WHAT FOR, a command that succeeds if it is there
    package=$1 reason=$2
    shift 2
    if "$@" >/dev/null 2>&1; then return 0; fi
    missing="$missing $package"
    echo "  $package: $reason" >&2
}

has() { command -v "$1"; }

# Headers are found as the compiler finds them, wherever they lie.
header() { printf '#include <%s>\n' "$2" | cc -x "$1" -E -; }

build() {
    want git 'fetches the libraries' has git
    want ca-certificates 'fetches the libraries over https' test -e /etc/ssl/certs/ca-certificates.crt
    want binutils 'links' has ld
    want gcc 'start-up code that Swift links' has cc
    want libc6-dev 'headers of the C library' header c stdlib.h
    want g++ 'headers of the C++ library, for BoringSSL' header c++ cstdlib
    want libsqlite3-dev 'the ledger is kept in SQLite' header c sqlite3.h
}

run() {
    want haproxy 'takes the traffic of the services' has haproxy
    want git 'releases are made from commits' has git
    want make 'builds the sample service' has make
    want gcc 'builds the sample service' has cc
    want libc6-dev 'builds the sample service' header c stdlib.h
    want curl 'checks the sample service' has curl
}

tests() {
    want python3 'small servers that tests talk to' has python3
    # For the system's own python3, whatever other one stands first in PATH.
    want python3-dateutil 'the calendars that ours are compared with' /usr/bin/python3 -c 'import dateutil'
    want openssl 'makes the certificates that tests serve with' has openssl
    want tzdata 'the zones of those calendars' test -e /usr/share/zoneinfo/Europe/Berlin
    want procps 'looks for what a test left behind' has pgrep
}

# The OpenID Connect provider that tests sign in with, from PyPI, in a folder of its own beside the build.
provider() {
    venv=.build/oidc-provider
    if [ -x "$venv/bin/oidc-provider-mock" ]; then return 0; fi
    want python3-venv 'holds the provider that tests sign in with' python3 -c 'import ensurepip, venv'
    if [ -n "$missing" ]; then install; fi
    missing=''
    echo "Installing oidc-provider-mock from PyPI into $venv" >&2
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'oidc-provider-mock==0.3.4' >&2
}

toolchain() {
    advice='Slipway is built with Swift 6.3 or newer: https://www.swift.org/install/linux/ (Debian 12).'
    if ! has "$swift" >/dev/null; then
        echo "There is no \`$swift\` in PATH. $advice" >&2
        exit 1
    fi
    version=$("$swift" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    major=${version% *} minor=${version#* }
    if [ -z "$version" ] || [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
        echo "\`$swift\` is version ${version:-unknown}. $advice" | sed 's/\([0-9]\) \([0-9]\)/\1.\2/' >&2
        exit 1
    fi
}

install() {
    packages=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
    packages=${packages% }
    become=''
    if [ "$(id -u)" -ne 0 ]; then become=sudo; fi
    if ! has apt-get >/dev/null || { [ -n "$become" ] && ! has sudo >/dev/null; }; then
        echo "This machine lacks the packages above, and they can't be installed from here. As root, on Debian 12:" >&2
        echo "    apt-get update && apt-get install --no-install-recommends $packages" >&2
        exit 1
    fi
    echo "Installing with apt: $packages" >&2
    # No start of what was installed: Slipway runs HAProxy itself. sudo may ask for a password, nothing else asks.
    $become env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2
    $become env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $packages </dev/null >&2
}

for part in "$@"; do
    case $part in
    build | run | tests | provider) ;;
    *)
        echo "usage: Scripts/need.sh [build] [run] [tests] [provider]" >&2
        exit 2
        ;;
    esac
done
for part in "$@"; do
    if [ "$part" = build ]; then toolchain; fi
    "$part"
done
if [ -n "$missing" ]; then install; fi
