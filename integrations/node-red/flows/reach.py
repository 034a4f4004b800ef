"""How the pages hear of testers and command them: by this package's nodes, or by Node-RED's own MQTT nodes."""

from __future__ import annotations

from typing import Any, Protocol

from canvas import Canvas, Node, Tab

INFO = "Part of macnet-bridge: docs/node-red-flows.md of the project tells more."


class Reach(Protocol):
    """What a page needs. Messages have the properties that this package's nodes give and take."""

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        """Nodes that give live readings, sweeps, events; with `state` also what is retained, and whether it holds."""

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        """A node that carries out msg.verb; the final acknowledgement follows as msg.payload."""

    def finish(self) -> None:
        """Add what all pages share."""


def _setting(name: str, default: str) -> Node:
    """An environment variable: that of the process where it is set, else a default, a JSONata expression."""
    return {"name": name, "type": "jsonata", "value": f'$env("{name}") ? $env("{name}") : {default}'}


class Nodes:
    """By the nodes of node-red-contrib-macnet-bridge."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._connection = canvas.config(
            "macnet-connection", "The broker", url="${MACNET_MQTT_URL}", tls="", root="${MACNET_ROOT}",
            protocol="auto",
        )  # fmt: skip

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        where = {"connection": self._connection, "cycler": "", "channels": ""}
        chosen = {kind: kind in kinds for kind in ("reading", "sweep", "aux", "event")}
        readings = tab.node("macnet-readings", f"{kinds[0]}s", wire, [], **where, **chosen, which="live")
        return [readings, *([tab.node("macnet-state", "states", wire, wire, **where)] if "state" in kinds else [])]

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        return tab.node(
            "macnet-command", name, wire, wire, connection=self._connection, scope=scope, cycler="cycler",
            cyclerType="msg", channels="channel", channelsType="msg", bridge="", verb=verb, args="args",
            argsType="msg", expiresIn="", staggerS="", atomic=False, dryRun=False,
        )  # fmt: skip

    def finish(self) -> None:
        host, port = (f'($env("{name}") ? $env("{name}") : "{default}")' for name, default in _BROKER.items())
        url = f'"mqtt://" & {host} & ":" & {port}'
        settings = [_setting("MACNET_MQTT_URL", url), _setting("MACNET_ROOT", '"macnet"')]
        self._canvas.config("global-config", "Where the broker is", env=settings, modules={})


_BROKER = {"MQTT_HOST": "localhost", "MQTT_PORT": "1883"}


class Stock:
    """By Node-RED's own MQTT nodes, on a tab of their own that the pages link to."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._listeners: list[str] = []
        defaults = _BROKER | {"MQTT_USERNAME": "", "MACNET_ROOT": "macnet"}
        self._tab = canvas.tab(
            "MacNet over MQTT",
            "Double-click this tab for the broker's address, the name that commands are given under, and the root "
            f"of the topics. User name and password for the broker are a matter of the broker node. {INFO}",
            [_setting(name, f'"{default}"') for name, default in defaults.items()],
        )

    def listen(self, tab: Tab, wire: str, *kinds: str) -> list[Node]:
        node = tab.node("link in", f"{kinds[0]}s", wire, links=[self._tab.key("telemetry")])
        self._listeners.append(str(node["id"]))
        return [node]

    def command(self, tab: Tab, name: str, wire: str, verb: str = "", scope: str = "channel") -> Node:
        target = [self._tab.key("command")]
        return tab.node("link call", name, wire, links=target, linkType="static", timeout="90")

    def finish(self) -> None:
        tab, broker = self._tab, self._broker()
        tab.group(
            "Telemetry",
            [tab.every("at start", "what to read", at_start=True),
             tab.function("what to read", "stock_subscribe", "readings and states", "answers"),
             self._mqtt_in("readings and states", "kind and place", broker),
             tab.function("kind and place", "stock_name", "does it still hold?"),
             tab.function("does it still hold?", "stock_holds", "telemetry"),
             tab.node("link out", "telemetry", mode="link", links=self._listeners)],
            [None, None,
             tab.node("status", "is the broker there?", "connected?", scope=[tab.key("readings and states")]),
             tab.function("connected?", "stock_connected", "does it still hold?")],
        )  # fmt: skip
        tab.group(
            "Commands",
            [tab.node("link in", "command", "id, deadline, topic", links=[]),
             tab.function("id, deadline, topic", "stock_command", "wait for the answer"),
             tab.function("wait for the answer", "stock_answer", "to the bridge", "back to the page"),
             tab.node("mqtt out", "to the bridge", topic="", qos="", retain="", respTopic="", contentType="",
                      userProps="", correl="", expiry="", broker=broker)],
            [None, self._mqtt_in("answers", "wait for the answer", broker), None,
             tab.node("link out", "back to the page", mode="return", links=[])],
        )  # fmt: skip

    def _mqtt_in(self, name: str, wire: str, broker: str) -> Node:
        return self._tab.node(
            "mqtt in", name, wire, topic="", topicType="dynamic", qos="1", datatype="auto-detect", broker=broker,
            nl=False, rap=True, rh=0, inputs=1,
        )  # fmt: skip

    def _broker(self) -> str:
        nothing: dict[str, Any] = {}
        for moment in ("birth", "close", "will"):
            nothing |= {f"{moment}Topic": "", f"{moment}Qos": "0", f"{moment}Retain": "false"}
            nothing |= {f"{moment}Payload": "", f"{moment}Msg": {}}
        return self._canvas.config(
            "mqtt-broker", "The broker", z=self._tab.id, broker="${MQTT_HOST}", port="${MQTT_PORT}", clientid="",
            autoConnect=True, usetls=False, protocolVersion="4", keepalive="15", cleansession=True,
            autoUnsubscribe=True, **nothing, userProps="", sessionExpiry="",
        )  # fmt: skip
