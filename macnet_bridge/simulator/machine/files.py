"""The files of a simulated tester: in memory, or in a folder of the machine that it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from macnet_bridge.macnet.protocol.codes import FileType

EXTENSIONS: dict[FileType, tuple[str, ...]] = {
    FileType.PROCEDURE: (".000", ".999"),
    FileType.USER_FUNCTION: (".dll",),
    FileType.CAN: (".can", ".dbc"),
    FileType.FRA: (".fra", ".modulab"),
    FileType.WAVEFORM: (".mwf",),
}
"""How the manual says that names of a type end; upper or lower case is all the same."""

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
    """Files in a folder. Their extension says of what type they are, as in `EXTENSIONS`.

    A file that was sent with another extension lies in a folder below it that has the name of
    its type, such as `procedure`; others with such extensions are none of the tester's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, file_type: FileType) -> list[StoredFile]:
        return [_stored(path) for path in sorted(self._paths(file_type), key=lambda path: path.name)]

    def read(self, file_type: FileType, name: str) -> StoredFile | None:
        path = self._path(file_type, name)
        return _stored(path) if path else None

    def write(self, file_type: FileType, file: StoredFile) -> None:
        """Keep a file, in place of one that has its name.

        Raises:
            ValueError: no file can have this name.
        """
        if not is_file_name(file.name):
            raise ValueError(f"not the name of a file: {file.name!r}")
        path = self._path(file_type, file.name) or self._new_path(file_type, file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)

    def _path(self, file_type: FileType, name: str) -> Path | None:
        paths = (path for path in self._paths(file_type) if path.name.casefold() == name.casefold())
        return next(paths, None)

    def _new_path(self, file_type: FileType, name: str) -> Path:
        return self._folder / name if _is_of(file_type, name) else self._below(file_type) / name

    def _paths(self, file_type: FileType) -> Iterator[Path]:
        yield from (
            path for path in self._folder.glob("*") if _is_of(file_type, path.name) and path.is_file()
        )
        yield from (path for path in self._below(file_type).glob("*") if path.is_file())

    def _below(self, file_type: FileType) -> Path:
        return self._folder / file_type.name.lower()


def _is_of(file_type: FileType, name: str) -> bool:
    return name.casefold().endswith(EXTENSIONS.get(file_type, ()))


def _stored(path: Path) -> StoredFile:
    changed = (
        datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone().replace(tzinfo=None, microsecond=0)
    )
    return StoredFile(path.name, path.read_bytes(), changed)
