"""Verbs of the tester's files: what there is, fetching one, and sending one."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from msgspec import to_builtins

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.proof import FileProof
from macnet_bridge.commands.read_back import wait_until
from macnet_bridge.errors import NotConfirmed, OutcomeUnknown, TooLarge
from macnet_bridge.macnet.cycler import Line, Transferred
from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.payloads.arguments import GetFileArguments, ListFilesArguments, PutFileArguments
from macnet_bridge.payloads.envelope import MAX_FILE_PAYLOAD_BYTES

MAX_FILE_ANSWER_BYTES = MAX_FILE_PAYLOAD_BYTES
_AROUND_A_FILE_BYTES = 4096
MAX_FILE_BYTES = (MAX_FILE_ANSWER_BYTES - _AROUND_A_FILE_BYTES) // 4 * 3
"""What is left of an answer for a file, which takes four characters for three bytes."""

MAX_LISTED_FILES = 1500
"""Each takes a request of its own, so that a real tester needs most of a minute for these."""


async def list_files(job: Job[ListFilesArguments]) -> Done:
    """MacNet (1, 5)"""
    files = await job.tester.cycler.list_files(
        _file_type(job.args.type),
        max_files=MAX_LISTED_FILES,
        line=Line.COMMANDS,
        before_send=job.deciding,
    )
    shown = [{"name": file.name, "size": file.size_byte, "date": to_builtins(file.date)} for file in files]
    return Done({"files": shown})


async def get_file(job: Job[GetFileArguments]) -> Done:
    """MacNet (1, 7)"""
    file_type, name = _file_type(job.args.type), job.args.name
    try:
        data, file = await job.tester.cycler.get_file(
            file_type, name, max_bytes=MAX_FILE_BYTES, before_send=job.deciding
        )
    except TooLarge as error:
        raise TooLarge(f"{error}; fetch it by AsyncCycler.get_file of the Python API") from None
    return Done({**_outline(file), "data_base64": base64.b64encode(data).decode()})


async def put_file(job: Job[PutFileArguments]) -> Done:
    """MacNet (1, 6), read back by (1, 7)

    Whatever the tester said, the file that it has in the end is what counts.
    """
    file_type, name, data = _file_type(job.args.type), job.args.name, job.args.data_base64
    cycler = job.tester.cycler
    result: dict[str, Any] = {}
    doubt = None
    sha256 = hashlib.sha256(data).hexdigest()
    await job.about_to_send(FileProof(file_type=file_type, name=name, size=len(data), sha256=sha256))
    try:
        result = _outline(await cycler.put_file(file_type, name, data, before_send=job.deciding))
    except OutcomeUnknown as error:
        doubt = error
    await job.decide()

    async def shows() -> bool:
        kept, outline = await cycler.get_file(file_type, name, max_bytes=len(data))
        # How often something was sent again is not known of a transfer that broke off.
        result.update(_outline(outline) | {"resent": result.get("resent")})
        return kept == data

    if not await wait_until(shows, job.rules.timeout_s):
        raise doubt or NotConfirmed("the tester took the file, and does not give the same back")
    return Done(result, "read_back")


def _outline(file: Transferred) -> dict[str, Any]:
    return {
        "size": file.size_byte,
        "sha256": file.sha256,
        "blocks": file.blocks,
        "resent": file.resent,
    }


def _file_type(word: str) -> FileType:
    return FileType[word.upper()]
