"""What would show that a command took effect: written down before it is sent, read after a crash.

Only what cannot have been there before counts. A command that leaves nothing of the kind has no
proof, and ends `unknown` when the bridge dies between its request and its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from macnet_bridge.errors import TransportError
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, FileType
from macnet_bridge.tester import Tester

_NO_TEST = (ChannelState.AVAILABLE, ChannelState.SELECTED)


class TestProof(Struct, frozen=True, kw_only=True, tag="test", tag_field="kind"):
    """A test of one of these names is on the channel, with this mark in its comment if it has one."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    test_names: list[str]
    mark: str


class StateProof(Struct, frozen=True, kw_only=True, tag="state", tag_field="kind"):
    """The channel is in one of these states, in which it was not before."""

    states: list[int]


class FileProof(Struct, frozen=True, kw_only=True, tag="file", tag_field="kind"):
    """The tester has this file."""

    file_type: int
    name: str
    size: int
    sha256: str


Proof = TestProof | StateProof | FileProof
Found = dict[str, Any]

_decoder: msgspec.json.Decoder[Proof] = msgspec.json.Decoder(Proof)


def encode(proof: Proof | None) -> bytes | None:
    return None if proof is None else msgspec.json.encode(proof)


def decode(proof: bytes | None) -> Proof | None:
    return None if proof is None else _decoder.decode(proof)


async def look(tester: Tester, channel: int, proof: Proof) -> Found | None:
    """Read the tester once: the result of a command that took effect, None when nothing shows it.

    Raises:
        TesterOffline, TesterRefused, OutcomeUnknown
    """
    return await _LOOKS[type(proof)](tester, channel, proof)


async def _test(tester: Tester, channel: int, proof: TestProof) -> Found | None:
    if not _tells(tester, f.STATUS_AND_READINGS, f.TEST_INFO):
        return None
    state = (await tester.cycler.read_status(channel, line=Line.COMMANDS)).state
    info = await _names(tester, channel)
    is_ours = info.test_name in proof.test_names and (info.comment is None or proof.mark in info.comment)
    return {"test_name": proof.test_names[0]} if is_ours and state not in _NO_TEST else None


async def _names(tester: Tester, channel: int) -> m.TestInfo:
    """With the comment, where the tester tells it: by JSON not all do. MacNet (4, 11) and (4, 6)"""
    try:
        return await tester.cycler.read_long_test_info(channel, line=Line.COMMANDS)
    except TransportError:
        return await tester.cycler.read_test_info(channel, line=Line.COMMANDS)


async def _state(tester: Tester, channel: int, proof: StateProof) -> Found | None:
    if not _tells(tester, f.STATUS_AND_READINGS):
        return None
    state = (await tester.cycler.read_status(channel, line=Line.COMMANDS)).state
    return {"state": ChannelState.word(state)} if state in proof.states else None


async def _file(tester: Tester, channel: int, proof: FileProof) -> Found | None:
    data, _ = await tester.cycler.get_file(FileType(proof.file_type), proof.name, max_bytes=proof.size)
    sha256 = hashlib.sha256(data).hexdigest()
    return {"size": len(data), "sha256": sha256} if sha256 == proof.sha256 else None


def _tells(tester: Tester, *functions: f.Function[Any, Any]) -> bool:
    survey = tester.online()
    return survey.live and survey.has(*functions)


_LOOKS: dict[type, Callable[[Tester, int, Any], Awaitable[Found | None]]] = {
    TestProof: _test,
    StateProof: _state,
    FileProof: _file,
}
