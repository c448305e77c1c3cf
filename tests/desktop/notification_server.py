#!/usr/bin/python3
"""A desktop's notification server that shows nothing and tells everything, for tests.      (Debian: python3-gi)

Usage: notification_server.py [--without-buttons]
Owns org.freedesktop.Notifications on the session bus. Says one JSON value a line:
    "ready"
    {"shown": ID, "replaces", "title", "body", "buttons": {KEY: WORDS}, "urgency", "category", "expires"}
    {"withdrawn": ID}                    the program took it back
Obeys one order a line, and ends with its standard input:
    press ID KEY        the person presses a button ("default": clicks on the text); the notice goes away then
    dismiss ID          the person closes the notice
    expire ID           the notice has been there long enough
"""
import json
import sys
import threading

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
INTERFACE = """
<node><interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation">
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
    <arg type="s" direction="out"/><arg type="s" direction="out"/>
  </method>
  <method name="Notify">
    <arg name="app" type="s" direction="in"/><arg name="replaces" type="u" direction="in"/>
    <arg name="icon" type="s" direction="in"/><arg name="title" type="s" direction="in"/>
    <arg name="body" type="s" direction="in"/><arg name="buttons" type="as" direction="in"/>
    <arg name="hints" type="a{sv}" direction="in"/><arg name="expires" type="i" direction="in"/>
    <arg type="u" direction="out"/>
  </method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>
"""
EXPIRED, DISMISSED, WITHDRAWN = 1, 2, 3


def say(value):
    print(json.dumps(value), flush=True)


class Server:
    def __init__(self, abilities):
        self.abilities = abilities
        self.last = 0
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
        self.bus.register_object(PATH, interface, self.called, None, None)

    def called(self, _bus, _sender, _path, _interface, method, arguments, call):
        answer = getattr(self, method)(*arguments.unpack())
        call.return_value(answer)

    def GetCapabilities(self):
        return GLib.Variant("(as)", (self.abilities,))

    def GetServerInformation(self):
        return GLib.Variant("(ssss)", ("Test Desktop", "evergrant", "1", "1.2"))

    def Notify(self, _app, replaces, _icon, title, body, buttons, hints, expires):
        if replaces == 0:
            self.last += 1
        ident = replaces or self.last
        say({"shown": ident, "replaces": replaces, "title": title, "body": body,
             "buttons": dict(zip(buttons[0::2], buttons[1::2])), "urgency": hints.get("urgency"),
             "category": hints.get("category"), "expires": expires})
        return GLib.Variant("(u)", (ident,))

    def CloseNotification(self, ident):
        self.signal("NotificationClosed", "(uu)", ident, WITHDRAWN)
        say({"withdrawn": ident})

    def signal(self, name, kinds, *values):
        self.bus.emit_signal(None, PATH, NAME, name, GLib.Variant(kinds, values))

    def obey(self, order, ident, key=None):
        ident = int(ident)
        if order == "press":
            self.signal("ActionInvoked", "(us)", ident, key)
        self.signal("NotificationClosed", "(uu)", ident, EXPIRED if order == "expire" else DISMISSED)


def main():
    buttons = [] if "--without-buttons" in sys.argv[1:] else ["actions"]
    server = Server(["body", *buttons])
    loop = GLib.MainLoop()

    def lost(*_):
        print("the bus is gone, or somebody else shows notifications on it", file=sys.stderr)
        loop.quit()

    def orders():
        for line in sys.stdin:
            server.obey(*line.split())
        loop.quit()

    Gio.bus_own_name_on_connection(server.bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: say("ready"), lost)
    threading.Thread(target=orders, daemon=True).start()
    loop.run()


main()
