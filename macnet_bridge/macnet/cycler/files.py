"""Files of the tester: MacNet (1, 5), (1, 6) and (1, 7).

A transfer keeps its connection to itself. A block whose acknowledgement does not come is sent
again, as nothing but the transfer itself depends on what arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from macnet_bridge.errors import BadReply, InvalidRequest, TesterRefused, TooLarge, TransferBroken
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.conversation import TRIES, Conversation
from macnet_bridge.macnet.cycler.calls import Calls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import FILE_BLOCK_BYTES, MAX_FILE_BLOCKS, FileType, ListCommand

Progress = Callable[[int], None]
"""Called with the number of bytes that have arrived, after every block."""

_ENOUGH = "more than is wanted"
_SENT = range(FileType.PROCEDURE, FileType.WAVEFORM + 1)
_FETCHED = range(FileType.ACTIVE, FileType.SYSTEM_EVENTS + 1)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file in a listing. `date` is that of the tester's clock, without a zone."""

    name: str
    size_byte: int
    date: datetime | None


@dataclass(frozen=True, slots=True)
class Transferred:
    """A file that has arrived, here or there.

    Attributes:
        sha256: of its content, in hex.
        resent: how often a message had to be sent again.
    """

    name: str
    size_byte: int
    sha256: str
    blocks: int
    resent: int


class FileCalls(Calls):
    """Listing, fetching and sending files."""

    async def list_files(
        self,
        file_type: FileType,
        *,
        max_files: int | None = None,
        line: Line = Line.READS,
        before_send: BeforeSend | None = None,
    ) -> list[FileEntry]:
        """The files of a type, 1 to 7. MacNet (1, 5)

        The tester keeps the place in its list, so only one listing goes on at a time here.

        Raises:
            TooLarge: there are more than `max_files`; none of them was asked for.
            BadReply: what came belongs to another listing, or the connection was lost meanwhile.
        """
        async with self._listing:
            built = await self._list(file_type, ListCommand.BUILD, line, before_send)
            count = built.number_of_files
            if max_files is not None and count > max_files:
                raise TooLarge(f"the tester has {count} files of this type, more than {max_files}")
            opened = self.times_connected(line)
            found = [await self._list(file_type, ListCommand.NEXT, line) for _ in range(count)]
            # Another call may have lost the connection, and the place in the list with it.
            if self.times_connected(line) != opened or any(each.number_of_files != count for each in found):
                raise BadReply(f"{f.LIST_FILES}: its list changed while it was read")
        # A file that went away meanwhile leaves an empty name at the end.
        return [
            FileEntry(each.file_name, each.size_byte or 0, each.file_date) for each in found if each.file_name
        ]

    async def get_file(
        self,
        file_type: FileType,
        name: str,
        progress: Progress | None = None,
        *,
        max_bytes: int | None = None,
        before_send: BeforeSend | None = None,
    ) -> tuple[bytes, Transferred]:
        """A file of the tester, of any type. Binary MacNet (1, 7)

        Args:
            name: with its extension.

        Raises:
            TooLarge: it has more than `max_bytes`, and was not fetched any further.
            TesterRefused: the tester does not give it; code `FILE_ERROR`, its own code as result.
            NoReply, BadReply: the transfer broke off; begin again.
        """
        if file_type not in _FETCHED:
            raise InvalidRequest(f"files of type {file_type} cannot be fetched", "file_type")
        data = bytearray()
        async with self._lines.binary.conversation(f.GET_FILE, self.timeout_s, before_send) as talk:
            request: m.FileMessage = m.ReadRequest(file_type=file_type, file_name=name)
            for number in range(1, MAX_FILE_BLOCKS + 1):
                block = await _block(talk, request, number)
                data += block.data
                if max_bytes is not None and len(data) > max_bytes:
                    talk.tell(m.FileError(file_type=file_type, error_code=0, message=_ENOUGH))
                    raise TooLarge(f"the file has more than {max_bytes} bytes")
                if progress:
                    progress(len(data))
                request = m.FileAcknowledgement(file_type=file_type, block=number)
                if block.is_last:
                    talk.tell(request)
                    return bytes(data), _transferred(name, data, number, talk)
        raise BadReply(f"{f.GET_FILE}: more than {MAX_FILE_BLOCKS} blocks")

    async def put_file(
        self,
        file_type: FileType,
        name: str,
        data: bytes,
        progress: Progress | None = None,
        *,
        before_send: BeforeSend | None = None,
    ) -> Transferred:
        """Send a file of type 3 to 7 to the tester. Binary MacNet (1, 6)

        What becomes of a file that has this name already is not documented, nor what a request
        to write does to a transfer that has begun: it is sent once.

        Raises:
            InvalidRequest: not a type that can be sent, or too long.
            TesterRefused: the tester does not take it; code `FILE_ERROR`, its own code as result.
            TransferBroken, NoReply, BadReply: the transfer broke off, and what the tester kept is
                not known; fetch the file, or begin again.
        """
        if file_type not in _SENT:
            raise InvalidRequest(f"files of type {file_type} cannot be sent", "file_type")
        # A file that fills its last block needs an empty one after it.
        blocks = len(data) // FILE_BLOCK_BYTES + 1
        if blocks > MAX_FILE_BLOCKS:
            raise InvalidRequest(f"{len(data)} bytes are more than {MAX_FILE_BLOCKS} blocks", "data")
        async with self._lines.binary.conversation(f.SEND_FILE, self.timeout_s, before_send) as talk:
            await _acknowledged(talk, m.WriteRequest(file_type=file_type, file_name=name), 0, tries=1)
            for number in range(1, blocks + 1):
                part = data[(number - 1) * FILE_BLOCK_BYTES : number * FILE_BLOCK_BYTES]
                await _send_block(talk, m.FileData(file_type=file_type, block=number, data=part))
                if progress:
                    progress(min(number * FILE_BLOCK_BYTES, len(data)))
            return _transferred(name, data, blocks, talk)

    async def _list(
        self,
        file_type: FileType,
        command: ListCommand,
        line: Line,
        before_send: BeforeSend | None = None,
    ) -> m.FileListing:
        request = m.ListFiles(file_type=file_type, command=command)
        reply = await self.call(f.LIST_FILES, 1, request, line=line, before_send=before_send)
        if (reply.file_type, reply.command) != (file_type, command):
            raise BadReply(f"{f.LIST_FILES}: answered for type {reply.file_type}, command {reply.command}")
        return reply


async def _block(talk: Conversation, request: m.FileMessage, number: int) -> m.FileData:
    """The block of this number; those before it may come again and are dropped."""

    def is_due(reply: m.Message) -> bool:
        if isinstance(reply, m.FileData):
            return (reply.block, reply.file_type) == (number, request.file_type)
        return isinstance(reply, m.FileError)

    reply = await talk.ask(request, is_due)
    _check(f.GET_FILE, reply)
    assert isinstance(reply, m.FileData)
    return reply


async def _send_block(talk: Conversation, block: m.FileData) -> None:
    try:
        await _acknowledged(talk, block, block.block)
    except TesterRefused as error:
        raise TransferBroken(f"{error}, at block {block.block}; what it kept is not known") from None


async def _acknowledged(talk: Conversation, request: m.FileMessage, number: int, tries: int = TRIES) -> None:
    """Send a message until its block is acknowledged."""

    def is_due(reply: m.Message) -> bool:
        if isinstance(reply, m.FileAcknowledgement):
            return (reply.block, reply.file_type) == (number, request.file_type)
        return isinstance(reply, m.FileError)

    _check(f.SEND_FILE, await talk.ask(request, is_due, tries))


def _check(function: f.Function[m.FileMessage, m.FileMessage], reply: m.Message) -> None:
    if isinstance(reply, m.FileError):
        raise TesterRefused(
            f"{function}: {reply.message or 'refused'}",
            fclass=function.fclass,
            fnum=function.fnum,
            result=reply.error_code,
            code="FILE_ERROR",
        )


def _transferred(name: str, data: bytes | bytearray, blocks: int, talk: Conversation) -> Transferred:
    return Transferred(name, len(data), hashlib.sha256(data).hexdigest(), blocks, talk.resent)
