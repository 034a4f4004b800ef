"""The picture of the first page: testers on one side, the broker and who uses it on the other."""

from __future__ import annotations

from collections.abc import Iterator

from reference.svg import GREY, INK, ORANGE, PALE_ORANGE, box, document, line, text

_TESTERS = (40, 110, 180)
_USERS = (
    ("Node-RED", "flows and dashboards"),
    ("services in Python", "BridgeClient"),
    ("SCADA", "plain MQTT"),
    ("terminals", "watch, send, record"),
    ("Prometheus", "by /metrics"),
)
_ARROWS = ' stroke-width="1.4" marker-end="url(#arrow)" marker-start="url(#arrow)"'


def overview() -> str:
    """docs/assets/overview.svg"""
    return document(940, 290, "Testers, bridge, broker and users", [*_testers(), *_middle(), *_users()])


def _testers() -> Iterator[str]:
    for number, y in enumerate(_TESTERS, 1):
        yield box(20, y, 150, 48)
        yield text(95, y + 20, f"tester lab{number}", more=' font-weight="600"')
        yield text(95, y + 38, "a Maccor cycler", fill=GREY, more=' font-size="12"')
        yield line(172, y + 24, 298, 135, INK, _ARROWS)
    yield text(238, 70, "MacNet", fill=GREY)
    yield text(95, 254, "some 29 requests/s each", fill=GREY, more=' font-size="12"')


def _middle() -> Iterator[str]:
    yield box(300, 80, 170, 110, PALE_ORANGE, ORANGE)
    yield text(385, 108, "macnet-bridge", more=' font-weight="600"')
    for at, words in enumerate(("rules, limits, leases", "journal: once per id", "spool while it is away")):
        yield text(385, 132 + at * 20, words, fill=GREY, more=' font-size="12.5"')
    yield line(472, 135, 548, 135, INK, _ARROWS)
    yield text(510, 125, "MQTT", fill=GREY)
    yield box(550, 95, 120, 80)
    yield text(610, 130, "MQTT broker", more=' font-weight="600"')
    yield text(610, 150, "users, access list", fill=GREY, more=' font-size="12"')


def _users() -> Iterator[str]:
    for number, (name, what) in enumerate(_USERS):
        y = 16 + number * 53
        yield box(760, y, 162, 44)
        yield text(841, y + 18, name, more=' font-weight="600" font-size="13"')
        yield text(841, y + 35, what, fill=GREY, more=' font-size="12"')
        if name != "Prometheus":
            yield line(672, 135, 758, y + 22, INK, _ARROWS)
    path = "M385 192V262H758"
    yield f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.4" marker-end="url(#arrow)"/>'
