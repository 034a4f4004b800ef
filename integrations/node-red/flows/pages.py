"""The four pages. How they reach the bridge is a matter of `Nodes` or `Stock`."""

from __future__ import annotations

from canvas import Canvas
from dashboard import Dashboard
from reach import INFO, Reach


def rack(canvas: Canvas, dashboard: Dashboard, bridge: Reach) -> None:
    tab = canvas.tab("Rack monitor", f"All channels of all testers, from sweeps and retained states. {INFO}")
    group = dashboard.group("Rack", dashboard.page("Rack monitor", "/rack", "view-grid"))
    first, *others = bridge.listen(tab, "keep the newest", "sweep", "reading", "state")
    tab.group(
        "What is known of each tester",
        [
            first,
            tab.function("keep the newest", "rack_model", "columns of one tester"),
            tab.function("columns of one tester", "rack_columns", "rack"),
            tab.template("rack", "rack", "stop of a channel", group=group),
            tab.to("stop of a channel", "a channel"),
        ],
        [
            *(others or [None]),
            None,
            tab.at("for the page", "rack", "to the page"),
        ],
        [
            tab.node("inject", "every 2 s", "who is silent?", repeat="2"),
            tab.function("who is silent?", "rack_silence", "columns of one tester"),
        ],
    )
    tab.group(
        "Stop of one channel, from its details",
        [
            tab.at("a channel", "this channel", "stop of a channel"),
            tab.function("this channel", "rack_suspend", "suspend"),
            bridge.command(tab, "suspend", "answer", "suspend"),
            tab.function("answer", "rack_answer", "to the page"),
            tab.to("to the page", "for the page"),
        ],
    )


def batch(canvas: Canvas, dashboard: Dashboard, bridge: Reach) -> None:
    tab = canvas.tab("Batch start", f"Tests on many channels: a dry run first, then the start. {INFO}")
    group = dashboard.group("Batch", dashboard.page("Batch start", "/batch", "playlist-play"))
    tab.group(
        "From a table to starts",
        [
            tab.template("batch", "batch", "commas", group=group),
            tab.function("commas", "batch_text", "rows"),
            tab.node("csv", "rows", "plan"),
            tab.function("plan", "batch_plan", "start_test", "batch"),
        ],
        [
            None,
            None,
            None,
            bridge.command(tab, "start_test", "outcome", "start_test"),
            tab.function("outcome", "batch_outcome", "batch"),
        ],
    )


def stop(canvas: Canvas, dashboard: Dashboard, bridge: Reach) -> None:
    tab = canvas.tab("Stop all", f"A button on every page; one confirmation, one command. {INFO}")
    tab.group(
        "Stop of everything",
        [
            tab.template("stop all", "stop", "confirmed", templateScope="widget:ui", ui=dashboard.ui),
            tab.function("confirmed", "stop_all", "suspend all"),
            bridge.command(tab, "suspend all", "what is stopped", "suspend", scope="all"),
            tab.function("what is stopped", "stop_outcome", "stop all"),
        ],
    )


def charge(canvas: Canvas, dashboard: Dashboard, bridge: Reach) -> None:
    tab = canvas.tab("Closed-loop charge", f"A current that follows the voltage, under a lease. {INFO}")
    page = dashboard.page("Closed-loop charge", "/charge", "battery-charging")
    form, course = dashboard.group("Charge", page), dashboard.group("Course", page, order=2)
    tab.group(
        "Start and stop",
        [
            tab.at("for the page", "charge", "to the page", "from the loop to the page"),
            tab.template("charge", "charge", "lease or stop", group=form),
            tab.function("lease or stop", "charge_command", "start_direct, stop_direct", "to the page"),
            bridge.command(tab, "start_direct, stop_direct", "lease"),
            tab.function("lease", "charge_lease", "to the page"),
            tab.to("to the page", "for the page"),
        ],
        [
            None,
            tab.at("charged", "lease or stop", "stop it"),
            None,
            *bridge.listen(tab, "lapsed?", "event"),
            tab.function("lapsed?", "charge_lapsed", "to the page"),
        ],
    )
    shown = ["from the loop to the page", "lines"]
    tab.group(
        "The loop",
        [
            tab.node("inject", "every 250 ms", "a turn", repeat="0.25"),
            tab.function("a turn", "charge_turn", "read_status", "from the loop to the page"),
            bridge.command(tab, "read_status", "current for the voltage", "read_status"),
            tab.function("current for the voltage", "charge_setpoint", "set_output", shown, "stop it"),
            bridge.command(tab, "set_output", "turn over", "set_output"),
            tab.function("turn over", "charge_turn_over", "from the loop to the page"),
        ],
        [
            None,
            None,
            None,
            None,
            tab.to("stop it", "charged"),
            tab.to("from the loop to the page", "for the page"),
        ],
        [
            None,
            None,
            None,
            None,
            tab.function("lines", "charge_chart", "volts and amperes"),
            tab.node("ui-chart", "volts and amperes", group=course, label="Volts and amperes"),
        ],
    )
