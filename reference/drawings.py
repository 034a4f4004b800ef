"""The drawings of the site, by their names in docs/assets."""

from __future__ import annotations

from reference.house import house_drawing
from reference.overview import overview
from reference.sequence import Diagram, Note, Says, drawing

_SERVICE, _BROKER, _BRIDGE, _TESTER = "service", "broker", "bridge", "tester"

COMMAND = Diagram(
    "A start from the message to its acknowledgement",
    (_SERVICE, _BROKER, _BRIDGE, _TESTER),
    (
        Says(_SERVICE, _BROKER, "cmd/start_test, id my-1"),
        Says(_BROKER, _BRIDGE, "cmd/start_test, id my-1"),
        Note(_BRIDGE, "allowed? within limits? in time? not done before?"),
        Says(_BRIDGE, _TESTER, "free? (4, 7)"),
        Says(_BRIDGE, _TESTER, "set safety limits (6, 10)"),
        Says(_TESTER, _BRIDGE, "the limits it took: compared", is_answer=True),
        Says(_BRIDGE, _TESTER, "could it start? (6, 11)"),
        Note(_BRIDGE, "journal: written to disk, then sent, once"),
        Says(_BRIDGE, _TESTER, "start (6, 2)"),
        Says(_TESTER, _BRIDGE, "yes", is_answer=True),
        Says(_BRIDGE, _TESTER, "state and test name (4, 7), (4, 6)"),
        Says(_TESTER, _BRIDGE, "active, my-1", is_answer=True),
        Says(_BRIDGE, _BROKER, "telemetry/ack: done, read_back", is_answer=True),
        Says(_BROKER, _SERVICE, "done, read_back", is_answer=True),
    ),
)
AGAIN = Diagram(
    "The same id again",
    (_SERVICE, _BROKER, _BRIDGE, _TESTER),
    (
        Says(_SERVICE, _BRIDGE, "cmd/start_test, id my-1"),
        Says(_BRIDGE, _TESTER, "start (6, 2), once"),
        Says(_BRIDGE, _SERVICE, "done", is_lost=True, is_answer=True),
        Note(_SERVICE, "no answer: was it done?"),
        Says(_SERVICE, _BRIDGE, "cmd/start_test, id my-1"),
        Note(_BRIDGE, "the journal knows my-1: nothing is sent"),
        Says(_BRIDGE, _SERVICE, 'done, "duplicate": true', is_answer=True),
    ),
)
STOP = Diagram(
    "A stop overtakes what waits",
    (_SERVICE, _BRIDGE, _TESTER),
    (
        Says(_SERVICE, _BRIDGE, "set_variable, id v-1"),
        Says(_BRIDGE, _TESTER, "(6, 9)"),
        Says(_SERVICE, _BRIDGE, "start_test, id s-1: it waits"),
        Says(_SERVICE, _BRIDGE, "suspend"),
        Note(_BRIDGE, "s-1 was not sent: superseded, STOPPED"),
        Says(_TESTER, _BRIDGE, "what was on its way is awaited", is_answer=True),
        Says(_BRIDGE, _TESTER, "suspend (6, 3), until the state shows it"),
        Says(_BRIDGE, _SERVICE, "suspend: done, read_back", is_answer=True),
    ),
    distance=320,
)
READINGS = Diagram(
    "Readings, also while the broker is away",
    (_TESTER, _BRIDGE, "disk", _BROKER, _SERVICE),
    (
        Says(_BRIDGE, _TESTER, "reading of channel 5? (4, 7)"),
        Says(_TESTER, _BRIDGE, "3.8512 V, 0.5 A, ...", is_answer=True),
        Says(_BRIDGE, _BROKER, "run 17, seq 41"),
        Says(_BROKER, _SERVICE, "run 17, seq 41"),
        Note(_BROKER, "the broker is away"),
        Says(_BRIDGE, "disk", "seq 42, 43, ... wait in the spool"),
        Note(_BROKER, "the broker is back"),
        Says(_BRIDGE, _BROKER, "seq 44, live"),
        Says("disk", _BROKER, "seq 42, 43: is_historical"),
        Says(_BROKER, _SERVICE, "42, 43 after 44"),
    ),
    distance=200,
)
LEASE = Diagram(
    "A lease: setpoints, silence, rest",
    (_SERVICE, _BRIDGE, _TESTER),
    (
        Says(_SERVICE, _BRIDGE, "start_direct, valid_for_s 5"),
        Note(_BRIDGE, "the lease is written to disk"),
        Says(_BRIDGE, _TESTER, "start direct mode (6, 7)"),
        Says(_BRIDGE, _SERVICE, "done, lease 8f0c...", is_answer=True),
        Says(_SERVICE, _BRIDGE, "set_output, n 1, 1.0 A"),
        Says(_BRIDGE, _TESTER, "1.0 A (6, 8)"),
        Says(_SERVICE, _BRIDGE, "set_output, n 2, -0.5 A"),
        Says(_BRIDGE, _TESTER, "-0.5 A (6, 8)"),
        Note(_SERVICE, "the program hangs, or its network is gone"),
        Note(_BRIDGE, "5 s after the last setpoint: the lease lapses"),
        Says(_BRIDGE, _TESTER, "rest, suspend (6, 3), until the state shows it"),
        Says(_BRIDGE, _SERVICE, "event direct_lapsed", is_answer=True),
    ),
    distance=320,
)


def drawings() -> dict[str, str]:
    """The text of each file below docs/."""
    sequences = {
        "command": COMMAND,
        "same-id": AGAIN,
        "stop": STOP,
        "readings": READINGS,
        "lease": LEASE,
    }
    made = {f"assets/{name}.svg": drawing(sequence) for name, sequence in sequences.items()}
    return {"assets/house.svg": house_drawing(), "assets/overview.svg": overview(), **made}
