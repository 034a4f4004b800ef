"""Messages of file listings and transfers: MacNet (1, 5), (1, 6) and (1, 7).

A transfer is like TFTP with another header: a request to read or write, then blocks of 500
bytes and acknowledgements, until a block with fewer than 500 bytes has been acknowledged.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from macnet_bridge.macnet.protocol.codes import FILE_BLOCK_BYTES, ListCommand
from macnet_bridge.macnet.protocol.fieldtypes import Int64, Time, UInt8, UInt16
from macnet_bridge.macnet.protocol.messages.base import Message

FileName = Annotated[str, Meta(min_length=1, max_length=260, pattern=r"\A[\x20-\x7e]*\Z")]
"""A name with its extension, in ASCII, no longer than Windows allows a path to be."""


class ListFiles(Message, frozen=True, kw_only=True):
    """Request of MacNet (1, 5): build the list of a folder, then ask for its names one by one."""

    file_type: Annotated[int, Meta(ge=1, le=7)] = field(name="FileType")
    command: Annotated[int, Meta(ge=0, le=1)] = field(name="Command", default=ListCommand.BUILD.value)


class FileListing(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 5). The fields from `index` on come with the names only."""

    file_type: UInt8 = field(name="FileType")
    command: UInt8 = field(name="Command")
    number_of_files: UInt16 = field(name="NumberOfFiles")
    index: UInt16 | None = field(name="Index", default=None)
    file_date: Time | None = field(name="FileDate", default=None)
    size_byte: Int64 | None = field(name="Size", default=None)
    file_name: str | None = field(name="FileName", default=None)


class FileMessage(Message, frozen=True, kw_only=True):
    """Any message of a transfer, both ways; the classes below are what it can be."""

    file_type: UInt8 = field(name="FileType")


class ReadRequest(FileMessage, frozen=True, kw_only=True):
    """Begins MacNet (1, 7)."""

    file_name: FileName = field(name="FileName")


class WriteRequest(FileMessage, frozen=True, kw_only=True):
    """Begins MacNet (1, 6)."""

    file_name: FileName = field(name="FileName")


class FileData(FileMessage, frozen=True, kw_only=True):
    """A block, numbered from 1. Fewer than 500 bytes make it the last one."""

    block: UInt16 = field(name="BlockNo")
    data: Annotated[bytes, Meta(max_length=FILE_BLOCK_BYTES)] = field(name="Data")

    @property
    def is_last(self) -> bool:
        """Whether no block follows."""
        return len(self.data) < FILE_BLOCK_BYTES


class FileAcknowledgement(FileMessage, frozen=True, kw_only=True):
    """A block has arrived; block 0 stands for the request to write."""

    block: UInt16 = field(name="BlockNo")


class FileError(FileMessage, frozen=True, kw_only=True):
    """The transfer is over and has failed. What the codes mean is not documented."""

    error_code: UInt16 = field(name="ErrorCode")
    message: str = field(name="ErrorMessage")
