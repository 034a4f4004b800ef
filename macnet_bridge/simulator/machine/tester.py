"""A simulated tester: channels, the names of its tests, its procedures and its clock.

Pure: no network, and no clock but the `now` that every call brings.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from macnet_bridge.macnet.protocol.codes import FileType, SystemType
from macnet_bridge.simulator.machine.archive import Archive, data_file
from macnet_bridge.simulator.machine.cell import PRESETS, Cell, Preset
from macnet_bridge.simulator.machine.channel import STARTING_SECOND, Channel
from macnet_bridge.simulator.machine.files import FileStore, MemoryFiles, StoredFile
from macnet_bridge.simulator.machine.meter import Meter
from macnet_bridge.simulator.machine.procedure.built_in import BUILT_IN
from macnet_bridge.simulator.machine.procedure.library import Library
from macnet_bridge.simulator.machine.procedure.rows import Procedure
from macnet_bridge.simulator.machine.smart_battery import SmartBattery
from macnet_bridge.simulator.machine.specification import MAX_AMPERE, specification_of

MAX_CHANNELS = 1024
"""Most channels that one simulated tester can have."""

LONGEST_NAME = 250
"""Characters of a test name by JSON; binary messages carry 25."""

_NOT_IN_A_FILE_NAME = frozenset('<>:"/\\|?*')
_RANDOM_NAME = "Random"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a tester behaves where testers differ.

    Attributes:
        signed_current: whether (4, 3) and (4, 7) show a discharge as negative.
        starting_second: how long a channel is `STARTING` after (6, 2).
        direct_ready_second: how long (6, 8) answers 5 after (6, 7).
        direct_watchdog_second: after how long without an accepted (6, 8) a channel in direct
            mode is suspended; 0 never.
        system_type: of (1, 2). Direct mode needs `LAB`.
        users: passwords by user. With any, all but echo is a `MacNet error` before (8, 1), on
            every connection.
        smart_batteries: whether every channel has one, for MacNet class 7.
        data_type_base: what (7, 20) counts data types from; the manual's example looks like 1.
        tick_second: `TickSpeed` of (3, 1). The manual's example has 0.005, its text 10 ms a tick.
        channel_number_offset: of (1, 2), for the numbers on the tester's own screen.
        max_ampere: of the largest current range; the rest of (3, 1) goes with it.
        preset: the kind of cell on every channel.
        noise: of what is shown, as a share of full scale; 0 for the steps of a converter alone,
            None for exact values.
    """

    signed_current: bool = False
    starting_second: float = STARTING_SECOND
    direct_ready_second: float = 0.5
    direct_watchdog_second: float = 0.0
    system_type: SystemType = SystemType.LAB
    users: Mapping[str, str] = field(default_factory=dict)
    smart_batteries: bool = False
    data_type_base: int = 0
    tick_second: float = 0.01
    channel_number_offset: int = 0
    max_ampere: float = MAX_AMPERE
    preset: Preset = PRESETS["nmc"]
    noise: float | None = None


class Tester:
    """Everything that a tester remembers. `answers` has what it says.

    Attributes:
        channels: all of them; `channel(n)` counts from 1.
        specification: of (3, 1), the same for all channels.
        procedures: those that it can be asked to run.
        files: those of types 3 to 7, such as procedures that were sent to it.
        archive: the tests that are over.
        global_flags: of MacNet (5, 1).
        check_messages: of MacNet (6, 12), the next one first.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(
        self,
        channels: int = 8,
        *,
        speed: float = 1.0,
        seed: int = 0,
        behaviour: Behaviour | None = None,
        procedures: Mapping[str, Procedure] = BUILT_IN,
        files: FileStore | None = None,
    ) -> None:
        """Two testers of one seed have the same cells and make the same random names.

        Args:
            channels: 1 to 1024.
            speed: seconds of test time per second.
            procedures: that it has without a file, by name.

        Raises:
            ValueError: no such number of channels, or a speed that is not positive.
        """
        self.behaviour = behaviour or Behaviour()
        if not 1 <= channels <= MAX_CHANNELS:
            raise ValueError(f"a simulated tester has 1 to {MAX_CHANNELS} channels, not {channels}")
        if not speed > 0.0:
            raise ValueError(f"the speed has to be above 0, not {speed}")
        self.specification = specification_of(self.behaviour.max_ampere, self.behaviour.tick_second)
        self.files: FileStore = files or MemoryFiles()
        self.procedures = Library(self.files, procedures)
        self.archive = Archive()
        self.global_flags = 0
        self.check_messages: deque[str] = deque()
        self.batteries = tuple(SmartBattery(number - 1) for number in range(1, channels + 1))
        self.channels: Sequence[Channel] = tuple(
            self._channel(number, speed, seed) for number in range(1, channels + 1)
        )
        self._names: set[str] = set()
        self._dice = random.Random(seed)
        self._zero: float | None = None
        self._clock = datetime(1970, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone

    def channel(self, number: int) -> Channel:
        """Channel 1 to n, as it was when it last had to say something."""
        if not 1 <= number <= len(self.channels):
            raise IndexError(f"channel {number} of {len(self.channels)}")
        return self.channels[number - 1]

    @property
    def is_on(self) -> bool:
        return self._zero is not None

    def power_on(self, now: float, clock: datetime) -> None:
        """Set the tester's clock, without a zone, for the moment `now`. Once is enough."""
        self._zero, self._clock = now, clock
        for channel in self.channels:
            channel.power_on(now)

    def clock(self, now: float) -> datetime:
        """The tester's time of day, in whole seconds. It runs at normal speed."""
        elapsed = now - (self._zero if self._zero is not None else now)
        return (self._clock + timedelta(seconds=elapsed)).replace(microsecond=0)

    def advance(self, now: float) -> None:
        """Bring all channels to `now`."""
        for channel in self.channels:
            channel.advance(now)

    # --- files

    def files_of(self, file_type: FileType, now: float) -> list[StoredFile]:
        """All files of a type; those of tests and events are made up for the occasion."""
        if file_type is FileType.ACTIVE:
            return [self._data_file(channel, now) for channel in self.channels if channel.label.test_name]
        if file_type is FileType.ARCHIVE:
            return self.archive.files()
        if file_type is FileType.SYSTEM_EVENTS:
            return [StoredFile("SysEvent.log", b"Simulated tester, no events\r\n", self.clock(now))]
        return self.files.all(file_type)

    def file_of(self, file_type: FileType, name: str, now: float) -> StoredFile | None:
        """One file, None when there is none of this name."""
        wanted = name.casefold()
        files = self.files_of(file_type, now)
        return next((file for file in files if file.name.casefold() == wanted), None)

    def _data_file(self, channel: Channel, now: float) -> StoredFile:
        return data_file(channel.number, channel.label, channel.progress, self.clock(now))

    # --- names of tests

    def is_valid_name(self, name: str) -> bool:
        """Whether Windows would take the name for a data file."""
        return bool(name.strip()) and not _NOT_IN_A_FILE_NAME & set(name)

    def is_used_name(self, name: str) -> bool:
        """Whether a test of this name runs or is in the archive."""
        return name.casefold() in self._names

    def use_name(self, name: str) -> str:
        """Keep a name for a new test; `Random` becomes one that nobody has used."""
        while name == _RANDOM_NAME or self.is_used_name(name):
            name = f"{_RANDOM_NAME}{self._dice.getrandbits(32):08X}"
        self._names.add(name.casefold())
        return name

    def _channel(self, number: int, speed: float, seed: int) -> Channel:
        noise = self.behaviour.noise
        return Channel(
            number,
            Cell.of_seed(seed, number, preset=self.behaviour.preset),
            speed=speed,
            watchdog_second=self.behaviour.direct_watchdog_second,
            specification=self.specification,
            meter=None if noise is None else Meter(seed, number, noise, self.specification),
        )
