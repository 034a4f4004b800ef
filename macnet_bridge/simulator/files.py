"""The files of a simulated tester: in memory, or in a folder of the machine that it runs on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from macnet_bridge.macnet.protocol.codes import FileType

_NOT_IN_A_FILE_NAME = frozenset('<>:"/\\|?*')


class StoredFile(NamedTuple):
    """A file; `date` has no zone."""

    name: str
    data: bytes
    date: datetime


class FileStore(Protocol):
    """Where a tester keeps its files of types 3 to 7. Names come with their extensions."""

    def all(self, file_type: FileType) -> list[StoredFile]:
        """The files of a type, by name."""

    def read(self, file_type: FileType, name: str) -> StoredFile | None:
        """One file, None when there is none of this name."""

    def write(self, file_type: FileType, file: StoredFile) -> None:
        """Keep a file, in place of one that has its name."""


def is_file_name(name: str) -> bool:
    """Whether Windows would take the name for a file, and whether it stays in its folder."""
    printable = all(" " <= letter <= "~" for letter in name)
    return printable and bool(name.strip(" .")) and not _NOT_IN_A_FILE_NAME & set(name)


class MemoryFiles:
    """Files that are gone with the process."""

    def __init__(self) -> None:
        self._files: dict[tuple[FileType, str], StoredFile] = {}

    def all(self, file_type: FileType) -> list[StoredFile]:
        return [file for (kind, _), file in sorted(self._files.items()) if kind is file_type]

    def read(self, file_type: FileType, name: str) -> StoredFile | None:
        return self._files.get((file_type, name.casefold()))

    def write(self, file_type: FileType, file: StoredFile) -> None:
        self._files[file_type, file.name.casefold()] = file


class FolderFiles:
    """Files in a folder, in one folder below it for each type, such as `procedure`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, file_type: FileType) -> list[StoredFile]:
        folder = self._folder_of(file_type)
        return [_stored(path) for path in sorted(folder.glob("*")) if path.is_file()]

    def read(self, file_type: FileType, name: str) -> StoredFile | None:
        path = self._folder_of(file_type) / name
        return _stored(path) if is_file_name(name) and path.is_file() else None

    def write(self, file_type: FileType, file: StoredFile) -> None:
        if not is_file_name(file.name):
            raise ValueError(f"not the name of a file: {file.name!r}")
        folder = self._folder_of(file_type)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.data)

    def _folder_of(self, file_type: FileType) -> Path:
        return self._folder / file_type.name.lower()


def _stored(path: Path) -> StoredFile:
    changed = (
        datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone().replace(tzinfo=None, microsecond=0)
    )
    return StoredFile(path.name, path.read_bytes(), changed)
