"""`set_log_level`, and what the log says at debug."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest

from macnet_bridge.commands.log_level import LogLevel
from macnet_bridge.commands.permission import Permission
from tests.commands.lab import Lab, lab

TOPIC = "macnet/bridge/lab/cmd/set_log_level/alice"


async def set_level(it: Lab, args: bytes, id: str = "level") -> dict[str, Any]:
    it.take(TOPIC, b'{"id":"%s","args":%s}' % (id.encode(), args))
    return await it.final(id)


def debug_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.levelno == logging.DEBUG]


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (logging.NOTSET + 1, "debug"),
        (logging.DEBUG, "debug"),
        (logging.DEBUG + 1, "info"),
        (logging.INFO, "info"),
        (logging.WARNING, "warning"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "error"),
    ],
)
def test_what_is_in_force(level: int, name: str) -> None:
    logging.getLogger("test_log_level").setLevel(level)
    assert LogLevel("test_log_level.inner").name == name


async def test_it_says_what_was_and_what_is_and_needs_no_rule(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with lab(permission=Permission()) as it:
        answer = await set_level(it, b'{"level":"error"}', "first")
        assert (answer["status"], answer["principal"]) == ("done", "alice")
        assert answer["result"] == {"level": "error", "previous": "info"}
        (line,) = [line for line in caplog.records if "log level" in line.getMessage()]
        assert line.levelname == "ERROR"
        assert line.getMessage() == "the log level is error, and was info: set by alice"
        answer = await set_level(it, b'{"level":"debug"}', "second")
        assert answer["result"] == {"level": "debug", "previous": "error"}
        assert logging.getLogger("macnet_bridge.telemetry.poller").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("asyncio").isEnabledFor(logging.DEBUG), "others say what they said"
    assert not logging.getLogger("macnet_bridge").isEnabledFor(logging.DEBUG), "the bridge has ended"


async def test_the_same_id_again_changes_nothing() -> None:
    async with lab() as it:
        await set_level(it, b'{"level":"error"}', "first")
        await set_level(it, b'{"level":"debug"}', "second")
        it.take(TOPIC, b'{"id":"first","args":{"level":"error"}}')
        again = (await it.wait(lambda answer: answer["duplicate"]))[0]
        assert again["result"]["level"] == "error"
        assert logging.getLogger("macnet_bridge").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (b'{"level":"DEBUG"}', "args.level"),
        (b'{"level":"trace"}', "args.level"),
        (b'{"level":10}', "args.level"),
        (b"{}", "args.level"),
        (b'{"level":"info","logger":"root"}', "args.logger"),
    ],
)
async def test_what_is_no_level(args: bytes, field: str) -> None:
    async with lab() as it:
        before = logging.getLogger("macnet_bridge").level
        answer = await set_level(it, args)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert answer["error"]["field"] == field
        assert logging.getLogger("macnet_bridge").level == before


async def test_it_cannot_be_tried_out() -> None:
    async with lab() as it:
        before = logging.getLogger("macnet_bridge").level
        it.take(TOPIC, b'{"id":"dry","dry_run":true,"args":{"level":"debug"}}')
        answer = await it.final("dry")
        assert (answer["status"], answer["error"]["field"]) == ("rejected", "dry_run")
        assert answer["error"]["message"] == "dry_run: set_log_level changes no tester; leave it out"
        assert logging.getLogger("macnet_bridge").level == before


async def test_a_line_for_each_command_answer_and_request(caplog: pytest.LogCaptureFixture) -> None:
    async with lab() as it:
        await it.ask("read_status", channel=2)
        assert debug_lines(caplog) == []
        await set_level(it, b'{"level":"debug"}')
        caplog.clear()
        await it.ask("read_status", channel=2, principal="bob")
        await it.ask("dance", channel=2)
        first, asked, *rest = debug_lines(caplog)
        assert first == "command 3: 'read_status' for lab1/2 by bob"
        assert asked.startswith("lab1/2: MacNet (4, 7) status_and_readings: a reply after ")
        assert rest == [
            "command 3: lab1/2 is done",
            "command 4: 'dance' for lab1/2 by anonymous",
            "command 4: lab1/2 is rejected (UNKNOWN_VERB)",
        ]


async def test_an_end_of_a_line_in_a_topic_makes_no_line(caplog: pytest.LogCaptureFixture) -> None:
    async with lab() as it:
        await set_level(it, b'{"level":"debug"}')
        it.take("macnet/lab1/1/cmd/x\nERROR all is lost", b'{"id":"x"}')
        await it.final("x")
        assert not [line for line in debug_lines(caplog) if "\n" in line]


async def test_nothing_of_what_is_sent_is_in_it(caplog: pytest.LogCaptureFixture) -> None:
    content = base64.b64encode(b"open sesame").decode()
    start = {"procedure": "CCCV_1C", "c_rate_ah": 2.5, "test_name": "sesame-1", "comment": "open sesame"}
    async with lab() as it:
        await set_level(it, b'{"level":"debug"}')
        caplog.clear()
        file = {"type": "procedure", "name": "sesame.000", "data_base64": content}
        sent = await it.ask("put_file", file, channel=None, id="sesame-1")
        begun = await it.ask("start_test", start, id="sesame-2")
        assert (sent["status"], begun["status"]) == ("done", "done")
        it.take("macnet/lab1/1/cmd/suspend", b"open sesame")
        await it.wait(lambda answer: answer["status"] == "rejected")
        assert [line for line in debug_lines(caplog) if "MacNet (1, 6)" in line]
        assert [line for line in debug_lines(caplog) if "MacNet (6, 2)" in line]
        assert not [line for line in debug_lines(caplog) if "sesame" in line or content in line]
