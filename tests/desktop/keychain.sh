#!/usr/bin/env bash
# keychain.sh [TEST_BINARY]
# Runs the keychain's scenarios against a real GNOME keyring in private sessions: unlocked, locked (with and
# without a display), absent in four ways. TEST_BINARY is the built test "secret_service" of evergrant-keychain;
# without it, cargo builds it. Ends with the line "N passed, N failed".
# Needs: dbus, gnome-keyring, libglib2.0-bin, python3-gi, xvfb, xauth, openbox, xdotool.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

missing=
for need in dbus-run-session:dbus gnome-keyring-daemon:gnome-keyring gdbus:libglib2.0-bin xvfb-run:xvfb xauth:xauth \
  openbox:openbox xdotool:xdotool; do
  command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
done
/usr/bin/python3 -c 'import gi' 2>/dev/null || missing="$missing python3-gi"
if [ -n "$missing" ]; then
  echo "missing packages; install them with: sudo apt-get install$missing" >&2
  echo '0 passed, 1 failed'
  exit 1
fi

binary=${1:-}
if [ -z "$binary" ]; then
  cd "$here/../.."
  binary=$(cargo test -p evergrant-keychain --test secret_service --no-run 2>&1 | tee /dev/stderr |
    sed -n 's/.*(\(.*secret_service-[0-9a-f]*\)).*/\1/p')
fi
if [ ! -x "$binary" ]; then
  echo "there is no test binary to run: \"$binary\"" >&2
  echo '0 passed, 1 failed'
  exit 1
fi
binary=$(realpath "$binary")

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -m 700 "$room/run"
cat >"$room/no-services.conf" <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END

# Nothing of the session this is started from may be reached: neither its display nor its bus.
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
export HOME=$room XDG_RUNTIME_DIR=$room/run XDG_DATA_HOME=$room/data XDG_CONFIG_HOME=$room/config
export EVERGRANT_TEST_SCRIPTS=$here

passed=0 failed=0

# scenario NAME COMMAND...: runs it and adds up what it says.
scenario() {
  local name=$1 output totals code=0
  shift
  output=$(EVERGRANT_TEST_SECRET_SERVICE=$name timeout 180 "$@" 2>&1) || code=$?
  totals=$(printf '%s\n' "$output" | grep -E '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)
  if [ "$code" -eq 0 ] && [ -n "$totals" ]; then
    printf '%s\n' "$output" | grep -E "^$name: "
  else
    printf '%s\n' "$output"
  fi
  if [ -z "$totals" ]; then
    echo "$name: ended without its closing line (exit code $code)"
    totals='0 passed, 1 failed'
  fi
  set -- $totals
  passed=$((passed + $1)) failed=$((failed + $3))
}

# A restarted keyring is not the session script's child any more.
in_keyring=("$here/secret_service_session.sh" bash -c
  '. "$0/keyring_helpers.sh"; code=0; "$1" || code=$?; stop_keyring; exit "$code"' "$here" "$binary")

scenario unlocked "${in_keyring[@]}"
scenario locked "${in_keyring[@]}"
scenario locked-display "$here/desktop_session.sh" "${in_keyring[@]}"
scenario no-collection dbus-run-session -- bash -c '
  . "$0/keyring_helpers.sh"
  gnome-keyring-daemon --foreground --components=secrets >/dev/null 2>&1 & daemon=$!
  wait_for_secrets
  code=0; "$1" || code=$?; kill "$daemon"; exit "$code"' "$here" "$binary"
scenario no-service dbus-run-session --config-file="$room/no-services.conf" -- "$binary"
scenario no-bus "$binary"
DBUS_SESSION_BUS_ADDRESS=unix:path=$room/nobody scenario dead-bus "$binary"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
