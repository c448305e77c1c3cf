# shellcheck shell=bash
# Sourced by the scripts that need a browser: installs playwright-core beside connect.mjs, into the folder $place.
# Installed again only when what is asked for has changed.
mkdir -p "$place"
place=$(cd "$place" && pwd)
if ! cmp -s "$root/tests/browser/package-lock.json" "$place/installed.json"; then
    echo "installing playwright-core into $place" >&2
    cp "$root/tests/browser/package.json" "$root/tests/browser/package-lock.json" "$root/tests/browser/.npmrc" "$place/"
    (cd "$place" && npm ci --silent)
    cp "$root/tests/browser/package-lock.json" "$place/installed.json"
fi
cp "$root/tests/browser/connect.mjs" "$place/connect.mjs"
