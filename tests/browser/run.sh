#!/usr/bin/env bash
# Signs in through headless Chromium, which `evergrant connect` opens as the system's browser.
# EVERGRANT names the program; without it, that of a debug build is taken. Ends with "N passed, N failed".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/browser/install.sh
. "$here/install.sh"

work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

# A stand-in for the program that opens web pages, first in PATH.
mkdir "$work/bin" "$work/home"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$(command -v node)" "$place/connect.mjs" >"$work/bin/xdg-open"
chmod +x "$work/bin/xdg-open"
echo "correct horse battery" >"$work/passphrase"

# Nothing of the person's own is touched: a home of its own, a vault instead of the keychain.
export HOME="$work/home" PATH="$work/bin:$PATH" LANG=C.UTF-8 CHROMIUM PAGE_FILE="$work/page" CHOICE
export EVERGRANT_PASSPHRASE_FILE="$work/passphrase" EVERGRANT_DATA EVERGRANT_CONFIG="$work/config"
CHROMIUM=$(command -v chromium)
unset BROWSER EVERGRANT_CLOCK 2>/dev/null || true

"$evergrant" practice --port 0 --json >"$work/practice" &
server=$!
tries=0
while [ ! -s "$work/practice" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 200 ] || { echo "the practice network did not start within 20 seconds" >&2; exit 1; }
    kill -0 "$server" 2>/dev/null || { echo "the practice network ended at once" >&2; exit 1; }
    sleep 0.1
done
origin=$(sed -n 's/.*"origin":"\([^"]*\)".*/\1/p' "$work/practice")

passed=0
failed=0

# connect CHOICE: a person with an empty data folder connects, and does CHOICE in the browser.
connect() {
    CHOICE=$1
    EVERGRANT_DATA=$(mktemp -d "$work/data.XXXX")
    rm -f "$PAGE_FILE"
    "$evergrant" vault create --keychain vault >/dev/null
    code=0
    "$evergrant" connect practice --keychain vault --var "origin=$origin" >"$work/out" 2>"$work/err" || code=$?
    # The browser closes after the answer is given.
    tries=0
    while [ ! -s "$PAGE_FILE" ] && [ "$tries" -lt 200 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    "$evergrant" accounts --keychain vault --json >"$work/accounts"
}

# expect WHAT COMMAND…: counts whether it holds.
expect() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
        sed 's/^/    /' "$work/out" "$work/err" "$PAGE_FILE" 2>/dev/null || true
    fi
}

says() {
    grep -q -- "$2" "$1"
}

connect continue
expect "the sign-in succeeds" test "$code" -eq 0
expect "the account is connected" says "$work/accounts" '"state": "active"'
expect "it is told in the terminal" says "$work/out" "Connected: Ada Practice"
expect "the browser ends on this computer" says "$PAGE_FILE" "^http://127.0.0.1:[0-9]*/callback/practice$"
expect "the last page says that it worked" says "$PAGE_FILE" "You are signed in to Practice network"
expect "the last page says that it can be closed" says "$PAGE_FILE" "You can close this tab"

connect cancel
expect "a cancelled sign-in ends with its own code" test "$code" -eq 8
expect "no account is connected" says "$work/accounts" '"accounts": \[\]'
expect "it is told in the terminal" says "$work/err" "The sign-in was cancelled"
expect "the last page says that it was cancelled" says "$PAGE_FILE" "cancelled"

connect "without pages_manage_posts"
expect "a sign-in without a permission succeeds" test "$code" -eq 0
expect "the missing permission is named" says "$work/out" "Not allowed: pages_manage_posts"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
