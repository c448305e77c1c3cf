# shellcheck shell=bash
# Sourced by the scripts that need a browser, with $root: looks for what they need, and installs playwright-core beside
# connect.mjs. Leaves $evergrant (EVERGRANT, or the program of a debug build) and the folder $place.
evergrant=${EVERGRANT:-${CARGO_TARGET_DIR:-$root/target}/debug/evergrant}
place=${BROWSER_TESTS_DIR:-$root/target/browser}

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "$1 is missing; install it with: apt-get install $2" >&2; exit 2; }
}
need node nodejs
need npm npm
need chromium chromium
[ -x "$evergrant" ] || { echo "$evergrant is missing; build it with: cargo build -p evergrant-cli" >&2; exit 2; }
evergrant=$(cd "$(dirname "$evergrant")" && pwd)/$(basename "$evergrant")

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
