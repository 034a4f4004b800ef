"""How the pages hear of testers and command them: by this package's nodes, or by those for MQTT."""

from __future__ import annotations

from typing import Protocol

from canvas import Canvas, Node, Tab

INFO = "Part of macnet-bridge: docs/node-red-flows.md of the project tells more."
_BROKER = {"MQTT_HOST": "localhost", "MQTT_PORT": "1883"}


class Reach(Protocol):
    """What a page needs. Messages have the properties that this package's nodes give and take."""

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        """Nodes that give live readings, sweeps, events; with `state` also what is retained."""

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        """A node that carries out msg.verb; the final acknowledgement follows as msg.payload."""

    def finish(self) -> None:
        """Add what all pages share."""


def _setting(name: str, default: str) -> Node:
    """An environment variable: that of the process where it is set, else a default, in JSONata."""
    return {"name": name, "type": "jsonata", "value": f'$env("{name}") ? $env("{name}") : {default}'}


class Nodes:
    """By the nodes of node-red-contrib-macnet-bridge."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._connection = canvas.config("macnet-connection", "The broker")

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        where = {"connection": self._connection}
        chosen = {kind: True for kind in kinds if kind != "state"}
        nodes = [tab.node("macnet-readings", f"{kinds[0]}s", wire, [], **where, **chosen)]
        if "state" in kinds:
            nodes.append(tab.node("macnet-state", "states", wire, wire, **where))
        return nodes

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        about = {"connection": self._connection, "verb": verb, "scope": scope}
        return tab.node("macnet-command", name, wire, wire, **about)

    def finish(self) -> None:
        host, port = (f'($env("{name}") ? $env("{name}") : "{default}")' for name, default in _BROKER.items())
        url = f'"mqtt://" & {host} & ":" & {port}'
        settings = [_setting("MACNET_MQTT_URL", url), _setting("MACNET_ROOT", '"macnet"')]
        self._canvas.config("global-config", "Where the broker is", env=settings)


class Stock:
    """By Node-RED's own MQTT nodes, on a tab of their own that the pages link to."""

    def __init__(self, canvas: Canvas) -> None:
        self._listeners: list[str] = []
        defaults = _BROKER | {"MQTT_USERNAME": "", "MACNET_ROOT": "macnet"}
        self._tab = canvas.tab(
            "MacNet over MQTT",
            "Double-click this tab for the broker's address, the name under which commands are given, and "
            "the root of the topics. User name and password for the broker itself stand in the broker node. "
            + INFO,
            [_setting(name, f'"{default}"') for name, default in defaults.items()],
        )
        self._broker = canvas.config("mqtt-broker", "The broker", z=self._tab.id)

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        node = tab.node("link in", f"{kinds[0]}s", wire, links=[self._tab.key("telemetry")])
        self._listeners.append(str(node["id"]))
        return [node]

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        return tab.node("link call", name, wire, links=[self._tab.key("command")])

    def finish(self) -> None:
        self._telemetry()
        self._commands()

    def _telemetry(self) -> None:
        tab, source = self._tab, "readings and states"
        tab.group(
            "Telemetry",
            [
                tab.node("inject", "at start", "what to read", once=True),
                tab.function("what to read", "stock_subscribe", source, "answers"),
                tab.node("mqtt in", source, "kind and place", broker=self._broker),
                tab.function("kind and place", "stock_name", "does it still hold?"),
                tab.function("does it still hold?", "stock_holds", "telemetry"),
                tab.node("link out", "telemetry", links=self._listeners),
            ],
            [
                None,
                None,
                tab.node("status", "is the broker there?", "connected?", scope=[tab.key(source)]),
                tab.function("connected?", "stock_connected", "does it still hold?"),
            ],
        )

    def _commands(self) -> None:
        tab, waits = self._tab, "wait for the answer"
        tab.group(
            "Commands",
            [
                tab.node("link in", "command", "id, deadline, topic"),
                tab.function("id, deadline, topic", "stock_command", waits, "back to the page"),
                tab.function(waits, "stock_answer", "to the bridge", "back to the page"),
                tab.node("mqtt out", "to the bridge", broker=self._broker),
            ],
            [
                None,
                tab.node("mqtt in", "answers", waits, broker=self._broker),
                None,
                tab.node("link out", "back to the page", mode="return"),
            ],
        )
