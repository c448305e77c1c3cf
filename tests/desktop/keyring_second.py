#!/usr/bin/python3
"""Put an entry into a second keyring of a running GNOME keyring, and lock that keyring or leave it open.

Usage: keyring_second.py SERVICE KEY open|locked      (Debian: python3-gi)
Prints the path of the new keyring. Made without a prompt through GNOME keyring's private D-Bus interface, so it
serves tests only.
"""
import sys
from gi.repository import Gio, GLib

NAME, ROOT = "org.freedesktop.secrets", "/org/freedesktop/secrets"
SECRET = "org.freedesktop.Secret"
bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def call(path, interface, method, args):
    return bus.call_sync(NAME, path, interface, method, args, None, 0, 5000, None).unpack()


service, key, state = sys.argv[1:4]
_, session = call(ROOT, f"{SECRET}.Service", "OpenSession", GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))))
(collection,) = call(
    ROOT, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface", "CreateWithMasterPassword",
    GLib.Variant("(a{sv}(oayays))", ({f"{SECRET}.Collection.Label": GLib.Variant("s", "second")},
                                     (session, b"", b"other", "text/plain"))))
call(collection, f"{SECRET}.Collection", "CreateItem",
     GLib.Variant("(a{sv}(oayays)b)", (
         {f"{SECRET}.Item.Label": GLib.Variant("s", "moved"),
          f"{SECRET}.Item.Attributes": GLib.Variant("a{ss}", {"service": service, "username": key})},
         (session, b"", b"EAAB-moved", "text/plain"), True)))
if state == "locked":
    call(ROOT, f"{SECRET}.Service", "Lock", GLib.Variant("(ao)", ([collection],)))
print(collection)
