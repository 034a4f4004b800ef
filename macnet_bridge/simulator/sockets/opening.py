"""Which port of a simulated cycler could not be opened."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

PortName = Literal["json_port", "tcp_port", "udp_port"]

_OF_THE_HOST = (None, errno.EADDRNOTAVAIL)
"""None: what asyncio says of an address that is not this computer's, since Python 3.13."""


class CannotListen(OSError):
    """A port is taken, or may not be used.

    Attributes:
        name: which of a cycler's ports.
        port: its number.
    """

    def __init__(self, name: PortName, port: int, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.name = name
        self.port = port


@contextmanager
def opening(name: PortName, port: int) -> Iterator[None]:
    """Around what listens at a port.

    Raises:
        CannotListen: what is wrong is the port; with the host it stays the error that it is.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno in _OF_THE_HOST:
            raise
        raise CannotListen(name, port, error) from error
