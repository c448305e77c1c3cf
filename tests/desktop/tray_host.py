#!/usr/bin/python3
"""A desktop's tray that shows nothing and tells everything, for tests.      (Debian: python3-gi)

Owns org.kde.StatusNotifierWatcher on the session bus and says "ready". Answers each order, one a line, with one JSON
value a line, and ends with its standard input:
    wait                waits up to 20 seconds for an icon; "here" or "nobody"
    icon                {"title", "status", "tooltip": [TITLE, DETAIL], "pixmaps": [[WIDTH, HEIGHT, SHA256], …]}
    menu                [{"label", "enabled"}, …]; a rule is {"rule": true}
    choose LABEL        clicks the line with that label; "done" or "nothing is called so"
    open                clicks the icon itself; "done"
Labels are given and taken as a person reads them.
"""
import hashlib
import json
import sys
import threading

from gi.repository import Gio, GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
INTERFACE = """
<node><interface name="org.kde.StatusNotifierWatcher">
  <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
  <method name="RegisterStatusNotifierHost"><arg type="s" direction="in"/></method>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
</interface></node>
"""


class Icon:
    """One icon, asked over the bus."""

    def __init__(self, bus, name):
        self.bus, self.name = bus, name

    def call(self, path, interface, method, kinds=None, *values):
        arguments = GLib.Variant(kinds, values) if kinds else None
        answer = self.bus.call_sync(self.name, path, interface, method, arguments, None, 0, 5000, None)
        return answer.unpack()

    def properties(self):
        return self.call("/StatusNotifierItem", "org.freedesktop.DBus.Properties", "GetAll", "(s)", ITEM)[0]

    def described(self):
        told = self.properties()
        return {"title": told["Title"], "status": told["Status"], "tooltip": list(told["ToolTip"][2:]),
                "pixmaps": [[width, height, hashlib.sha256(bytes(data)).hexdigest()]
                            for width, height, data in told["IconPixmap"]]}

    def lines(self):
        """(number, what a person reads) of each line."""
        path = self.properties()["Menu"]
        _, (_, _, children) = self.call(path, MENU, "GetLayout", "(iias)", 0, -1, [])
        for number, told, _ in children:
            if told.get("type") == "separator":
                yield number, {"rule": True}
            else:
                # Two underscores are one; a single one only marks a key.
                label = "_".join(part.replace("_", "") for part in told["label"].split("__"))
                yield number, {"label": label, "enabled": told.get("enabled", True)}

    def choose(self, label):
        for number, line in self.lines():
            if line.get("label") == label:
                click = (number, "clicked", GLib.Variant("i", 0), 0)
                self.call(self.properties()["Menu"], MENU, "Event", "(isvu)", *click)
                return "done"
        return "nothing is called so"

    def open(self):
        self.call("/StatusNotifierItem", ITEM, "Activate", "(ii)", 0, 0)
        return "done"


class Tray:
    """The list of icons."""

    def __init__(self):
        self.icons = []
        self.changed = threading.Condition()
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
        self.bus.register_object("/StatusNotifierWatcher", interface, self.called, self.read, None)

    def called(self, _bus, _sender, _path, _interface, method, arguments, call):
        call.return_value(None)
        if method == "RegisterStatusNotifierItem":
            (name,) = arguments.unpack()
            with self.changed:
                self.icons.append(name)
                self.changed.notify_all()
            Gio.bus_watch_name_on_connection(self.bus, name, 0, None, self.gone)

    def gone(self, _bus, name):
        with self.changed:
            self.icons = [icon for icon in self.icons if icon != name]

    def read(self, _bus, _sender, _path, _interface, name):
        return {"RegisteredStatusNotifierItems": GLib.Variant("as", self.icons),
                "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
                "ProtocolVersion": GLib.Variant("i", 0)}[name]

    def obey(self, order, word):
        with self.changed:
            if order == "wait":
                return "here" if self.changed.wait_for(lambda: self.icons, 20) else "nobody"
            if not self.icons:
                return "nobody"
            icon = Icon(self.bus, self.icons[0])
        return {"icon": icon.described, "menu": lambda: [line for _, line in icon.lines()],
                "choose": lambda: icon.choose(word), "open": icon.open}[order]()


def say(value):
    print(json.dumps(value), flush=True)


def main():
    tray = Tray()
    loop = GLib.MainLoop()

    def lost(*_):
        print("the bus is gone, or somebody else has a tray on it", file=sys.stderr)
        loop.quit()

    def orders():
        for line in sys.stdin:
            order, _, word = line.strip().partition(" ")
            try:
                say(tray.obey(order, word))
            except GLib.Error as error:
                # "Quit" may end the program before it answers the click.
                say({"error": error.message})
        loop.quit()

    Gio.bus_own_name_on_connection(tray.bus, WATCHER, Gio.BusNameOwnerFlags.NONE, lambda *_: say("ready"), lost)
    threading.Thread(target=orders, daemon=True).start()
    loop.run()


main()
