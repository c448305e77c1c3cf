#!/usr/bin/env bash
# The keeper on a message bus of its own, with a notification server and a tray of our own, and headless Chromium as the
# system's browser. EVERGRANT names the program; without it, that of a debug build is taken. Ends with "N passed, N failed".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/browser/install.sh
. "$root/tests/browser/install.sh"
need dbus-run-session dbus

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/home" "$work/config" "$work/data"
mkdir -m 700 "$work/run"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$(command -v node)" "$place/connect.mjs" >"$work/bin/xdg-open"
chmod +x "$work/bin/xdg-open"
echo "correct horse battery" >"$work/passphrase"
echo 'keychain = "vault"' >"$work/config/config.toml"
# A bus that starts nothing by itself: a desktop's own notification service would take our place.
cat >"$work/bus.conf" <<'X'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
X

export HOME="$work/home" PATH="$work/bin:$PATH" LANG=C.UTF-8 XDG_RUNTIME_DIR="$work/run" PAGE_FILE="$work/page"
export EVERGRANT_PASSPHRASE_FILE="$work/passphrase" EVERGRANT_DATA="$work/data" EVERGRANT_CONFIG="$work/config"
export EVERGRANT="$evergrant" CHROMIUM
CHROMIUM=$(command -v chromium)
unset BROWSER DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS EVERGRANT_CLOCK XDG_CONFIG_HOME 2>/dev/null || true
dbus-run-session --config-file="$work/bus.conf" -- node "$here/keeper.mjs"
