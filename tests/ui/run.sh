#!/usr/bin/env bash
# run.sh [SCRIPT]: window.mjs (its pages; the default) or process.mjs (who works behind it).
# The real window on a display, a session bus and a keyring of its own, in a sealed home. Ends with "N passed, N failed".
# EVERGRANT and EVERGRANT_DESKTOP name the two programs; without them, those of a debug build are taken.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
export EVERGRANT=${EVERGRANT:-$target/debug/evergrant} EVERGRANT_DESKTOP=${EVERGRANT_DESKTOP:-$target/debug/evergrant-desktop}
exec tests/desktop/desktop_session.sh tests/desktop/secret_service_session.sh node "tests/ui/${1:-window.mjs}"
