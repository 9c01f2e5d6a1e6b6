#!/bin/sh
# Runs every test and insists that there were some: a run of no test is no pass.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
# Test binaries of one run share the machine's two cores with real servers: suites run side by side, each test by its own limits.
{ swift test "$@" 2>&1 || echo "swift test failed" >"$log.failed"; } | tee "$log"
[ ! -e "$log.failed" ] || { rm -f "$log.failed"; status=1; }
if ! grep -Eq 'Test run with [1-9][0-9]* tests? in [0-9]+ suites? passed' "$log"; then
    echo "The closing line of a passed run with at least one test is missing." >&2
    status=1
fi
exit $status
