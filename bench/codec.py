"""What the codecs cost: an exchange of MacNet (4, 7), and a sweep of 128 channels.

    python -m bench.codec

An exchange is a request encoded and its reply decoded. Beside ours stand stdlib json, which gives
dictionaries, and msgspec alone: the same JSON into the same Structs, in one pass, nothing checked but
types. Ours checks as well that the reply is whole and answers this request. All of them are timed in
turn in one run, so that a machine that slows down hits all alike.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import msgspec

from macnet_bridge.macnet.dialects import BinaryDialect, Dialect, JsonDialect
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.jsonrpc import REPLY_END
from macnet_bridge.macnet.protocol.messages import Message

CHANNELS = 128
CHANNEL = 4
REQUEST_ID = 123_456
Work = Callable[[], object]


@dataclass(frozen=True)
class Exchange:
    """One function, what is asked and what is answered."""

    function: functions.Function[Any, Any]
    channel: int
    request: Message
    reply: Message

    @property
    def json(self) -> bytes:
        return jsonrpc.encode_reply(self.function, self.channel, self.reply, REQUEST_ID) + REPLY_END

    @property
    def binary(self) -> bytes:
        return binary.encode_reply(self.function, self.channel, self.reply)


READING = [
    Exchange(
        functions.STATUS_AND_READINGS,
        CHANNEL,
        messages.Empty(),
        messages.StatusAndReadings(
            step_code=1,
            record_cause=5,
            state=2,
            record_index=18,
            cycle_count=3,
            step_id=2,
            test_time_second=15.5,
            step_time_second=10.25,
            step_capacity_ah=0.00139,
            step_energy_wh=0.00535,
            current_ampere=0.5,
            voltage_volt=3.8512,
            tester_time=datetime(2026, 11, 24, 7, 0, 5),  # noqa: DTZ001  as MacNet gives it
        ),
    )
]
_ASKED = messages.ChannelRange(count=CHANNELS)
_STATUS = messages.ChannelStatus(step_code=1, record_cause=5, state=2)
SWEEP = [
    Exchange(functions.CHANNEL_STATUSES, 1, _ASKED, messages.ChannelStatuses(statuses=[_STATUS] * CHANNELS)),
    Exchange(
        functions.VOLTAGES,
        1,
        _ASKED,
        messages.Voltages(voltage_volt=[3.6 + n / 997 for n in range(CHANNELS)]),
    ),
    Exchange(
        functions.CURRENTS,
        1,
        _ASKED,
        messages.Currents(current_ampere=[n / 997 - 0.06 for n in range(CHANNELS)]),
    ),
    Exchange(
        functions.TEST_TIMES,
        1,
        _ASKED,
        messages.TestTimes(test_time_second=[15.0 + n / 7 for n in range(CHANNELS)]),
    ),
]


class _Call(msgspec.Struct):
    jsonrpc: str
    method: str
    params: Any
    id: int


def msgspec_alone(exchange: Exchange) -> Work:
    """Typed Structs both ways, as one would write them for this function alone."""
    head = [("FClass", int), ("FNum", int), ("Chan", int)]
    ask = msgspec.defstruct("Params", [*head, *_plain(type(exchange.request))])
    answer = msgspec.defstruct("Result", head, bases=(type(exchange.reply),), frozen=True, kw_only=True)
    whole = msgspec.defstruct("Reply", [("jsonrpc", str), ("result", answer), ("id", int)])
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(whole).decode
    numbers = (*exchange.function.number, exchange.channel - 1)
    values = tuple(msgspec.to_builtins(exchange.request).values())
    text = exchange.json

    def work() -> object:
        encode(_Call("2.0", "MacNet", ask(*numbers, *values), REQUEST_ID))
        return decode(text)

    return work


def _plain(message: type[Message]) -> list[tuple[str, type]]:
    return [(info.encode_name, int) for info in msgspec.structs.fields(message)]


def stdlib_json(exchange: Exchange) -> Work:
    """Dictionaries both ways."""
    fclass, fnum = exchange.function.number
    more = msgspec.to_builtins(exchange.request)
    text = exchange.json

    def work() -> object:
        params = {"FClass": fclass, "FNum": fnum, "Chan": exchange.channel - 1, **more}
        json.dumps({"jsonrpc": "2.0", "method": "MacNet", "params": params, "id": REQUEST_ID}).encode()
        return json.loads(text)

    return work


def our_json(exchange: Exchange) -> Work:
    """Our codec: the reply is known to be whole, and checked to be the one that was asked for."""
    function, channel, request, text = exchange.function, exchange.channel, exchange.request, exchange.json

    def work() -> object:
        jsonrpc.encode_request(function, channel, request, REQUEST_ID)
        return jsonrpc.usual_reader(function, channel)(text, REQUEST_ID, request)

    return work


def our_binary(exchange: Exchange) -> Work:
    """The same in binary."""
    function, channel, request, data = exchange.function, exchange.channel, exchange.request, exchange.binary

    def work() -> object:
        binary.encode_request(function, channel, request)
        read = binary.usual_reader(function, channel)
        return read(data, request) if read else None

    return work


def through_dialect(make: Callable[[], Dialect], reply_to: Callable[[Exchange], bytes]) -> Any:
    """As a connection does it: with what it remembers between a request and its reply."""

    def contestant(exchange: Exchange) -> Work:
        dialect, data = make(), reply_to(exchange)

        def work() -> object:
            if isinstance(dialect, JsonDialect):
                dialect._id = REQUEST_ID - 1  # the reply is always the same one
            dialect.encode(exchange.function, exchange.channel, exchange.request)
            dialect.feed(data)
            return dialect.take()

        return work

    return contestant


CONTESTANTS: dict[str, Callable[[Exchange], Work]] = {
    "msgspec alone": msgspec_alone,
    "stdlib json": stdlib_json,
    "ours, JSON": our_json,
    "ours, binary": our_binary,
    "ours, JSON, as a connection does it": through_dialect(JsonDialect, lambda exchange: exchange.json),
    "ours, binary, as a connection does it": through_dialect(BinaryDialect, lambda exchange: exchange.binary),
}


def measure(exchanges: list[Exchange], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Microseconds per round of all these exchanges, by contestant, one number per round."""
    works = {name: [make(exchange) for exchange in exchanges] for name, make in CONTESTANTS.items()}
    for name, work in works.items():
        if any(each() is None for each in work):
            sys.exit(f"{name} could not read a reply")
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(_microseconds(work, seconds))
    return taken


def _microseconds(work: list[Work], seconds: float) -> float:
    count, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        for _ in range(50):
            for each in work:
                each()
        count += 50
    return passed / count * 1e6


def table(title: str, taken: dict[str, list[float]]) -> list[str]:
    alone = taken["msgspec alone"]
    lines = [
        f"| {title} | µs, median [least] | times msgspec alone, median of rounds |",
        "| --- | --- | --- |",
    ]
    for name, times in taken.items():
        ratio = statistics.median(own / base for own, base in zip(times, alone, strict=True))
        lines.append(f"| {name} | {statistics.median(times):.2f} [{min(times):.2f}] | {ratio:.2f} |")
    return [*lines, ""]


@click.command(epilog="Example: python -m bench.codec --rounds 20")
@click.option("--rounds", default=15, show_default=True, help="How often each is measured, all in turn.")
@click.option("--seconds", default=0.2, show_default=True, help="Of each single measurement.")
def main(rounds: int, seconds: float) -> None:
    """Time our codecs beside stdlib json and msgspec alone."""
    for title, exchanges in (
        (f"4,7 of channel {CHANNEL}", READING),
        (f"sweep of {CHANNELS} channels", SWEEP),
    ):
        print("\n".join(table(title, measure(exchanges, rounds, seconds))))


if __name__ == "__main__":
    main()
