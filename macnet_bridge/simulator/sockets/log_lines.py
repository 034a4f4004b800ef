"""The log of everything received as lines of JSON, for files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from macnet_bridge.macnet.protocol.functions import find
from macnet_bridge.simulator.sockets.received import Received, Transport

MOST_RAW_BYTES = 1000
"""So many bytes of a message that nothing could be made of are shown; `raw_bytes` has their number."""

_encoder = msgspec.json.Encoder()


def line(record: Received, cycler: int = 1) -> str:
    """A record as one line of JSON, without its end.

    Fields have MacNet's JSON names. Of `result`, `reply` and `error` there is the one that the
    tester decided on, whatever a fault made of it; none of them while it was not asked.
    """
    when = datetime.fromtimestamp(record.epoch_second, UTC)
    entry = {
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "cycler": cycler,
        "transport": record.transport.value,
        **_function(record),
        **_request(record),
        **_answer(record),
    }
    return _encoder.encode(entry).decode()


def writer(stream: TextIO, cycler: int = 1) -> Callable[[Received], None]:
    """For `SimulatedCycler.on_answered`: writes each line at once, so that nothing is lost in a crash."""

    def write(record: Received) -> None:
        stream.write(line(record, cycler) + "\n")
        stream.flush()

    return write


def _function(record: Received) -> dict[str, Any]:
    if record.number is None:
        return {}
    fclass, fnum = record.number
    # A spoofed tester takes whatever stands in their place.
    function = find(fclass, fnum) if isinstance(fclass, int) and isinstance(fnum, int) else None
    return {
        "fclass": fclass,
        "fnum": fnum,
        "name": function.name if function else None,
        "channel": record.channel,
    }


def _request(record: Received) -> dict[str, Any]:
    if record.body is not None:
        asked_by = {"id": record.request_id} if record.transport is Transport.JSON else {}
        return {**asked_by, "request": record.body}
    if not record.raw:
        return {}
    shown = record.raw[:MOST_RAW_BYTES]
    is_text = record.transport is Transport.JSON
    raw = shown.decode("utf-8", "backslashreplace") if is_text else shown.hex(" ")
    return {"raw": raw, "raw_bytes": len(record.raw)}


def _answer(record: Received) -> dict[str, Any]:
    answer = record.answer
    if answer is None:
        return {"fault": "stopped"}
    parts: dict[str, Any] = {}
    if answer.result is not None:
        parts["result"] = answer.result
    elif answer.reply is not None:
        parts["reply"] = answer.reply
    if answer.error:
        parts["error"] = answer.error
    if answer.fault:
        parts["fault"] = answer.fault
    return parts
