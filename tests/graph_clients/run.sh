#!/bin/sh
# Runs three public Graph clients against a practice network.
# usage: run.sh [ORIGIN]   (without ORIGIN it starts one of its own)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${GRAPH_CLIENTS_DIR:-"$root/target/graph-clients"}
mkdir -p "$place"
place=$(cd "$place" && pwd)

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "$1 is missing; install it with: apt-get install $2" >&2; exit 2; }
}
need python3 python3
need npm npm

# Installed again only when what is asked for has changed.
if ! cmp -s "$here/requirements.txt" "$place/python/installed.txt"; then
    echo "installing the Python clients into $place/python" >&2
    python3 -m venv "$place/python" || { echo "venv is missing; install it with: apt-get install python3-venv" >&2; exit 2; }
    "$place/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$place/python/installed.txt"
fi
if ! cmp -s "$here/package-lock.json" "$place/node/installed.json"; then
    echo "installing the Node client into $place/node" >&2
    mkdir -p "$place/node"
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$place/node/"
    (cd "$place/node" && npm ci --silent)
    cp "$here/package-lock.json" "$place/node/installed.json"
fi

server=
work=$(mktemp -d)
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
origin=${1:-}
if [ -z "$origin" ]; then
    cargo build --quiet --manifest-path "$root/Cargo.toml" -p evergrant-practice --example serve
    "${CARGO_TARGET_DIR:-"$root/target"}/debug/examples/serve" >"$work/origin" &
    server=$!
    tries=0
    while [ ! -s "$work/origin" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || { echo "the practice network did not start within 10 seconds" >&2; exit 1; }
        kill -0 "$server" 2>/dev/null || { echo "the practice network ended at once" >&2; exit 1; }
        sleep 0.1
    done
    origin=$(head -n 1 "$work/origin")
fi

# One client after the other: each ends by removing the app, which ends the tokens of all.
status=0
for client in sdk.py biz.py biz.cjs; do
    case $client in
        *.py) "$place/python/bin/python" -B "$here/$client" "$origin" "$work/counts" || status=1 ;;
        *.cjs) NODE_PATH="$place/node/node_modules" node "$here/$client" "$origin" "$work/counts" || status=1 ;;
    esac
done

# A client that crashed before its closing line left no count; that is a failure too.
touch "$work/counts"
passed=$(awk '{ sum += $1 } END { print sum + 0 }' "$work/counts")
failed=$(awk '{ sum += $2 } END { print sum + 3 - NR }' "$work/counts")
echo "$passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
