"""What the operating system should do for the broker's socket, and the TLS context."""

from __future__ import annotations

import socket
import ssl

from macnet_bridge.broker.messages import BrokerSettings
from macnet_bridge.errors import BrokerError

DEAD_PEER_MS = 3_000


def tune(sock: socket.socket) -> None:
    """Send small packets at once, and give up on a peer that confirms nothing for 3 s."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, DEAD_PEER_MS)
    acknowledge_at_once(sock)


def acknowledge_at_once(sock: socket.socket) -> None:
    """Let TCP confirm what was read without delay, where the system can.

    A broker without NODELAY waits for that confirmation before it sends on, 40 ms at worst.
    The kernel forgets the setting, so it has to be renewed after each read.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, 1)


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """The context for an mqtts URL, None for mqtt. Raises BrokerError for files that do not serve."""
    if not settings.endpoint.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file or None)
    except OSError as error:
        names = settings.names
        raise BrokerError(
            f"check {names.ca_file}, {names.cert_file} and {names.key_file}: {error}"
        ) from error
    return context
