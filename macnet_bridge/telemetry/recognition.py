"""Whether the tester that answers is still the one that was found. MacNet (1, 2)"""

from __future__ import annotations

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.telemetry.specifications import Specifications
from macnet_bridge.tester import Tester


class AnotherTester(MacNetBridgeError):
    """Another tester answered than the one that was found; nothing of it is told as of that one."""


class Recognition:
    """After a new connection: a tester that came back between two reads was never seen to be away."""

    def __init__(self, tester: Tester, specifications: Specifications) -> None:
        self._tester = tester
        self._specifications = specifications
        self._connected = 0

    def found(self, survey: Survey) -> None:
        """This is the one from here on."""
        self._connected = self._tester.cycler.times_connected(Line.READS)
        self._specifications.forget(survey)

    async def check(self) -> None:
        """Pass while there is no new connection, or the same tester is at its other end.

        Raises:
            AnotherTester: this one was not there before.
            TransportError, TesterRefused: it did not say who it is.
        """
        cycler, known = self._tester.cycler, self._tester.online()
        connected = cycler.times_connected(Line.READS)
        if connected == self._connected:
            return
        system = await cycler.read_system_info()
        if system != known.system:
            raise AnotherTester("it was restarted as another tester")
        self._connected = connected
        self._specifications.forget(known)
