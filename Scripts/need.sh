#!/bin/sh
# Installs the system packages that building, testing or running needs. Says first what it will do; does nothing if all is there.
# usage: Scripts/need.sh build | run | test
set -eu

# package:proof — the proof is a program on the PATH, or a file.
build="libsqlite3-dev:/usr/include/sqlite3.h git:git"
run="haproxy:/usr/sbin/haproxy git:git gcc:cc make:make"
tests="python3:python3 curl:curl"

case "${1:-}" in
    build) wanted="$build" ;;
    run) wanted="$build $run" ;;
    test) wanted="$build $run $tests" ;;
    *) echo "usage: Scripts/need.sh build | run | test" >&2; exit 2 ;;
esac

if ! command -v swift >/dev/null 2>&1; then
    echo "There is no Swift toolchain on the PATH. Slipway needs Swift 6.3: https://www.swift.org/install/linux/" >&2
    exit 1
fi

missing=""
for entry in $wanted; do
    package=${entry%%:*}
    proof=${entry#*:}
    case "$proof" in
        /*) [ -e "$proof" ] || missing="$missing $package" ;;
        *) command -v "$proof" >/dev/null 2>&1 || missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing:$missing. Install them with your system's package manager." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1; then
    sudo="sudo"
else
    echo "Missing:$missing. As root: $command" >&2
    exit 1
fi
echo "Missing:$missing. Now: $sudo $command"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >/dev/null
$sudo $command >/dev/null
