# Sourced inside a private keyring session: what a test does to the keyring and asks of it, next to
# lock_keyring, unlock_keyring and keyring_locked.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/secret_service_session.sh"

# The process behind the service on this session's own bus.
keyring_process() {
  gdbus call --session --dest org.freedesktop.DBus --object-path /org/freedesktop/DBus \
    --method org.freedesktop.DBus.GetConnectionUnixProcessID org.freedesktop.secrets | grep -o '[0-9]*,' | tr -d ,
}

# Kills the keyring without warning and starts it again, unlocked. stop_keyring ends the new one.
restart_keyring() {
  local old
  old=$(keyring_process)
  kill -9 "$old"
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
  printf %s "${KEYRING_PASSWORD:-test}" |
    setsid gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
  wait_for_secrets
}

stop_keyring() {
  local process
  process=$(keyring_process 2>/dev/null) || return 0
  kill "$process" 2>/dev/null || true
}

# The labels of all entries, as a keyring program shows them.
entry_labels() {
  gdbus introspect --session --dest org.freedesktop.secrets --object-path "$login_collection" \
    --recurse --only-properties | grep Label
}

# second_keyring SERVICE KEY open|locked: another keyring with this entry. Prints its path.
second_keyring() { "$(dirname "${BASH_SOURCE[0]}")/keyring_second.py" "$@"; }

remove_keyring() {
  gdbus call --session --dest org.freedesktop.secrets --object-path "$1" \
    --method org.freedesktop.Secret.Collection.Delete >/dev/null
}

# dialog_opens SECONDS: whether a password dialog is on the display within that time.
dialog_opens() {
  [ -n "${DISPLAY:-}" ] || return 1
  for _ in $(seq $(($1 * 10))); do
    xdotool search --onlyvisible --name '^Unlock Login Keyring$' >/dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}
