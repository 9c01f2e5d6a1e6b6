#!/bin/sh
# The smoke test: every page that a customer needs answers. Usage: smoke.sh URL
set -eu
url=$1

look() {
    if ! page=$(curl --silent --show-error --max-time 5 --write-out '\n%{http_code}' "$url$1"); then
        echo "$1: no answer"
        exit 1
    fi
    status=$(printf '%s' "$page" | tail -n 1)
    if [ "$status" != 200 ]; then
        echo "$1 answered $status:"
        printf '%s\n' "$page" | head -n 1
        exit 1
    fi
    echo "$1 answered 200"
}

look /
look /checkout
