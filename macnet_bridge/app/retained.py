"""Retained topics of cyclers and channels, which outlive the bridge: those no longer served are cleared."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from msgspec import structs

from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics

log = logging.getLogger(__name__)

_OF_CHANNEL = ("state",)
_OF_CYCLER = ("status", "info")


class RetainedTopics:
    """Whose retained topics there are, kept in the data directory for the next run."""

    def __init__(
        self,
        topics: Topics,
        testers: Mapping[str, Tester],
        data_dir: DataDir,
        clear: Callable[[str], None],
    ) -> None:
        """
        Args:
            clear: called with a topic whose retained message is to go.
        """
        self._topics = topics
        self._testers = testers
        self._data_dir = data_dir
        self._clear = clear

    def remember(self) -> None:
        """Channels were found while there is no broker: they will have retained topics."""
        served = dict(self._data_dir.memory.served)
        for name, tester in self._testers.items():
            # What is to be cleared once there is a broker stays in there too.
            served[name] = sorted({*served.get(name, []), *tester.channels})
        self._save(served)

    def clear_what_is_not_served(self, left: Collection[str]) -> None:
        """Clear what this or an earlier run retained of cyclers and channels that are gone.

        Args:
            left: cyclers that another bridge serves; their topics are that one's.
        """
        known = self._data_dir.memory.served
        for cycler, channels in known.items():
            if cycler not in self._testers:
                for leaf in _OF_CYCLER:
                    self._clear(self._topics.cycler_topic(cycler, leaf))
            if cycler not in left:
                self._clear_channels(cycler, channels)
        self._save({name: tester.channels or known.get(name, []) for name, tester in self._testers.items()})

    def _clear_channels(self, cycler: str, channels: Collection[int]) -> None:
        tester = self._testers.get(cycler)
        for channel in channels:
            if tester is None or not tester.serves(channel):
                for leaf in _OF_CHANNEL:
                    self._clear(self._topics.channel_topic(cycler, channel, leaf))

    def _save(self, served: dict[str, list[int]]) -> None:
        memory = self._data_dir.memory
        if served == memory.served:
            return
        try:
            self._data_dir.save(structs.replace(memory, served=served))
        except OSError as error:
            # A disk that is full costs the next run a few retained topics, never this one its stops.
            log.warning("bridge.data_dir cannot be written: %s", error.strerror)
