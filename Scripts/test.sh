#!/usr/bin/env bash
# Runs every test and insists that there were some: a group of no test is no pass.
# usage: Scripts/test.sh [GROUP …]     (all groups, if none is named)
set -euo pipefail

# Groups in rows: the rows run beside each other, the groups of a row one after the other. Values and machines come first, with the tests
# of a group side by side. What starts servers and processes runs its tests one after the other, because their time limits are about the
# product; it mostly waits, so three rows share the machine.
values="ChangeCalendarTests,CanaryAnalysisTests,ArchitectureTests,ServiceFileTests CoreTests,LabTests,EngineTests,LedgerTests"
rows="EndToEndTests LocalTargetTests,FacesTests"
# The suites of EndToEndTests that make up half of its time: a row of their own.
long="BakedServiceTests|FullDiskTests|CanaryKillTests"

work=$(mktemp -d)
running=()
finish() {
    for row in "${running[@]}"; do kill -INT -- "-$row" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# group NAME WAY FILTER [SKIP]: its output and its end are files, told when all have ended.
group() {
    status=0
    # Not by `swift test`: two of those at once are in each other's way at the build's database.
    "$bundle" --testing-library swift-testing "$2" --filter "$3" ${4:+--skip "$4"} >"$work/$1.log" 2>&1 || status=$?
    echo "$status" >"$work/$1.status"
}

# run ROW …: each in a process group of its own, so that all of it can be ended.
run() {
    set -m
    for each in "$@"; do
        row "$each" &
        running+=("$!")
    done
    set +m
    wait
    running=()
}

# row GROUP,GROUP…
row() {
    for name in $(echo "$1" | tr , ' '); do
        case $name in
            EndToEndTests) group "$name" --no-parallel "^EndToEndTests\." "^EndToEndTests\.($long)" ;;
            EndToEndTests-long) group "$name" --no-parallel "^EndToEndTests\.($long)" ;;
            LocalTargetTests | FacesTests) group "$name" --no-parallel "^$name\." ;;
            *) group "$name" --parallel "^$name\." ;;
        esac
    done
}

if [ $# -gt 0 ]; then
    values=""
    rows=$(echo "$*" | tr ' ' ,)
fi
case ",$rows," in
    *[\ ,]EndToEndTests[\ ,]*) rows="EndToEndTests-long $rows" ;;
esac

swift build --build-tests
bundle="$(swift build --show-bin-path)/slipwayPackageTests.xctest"
run $values
run $rows

failed=""
total=0
for name in $(echo "$values $rows" | tr , ' '); do
    count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\} in [0-9]* suites\{0,1\} passed after.*/\1/p' "$work/$name.log" | tail -n 1)
    if [ "$(cat "$work/$name.status")" -eq 0 ] && [ "${count:-0}" -gt 0 ]; then
        grep -a '^figure: ' "$work/$name.log" || true
        grep -a 'Test run with' "$work/$name.log" | tail -n 1 | sed "s/^/$name: /"
        total=$((total + count))
    else
        cat "$work/$name.log"
        failed="$failed $name"
    fi
done
if [ -n "$failed" ]; then
    echo "Failed:$failed" >&2
    exit 1
fi
echo "$total passed, 0 failed"
