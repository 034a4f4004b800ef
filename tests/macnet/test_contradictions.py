"""Replies that are well-formed and cannot be true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from macnet_bridge.errors import BadReply
from macnet_bridge.macnet import AsyncCycler
from tests.macnet.scripted_tester import Peer, ScriptedTester

Ask = Callable[[AsyncCycler], Any]


def answering(**fields: Any) -> Callable[[Peer, bytes], None]:
    """A script that answers everything with these fields."""

    def script(peer: Peer, request: bytes) -> None:
        asked = msgspec.json.decode(request)
        head = {key: asked["params"][key] for key in ("FClass", "FNum", "Chan")}
        reply = {"jsonrpc": "2.0", "result": {**head, **fields}, "id": asked["id"]}
        peer.send(msgspec.json.encode(reply) + b"\r\n")

    return script


CASES: list[tuple[Ask, dict[str, Any], dict[str, Any], str]] = [
    (
        lambda cycler: cycler.sb_read_register(1, 9),
        {"SMBDevAddr": 22, "SMBRegAddr": 9, "SMBRegValue": 4711},
        {"SMBDevAddr": 22, "SMBRegAddr": 10, "SMBRegValue": 4711},
        "asked for register 9, answered for 10",
    ),
    (
        lambda cycler: cycler.sb_fetch_read(1),
        {"Status": 2, "NumOfBytes": 1, "Data": [7]},
        {"Status": 2, "NumOfBytes": 9, "Data": [7]},
        "NumOfBytes is 9, and there are 1 bytes",
    ),
    (
        lambda cycler: cycler.sb_raw_data(1),
        {"Format": 1, "Len": 1, "RawData": [7]},
        {"Format": 1, "Len": 9, "RawData": [7]},
        "Len is 9, and there are 1",
    ),
    (
        lambda cycler: cycler.read_aux(1),
        {"Len": 4, "AuxValues": [24.5]},  # bytes in place of inputs
        {"Len": 9, "AuxValues": [24.5]},
        "Len is 9, and there are 1",
    ),
]


@pytest.mark.parametrize(("ask", "true", "untrue", "why"), CASES)
async def test_a_reply_that_contradicts_itself_is_none(
    ask: Ask, true: dict[str, Any], untrue: dict[str, Any], why: str
) -> None:
    async with ScriptedTester(answering(**true)) as tester:
        cycler = AsyncCycler(tester.address)
        await ask(cycler)
        tester.script = answering(**untrue)
        with pytest.raises(BadReply, match=why):
            await ask(cycler)
        cycler.close()


async def test_a_read_that_is_not_completed_may_have_no_data_yet() -> None:
    async with ScriptedTester(answering(Status=1, NumOfBytes=4)) as tester:
        cycler = AsyncCycler(tester.address)
        await cycler.sb_fetch_read(1)
        cycler.close()
