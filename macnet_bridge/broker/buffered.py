"""A socket for paho that gathers what is written, and reads ahead.

paho writes every packet by itself, and reads each in three pieces. A system call costs about as much
as all else that is done for a small message. So packets are gathered here, and leave together at the
end of the turn; and one read takes all that has arrived.
"""

from __future__ import annotations

import ssl
from typing import Any

GATHERED_BYTES = 1 << 16
"""More than this is not taken before some of it has left; paho keeps the rest."""

_READ_BYTES = 1 << 16
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TYPE_AND_QOS = 0b1111_0110
_PUBLISH_QOS_0 = 0b0011_0000
_DISCONNECT = 0xE0


class BufferedSocket:
    """What paho uses of a socket.

    Attributes:
        raw: the socket itself.
        published: PUBLISH packets with QoS 0 that were taken since somebody set this to 0.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.published = 0
        self._gathers = False
        self._is_full = False
        self._gathered = bytearray()
        self._arrived = b""
        self._at = 0

    def gather(self) -> None:
        """From now on nothing leaves before `flush`."""
        self._gathers = True

    def send(self, data: bytes | bytearray) -> int:
        """Take a packet. Raises BlockingIOError while the system takes no more."""
        if not self._gathers:
            sent: int = self.raw.send(data)
            return sent
        if self._is_full or len(self._gathered) >= GATHERED_BYTES:
            raise BlockingIOError
        if data[0] == _DISCONNECT:
            return self._send_last(data)
        self._gathered += data
        self.published += data[0] & _TYPE_AND_QOS == _PUBLISH_QOS_0
        return len(data)

    def flush(self) -> bool:
        """Hand over to the system what was gathered. False = it does not take all of it now.

        Raises:
            OSError: the connection is lost.
        """
        while self._gathered:
            try:
                sent = self.raw.send(self._gathered)
            except _NOT_NOW:
                self._is_full = True
                return False
            del self._gathered[:sent]
        self._is_full = False
        return True

    @property
    def has_unsent(self) -> bool:
        return bool(self._gathered)

    def recv(self, size: int) -> bytes:
        """As many bytes at most. Raises what the socket raises when there is nothing."""
        if self._at == len(self._arrived):
            self._arrived, self._at = self.raw.recv(_READ_BYTES), 0
        found = self._arrived[self._at : self._at + size]
        self._at += len(found)
        return found

    def pending(self) -> int:
        """Bytes that have arrived and for which the socket will not become readable any more."""
        ahead = len(self._arrived) - self._at
        return ahead + self.raw.pending() if isinstance(self.raw, ssl.SSLSocket) else ahead

    def close(self) -> None:
        self.raw.close()

    def fileno(self) -> int:
        number: int = self.raw.fileno()
        return number

    def setblocking(self, flag: bool) -> None:
        self.raw.setblocking(flag)

    def _send_last(self, data: bytes | bytearray) -> int:
        """DISCONNECT, after which paho closes the socket: nothing may be left here then."""
        if not self.flush():
            raise BlockingIOError
        sent: int = self.raw.send(data)
        return sent
