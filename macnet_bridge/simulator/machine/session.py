"""What a simulated tester remembers of one client: that is, of one connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from macnet_bridge.macnet.protocol.codes import FILE_BLOCK_BYTES, FileType
from macnet_bridge.simulator.machine.files import StoredFile


@dataclass(slots=True)
class Upload:
    """A file on its way in, MacNet (1, 6). `block` is the last one that was taken."""

    file_type: FileType
    name: str
    data: bytearray = field(default_factory=bytearray)
    block: int = 0
    is_complete: bool = False


@dataclass(slots=True)
class Download:
    """A file on its way out, MacNet (1, 7). `block` is the last one that was sent."""

    file_type: FileType
    data: bytes
    block: int = 1

    @property
    def block_data(self) -> bytes:
        """The data of that block; it is the last one when it is not full."""
        return self.data[(self.block - 1) * FILE_BLOCK_BYTES : self.block * FILE_BLOCK_BYTES]


@dataclass(slots=True)
class Listing:
    """A list of files, MacNet (1, 5), and how many of them were told."""

    file_type: FileType
    files: Sequence[StoredFile]
    told: int = 0


@dataclass(slots=True)
class Session:
    """One client's log-in, listing and transfers. That they belong to a connection is assumed."""

    is_logged_in: bool = False
    listing: Listing | None = None
    upload: Upload | None = None
    download: Download | None = None
