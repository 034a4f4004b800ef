"""Codes of file listings and transfers, MacNet (1, 5), (1, 6) and (1, 7)."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.codes.base import Code

FILE_BLOCK_BYTES = 500
"""Data in each block of a transfer; the last one has fewer, if need be none."""

MAX_FILE_BLOCKS = 0xFFFF
"""Block numbers are words, and what follows the last of them is not documented."""


class FileType(Code):
    """`FileType`: the folder that a file lies in. (1, 5) lists 1 to 7, (1, 6) takes 3 to 7."""

    ACTIVE = 1
    ARCHIVE = 2
    PROCEDURE = 3
    USER_FUNCTION = 4
    CAN = 5
    FRA = 6
    WAVEFORM = 7
    SYSTEM_EVENTS = 8


class ListCommand(Code):
    """`Command` of (1, 5)."""

    BUILD = 0
    NEXT = 1


class FileOperation(Code):
    """`OpCode` of (1, 6) and (1, 7)."""

    READ = 1
    WRITE = 2
    DATA = 3
    ACKNOWLEDGEMENT = 4
    ERROR = 5
