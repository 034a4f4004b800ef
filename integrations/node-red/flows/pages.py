"""The pages, and how they reach the bridge by Node-RED's own MQTT nodes."""

from __future__ import annotations

from typing import Any

from canvas import Canvas, Node, Tab

_INFO = "Part of macnet-bridge; docs/node-red-flows.md of the project tells more."
_MQTT = "MacNet over MQTT"


def _setting(name: str, default: str) -> Node:
    """An environment variable of the tab: that of the process where it is set, else a default."""
    return {"name": name, "type": "jsonata", "value": f'$env("{name}") ? $env("{name}") : "{default}"'}


SETTINGS = [
    _setting("MQTT_HOST", "localhost"),
    _setting("MQTT_PORT", "1883"),
    _setting("MQTT_USERNAME", ""),
    _setting("MACNET_ROOT", "macnet"),
]


class Dashboard:
    """The configuration nodes of Dashboard 2.0."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._pages = 0
        self.ui = canvas.config(
            "ui-base", "Battery lab", path="/dashboard", appIcon="", includeClientData=True,
            acceptsClientConfig=["ui-notification", "ui-control"], showPathInSidebar=False, headerContent="page",
            navigationStyle="default", titleBarStyle="default", showReconnectNotification=True,
            notificationDisplayTime=1, showDisconnectNotification=True, allowInstall=False,
        )  # fmt: skip
        self._theme = canvas.config(
            "ui-theme", "Battery lab",
            colors={"surface": "#ffffff", "primary": "#0072b2", "bgPage": "#f3f5f7", "groupBg": "#ffffff",
                    "groupOutline": "#d0d5da"},
            sizes={"density": "default", "pagePadding": "12px", "groupGap": "12px", "groupBorderRadius": "4px",
                   "widgetGap": "12px"},
        )  # fmt: skip

    def page(self, name: str, path: str, icon: str) -> str:
        self._pages += 1
        return self._canvas.config(
            "ui-page", name, ui=self.ui, path=path, icon=icon, layout="grid", theme=self._theme,
            breakpoints=[{"name": "Default", "px": "0", "cols": "3"}, {"name": "Tablet", "px": "576", "cols": "6"},
                         {"name": "Small Desktop", "px": "768", "cols": "9"},
                         {"name": "Desktop", "px": "1024", "cols": "12"}],
            order=self._pages, className="", visible="true", disabled="false",
        )  # fmt: skip

    def group(self, name: str, page: str, order: int = 1) -> str:
        return self._canvas.config(
            "ui-group", name, page=page, width="12", height="1", order=order, showTitle=False, className="",
            visible="true", disabled="false", groupType="default",
        )  # fmt: skip


class Stock:
    """Telemetry and commands by Node-RED's own MQTT nodes, on a tab of their own that the pages link to."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._listeners: list[str] = []
        self.tab = canvas.tab(
            _MQTT,
            "Double-click this tab for the broker's address, your user name and the root of the topics. "
            f"The password is a matter of the broker node. {_INFO}",
            SETTINGS,
        )

    def listen(self, tab: Tab, name: str, wire: str) -> Node:
        """A node that gives all telemetry, without the root of the topics."""
        node = tab.node("link in", name, wire, links=[self.tab.key("telemetry")])
        self._listeners.append(str(node["id"]))
        return node

    def command(self, tab: Tab, name: str, wire: str) -> Node:
        """A node that carries out msg.command, and adds the final acknowledgement as msg.answer."""
        return tab.node(
            "link call", name, wire, links=[self.tab.key("command")], linkType="static", timeout="90"
        )

    def finish(self) -> None:
        """Add the nodes of the tab, once all that listen are known."""
        tab, broker = self.tab, self._broker()
        tab.group(
            "Telemetry",
            [tab.every("at start", "what to read", at_start=True),
             tab.function("what to read", "subscribe", "readings and states", "answers"),
             self._mqtt_in("readings and states", "without the root", broker),
             tab.function("without the root", "without_root", "telemetry"),
             tab.node("link out", "telemetry", mode="link", links=self._listeners)],
            [None, None,
             tab.node("status", "is the broker there?", "broker there", scope=[tab.key("readings and states")]),
             tab.function("broker there", "broker_status", "telemetry")],
        )  # fmt: skip
        tab.group(
            "Commands",
            [tab.node("link in", "command", "id, deadline, topic", links=[]),
             tab.function("id, deadline, topic", "write_command", "wait for the answer"),
             tab.function("wait for the answer", "await_answer", "to the bridge", "back to the page"),
             tab.node("mqtt out", "to the bridge", topic="", qos="", retain="", respTopic="", contentType="",
                      userProps="", correl="", expiry="", broker=broker)],
            [None, self._mqtt_in("answers", "wait for the answer", broker), None,
             tab.node("link out", "back to the page", mode="return", links=[])],
        )  # fmt: skip

    def _mqtt_in(self, name: str, wire: str, broker: str) -> Node:
        return self.tab.node(
            "mqtt in", name, wire, topic="", topicType="dynamic", qos="1", datatype="auto-detect", broker=broker,
            nl=False, rap=True, rh=0, inputs=1,
        )  # fmt: skip

    def _broker(self) -> str:
        nothing: dict[str, Any] = {}
        for moment in ("birth", "close", "will"):
            nothing |= {f"{moment}Topic": "", f"{moment}Qos": "0", f"{moment}Retain": "false"}
            nothing |= {f"{moment}Payload": "", f"{moment}Msg": {}}
        return self._canvas.config(
            "mqtt-broker", "The broker", z=self.tab.id, broker="${MQTT_HOST}", port="${MQTT_PORT}", clientid="",
            autoConnect=True, usetls=False, protocolVersion="4", keepalive="15", cleansession=True,
            autoUnsubscribe=True, **nothing, userProps="", sessionExpiry="",
        )  # fmt: skip


def rack(canvas: Canvas, dashboard: Dashboard, bridge: Stock) -> None:
    tab = canvas.tab("Rack monitor", f"All channels of all testers, from sweeps and retained states. {_INFO}")
    group = dashboard.group("Rack", dashboard.page("Rack monitor", "/rack", "view-grid"))
    tab.group(
        "What is known of each tester",
        [bridge.listen(tab, "telemetry", "keep the newest"),
         tab.function("keep the newest", "rack_model", "columns of one tester"),
         tab.function("columns of one tester", "rack_columns", "rack"),
         tab.template("rack", "rack", "suspend", group=group)],
        [tab.every("every 2 s", "who is silent?", seconds=2),
         tab.function("who is silent?", "rack_silence", "columns of one tester")],
    )  # fmt: skip
    tab.group(
        "Stop of one channel, from its details",
        [tab.function("suspend", "suspend_channel", "command"),
         bridge.command(tab, "command", "answer"),
         tab.function("answer", "show_answer", "rack")],
    )  # fmt: skip


def batch(canvas: Canvas, dashboard: Dashboard, bridge: Stock) -> None:
    tab = canvas.tab("Batch start", f"Tests on many channels: a dry run first, then the start. {_INFO}")
    group = dashboard.group("Batch", dashboard.page("Batch start", "/batch", "playlist-play"))
    tab.group(
        "From a table to starts",
        [tab.template("batch", "batch", "commas", group=group),
         tab.function("commas", "batch_text", "rows"),
         tab.node("csv", "rows", "plan", spec="rfc", sep=",", hdrin=True, hdrout="none", multi="mult", ret="\\n",
                  temp="", skip="0", strings=False, include_empty_strings="", include_null_values=""),
         tab.function("plan", "batch_plan", "start_test", "batch")],
        [None, None, None,
         bridge.command(tab, "start_test", "outcome"),
         tab.function("outcome", "batch_outcome", "batch")],
    )  # fmt: skip


def stop(canvas: Canvas, dashboard: Dashboard, bridge: Stock) -> None:
    tab = canvas.tab("Stop all", f"A button on every page; one confirmation, one command. {_INFO}")
    tab.group(
        "Stop of everything",
        [tab.template("stop all", "stop", "suspend all", scope="widget:ui", ui=dashboard.ui),
         tab.function("suspend all", "stop_all", "command"),
         bridge.command(tab, "command", "what is confirmed"),
         tab.function("what is confirmed", "stop_outcome", "stop all")],
    )  # fmt: skip


def charge(canvas: Canvas, dashboard: Dashboard, bridge: Stock) -> None:
    tab = canvas.tab("Closed-loop charge", f"Sets the current of a channel by its voltage, under a lease. {_INFO}")
    page = dashboard.page("Closed-loop charge", "/charge", "battery-charging")
    tab.group(
        "Start and stop",
        [tab.template("charge", "charge", "lease or stop", group=dashboard.group("Charge", page)),
         tab.function("lease or stop", "charge_command", "start_direct, stop_direct", "charge"),
         bridge.command(tab, "start_direct, stop_direct", "lease"),
         tab.function("lease", "charge_lease", "charge")],
        [None, None,
         bridge.listen(tab, "telemetry", "lapsed?"),
         tab.function("lapsed?", "charge_lapsed", "charge")],
    )  # fmt: skip
    tab.group(
        "The loop",
        [tab.every("every 250 ms", "a turn", seconds=0.25),
         tab.function("a turn", "charge_turn", "read_status", "charge"),
         bridge.command(tab, "read_status", "current for the voltage"),
         tab.function("current for the voltage", "charge_setpoint", "set_output",
                      ["charge", "lines"], "lease or stop")],
        [None, None,
         bridge.command(tab, "set_output", "turn over"),
         tab.function("turn over", "charge_turn_over", "charge")],
        [None, None,
         tab.function("lines", "charge_chart", "volts and amperes"),
         _chart(tab, dashboard.group("Course", page, order=2))],
    )  # fmt: skip


def _chart(tab: Tab, group: str) -> Node:
    return tab.node(
        "ui-chart", "volts and amperes", group=group, label="Volts and amperes", order=1, chartType="line",
        category="topic", categoryType="msg", xAxisLabel="", xAxisProperty="", xAxisPropertyType="timestamp",
        xAxisType="time", xAxisFormat="", xAxisFormatType="auto", xmin="", xmax="", yAxisLabel="", yAxisProperty="payload",
        yAxisPropertyType="msg", ymin="", ymax="", bins=10, action="append", stackSeries=False, pointShape="circle",
        pointRadius=1, showLegend=True, removeOlder=10, removeOlderUnit="60", removeOlderPoints="",
        colors=["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#000000", "#999999"],
        textColor=["#333333"], textColorDefault=False, gridColor=["#dddddd"], gridColorDefault=False, width="12", height="6",
        className="", interpolation="linear",
    )  # fmt: skip


def stock_flows() -> list[Node]:
    """The set for Node-RED's own MQTT nodes and Dashboard 2.0."""
    canvas = Canvas("stock")
    bridge = Stock(canvas)
    dashboard = Dashboard(canvas)
    for page in (rack, batch, stop, charge):
        page(canvas, dashboard, bridge)
    bridge.finish()
    return canvas.nodes
