"""Tests that are over: what is left of them, and the data files of all tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from macnet_bridge.simulator.machine.channel import Channel, Label
from macnet_bridge.simulator.machine.files import StoredFile
from macnet_bridge.simulator.machine.progress import Progress


@dataclass(frozen=True, slots=True)
class ArchivedTest:
    """A test in the archive.

    Attributes:
        at: monotonic seconds of the moment when it came there.
        date: the same by the tester's clock.
    """

    channel: int
    label: Label
    progress: Progress
    at: float
    date: datetime

    @property
    def file_name(self) -> str:
        """Name of its data file."""
        return data_file_name(self.label.test_name, self.channel)


def data_file_name(test_name: str, channel: int) -> str:
    """A test's name with the number of its channel as the extension."""
    return f"{test_name}.{channel:03d}"


def data_file(channel: int, label: Label, progress: Progress, date: datetime) -> StoredFile:
    """A data file in no format of Maccor's: what MacNet tells of the test, as lines of text."""
    lines = {
        "simulated test": label.test_name,
        "comment": label.comment,
        "procedure": label.procedure,
        "channel": channel,
        "records": progress.record_index,
        "cycles": progress.cycle_count,
        "seconds": f"{progress.test_second:.3f}",
    }
    text = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    return StoredFile(data_file_name(label.test_name, channel), text.encode("ascii", "replace"), date)


class Archive:
    """The archived tests, by the names of their files."""

    def __init__(self) -> None:
        self._tests: dict[str, ArchivedTest] = {}

    def keep(self, channel: Channel, at: float, date: datetime) -> None:
        """Take over the test of a channel, if it has one."""
        if channel.label.test_name:
            test = ArchivedTest(channel.number, channel.label, channel.progress, at, date)
            self._tests[test.file_name.casefold()] = test

    def find(self, file_name: str) -> ArchivedTest | None:
        """The test with this data file."""
        return self._tests.get(file_name.casefold())

    def take(self, test: ArchivedTest) -> None:
        """Remove a test that goes on."""
        del self._tests[test.file_name.casefold()]

    def has(self, test_name: str) -> bool:
        """Whether a test of this name is here, on whatever channel it ran."""
        wanted = test_name.casefold()
        return any(test.label.test_name.casefold() == wanted for test in self._tests.values())

    def files(self) -> list[StoredFile]:
        """All data files, by name."""
        tests = (self._tests[name] for name in sorted(self._tests))
        return [data_file(test.channel, test.label, test.progress, test.date) for test in tests]
