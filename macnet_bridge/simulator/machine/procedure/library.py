"""The procedures of a tester by their names: those that it always has, and those among its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.simulator.machine.files import FileStore
from macnet_bridge.simulator.machine.procedure.built_in import BUILT_IN
from macnet_bridge.simulator.machine.procedure.fitting import findings
from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import Procedure

PROCEDURE_EXTENSION = ".000"
WAVEFORM_EXTENSION = ".MWF"


@dataclass(slots=True)
class _Read:
    """A procedure, and the files that it was read from."""

    data: bytes
    waves: dict[str, bytes | None] = field(default_factory=dict)
    procedure: Procedure | None = None


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What was found to fit last: a start of many channels asks that for each of them."""

    procedure: Procedure
    c_rate_ah: float
    specification: ChannelSpecification

    def is_like(self, other: _Fitting | None) -> bool:
        return (
            other is not None
            and self.procedure is other.procedure
            and self.c_rate_ah == other.c_rate_ah
            and self.specification == other.specification
        )


class Library:
    """Finds procedures. A file goes before a built-in procedure of its name."""

    def __init__(self, files: FileStore, built_in: Mapping[str, Procedure] = BUILT_IN) -> None:
        self._files = files
        self._built_in = built_in
        self._read: dict[str, _Read] = {}
        self._fitting: _Fitting | None = None

    def __contains__(self, name: str) -> bool:
        """Whether there is a procedure of this name, understood or not."""
        return (
            name in self._built_in or self._file(FileType.PROCEDURE, name + PROCEDURE_EXTENSION) is not None
        )

    def find(self, name: str, c_rate_ah: float, specification: ChannelSpecification) -> Procedure:
        """A procedure that a channel of this specification can run.

        Raises:
            KeyError: there is none of this name.
            NotUnderstood: it uses something that is not simulated, or that the channel cannot do.
        """
        procedure = self._procedure(name)
        fitting = _Fitting(procedure, c_rate_ah, specification)
        if not fitting.is_like(self._fitting):
            if found := findings(procedure, c_rate_ah, specification):
                raise NotUnderstood(found)
            self._fitting = fitting
        return procedure

    def _procedure(self, name: str) -> Procedure:
        data = self._file(FileType.PROCEDURE, name + PROCEDURE_EXTENSION)
        if data is None:
            return self._built_in[name]
        read = self._read.get(name)
        if read is None or read.procedure is None or not self._is_current(read, data):
            # Reading takes tens of milliseconds, and a start of many channels needs it for each of them.
            read = self._read[name] = _Read(data)
            read.procedure = read_procedure(name, data, lambda wave: self._wave(read, wave))
        return read.procedure

    def _is_current(self, read: _Read, data: bytes) -> bool:
        return read.data == data and all(
            self._file(FileType.WAVEFORM, wave + WAVEFORM_EXTENSION) == before
            for wave, before in read.waves.items()
        )

    def _wave(self, read: _Read, name: str) -> bytes | None:
        data = self._file(FileType.WAVEFORM, name + WAVEFORM_EXTENSION)
        read.waves[name] = data
        return data

    def _file(self, file_type: FileType, name: str) -> bytes | None:
        stored = self._files.read(file_type, name)
        return stored.data if stored else None
