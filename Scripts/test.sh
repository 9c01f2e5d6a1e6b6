#!/bin/sh
# Runs every test and insists that there were some: a group of no test is no pass.
# usage: Scripts/test.sh [GROUP …]     (all groups, if none is named)
set -eu

# Values and machines side by side; what starts servers and processes one test after the other, because their time limits are
# about the product, not about how many other tests share two cores.
together="ArchitectureTests CanaryAnalysisTests ChangeCalendarTests CoreTests ServiceFileTests LabTests EngineTests LedgerTests"
alone="LocalTargetTests FacesTests EndToEndTests"

groups="${*:-$together $alone}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests

failed=""
total=0
for group in $groups; do
    case " $alone " in
        *" $group "*) way="--no-parallel" ;;
        *) way="--parallel" ;;
    esac
    status=0
    swift test --skip-build "$way" --filter "^$group\." >"$log" 2>&1 || status=$?
    count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\} in [0-9]* suites\{0,1\} passed after.*/\1/p' "$log" | tail -n 1)
    if [ "$status" -eq 0 ] && [ "${count:-0}" -gt 0 ]; then
        grep -a '^figure: ' "$log" || true
        grep -a 'Test run with' "$log" | tail -n 1 | sed "s/^/$group: /"
        total=$((total + count))
    else
        cat "$log"
        failed="$failed $group"
    fi
done
if [ -n "$failed" ]; then
    echo "Failed:$failed" >&2
    exit 1
fi
echo "$total passed, 0 failed"
