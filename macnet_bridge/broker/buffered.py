"""A socket for paho that gathers what is written, and reads ahead.

paho writes every packet by itself, and reads each in three pieces. A system call costs about as much
as all else that is done for a small message. So packets are gathered here, and leave together at the
end of the turn; and one read takes all that has arrived.

paho also makes several objects of each packet. So those that are many are taken out between the
packets that it reads: PUBACKs, and PUBLISH that has arrived as a whole.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from macnet_bridge.broker import packets
from macnet_bridge.broker.packets import Confirmation

GATHERED_BYTES = 1 << 16
"""More than this is not taken before some of it has left; paho keeps the rest."""

_READ_BYTES = 1 << 16
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_TYPE_AND_QOS = 0b1111_0110
_PUBLISH_QOS_0 = 0b0011_0000
_DISCONNECT = 0xE0


class Boundary:
    """Where packets begin in what paho reads: its first byte, its length byte by byte, then the rest.

    Attributes:
        is_here: the next byte is the first of a packet.
    """

    def __init__(self) -> None:
        self.is_here = True
        self._is_length = False
        self._left = 0
        self._shift = 0

    def passed(self, data: bytes) -> None:
        """So much was read, at most to the end of the length or of the packet."""
        if not data:
            return
        if self.is_here:
            self.is_here, self._is_length, self._left, self._shift = False, True, 0, 0
        elif self._is_length:
            self._left |= (data[0] & 0x7F) << self._shift
            self._shift += 7
            self._is_length = data[0] >= 0x80
            self.is_here = not self._is_length and not self._left
        else:
            self._left -= len(data)
            self.is_here = not self._left


class BufferedSocket:
    """What paho uses of a socket.

    Attributes:
        raw: the socket itself.
        published: PUBLISH packets with QoS 0 that were taken since somebody set this to 0.
        confirmed: PUBACKs that came since somebody emptied this.
    """

    def __init__(self, raw: Any, take: Callable[[int, bytes], bool] = lambda first, body: False) -> None:
        """
        Args:
            take: is given the first byte and the body of a PUBLISH; False leaves the packet to paho. It
                must not raise.
        """
        self.raw = raw
        self._take = take
        self.published = 0
        self.confirmed: list[Confirmation] = []
        self._boundary = Boundary()
        self._is_cut = False
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
        self.append(data)
        return len(data)

    def append(self, packet: bytes | bytearray) -> None:
        """Take a packet in any case, after all before it. Whoever does so has to bound it."""
        self._gathered += packet
        self.published += packet[0] & _TYPE_AND_QOS == _PUBLISH_QOS_0

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
        """As many bytes at most. Raises what the socket raises when there is nothing for paho now."""
        if self._is_cut or self._at == len(self._arrived):
            # Nothing is left but the beginning of a PUBACK, if that.
            data = self.raw.recv(_READ_BYTES)
            self._arrived, self._at = self._arrived[self._at :] + data if data else data, 0
        if self._boundary.is_here and (self._take_confirmations() or self._take_message()):
            raise BlockingIOError
        found = self._arrived[self._at : self._at + size]
        self._at += len(found)
        self._boundary.passed(found)
        return found

    def _take_confirmations(self) -> bool:
        """Take out the PUBACKs that come next. True = there was nothing else."""
        data, before = self._arrived, self._at
        self._is_cut = False
        while self._at < len(data) and packets.is_confirmation(data, self._at):
            try:
                found = packets.confirmation(data, self._at)
            except ValueError:
                return False  # paho knows how to end this
            if found is None:
                self._is_cut = True
                return True
            self.confirmed.append(found)
            self._at = found.end
        return before < self._at == len(data)

    def _take_message(self) -> bool:
        """Take out the PUBLISH that comes next, one at a time: whoever gets it may want to read no more."""
        data, at = self._arrived, self._at
        if at == len(data) or not packets.is_publish(data, at) or (found := packets.body(data, at)) is None:
            return False
        start, end = found
        if not self._take(data[at], data[start:end]):
            return False
        self._at = end
        return True

    def pending(self) -> int:
        """Bytes that have arrived and for which the socket will not become readable any more."""
        ahead = 0 if self._is_cut else len(self._arrived) - self._at
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
