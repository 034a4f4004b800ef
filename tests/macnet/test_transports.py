"""What a closed socket still does: nothing."""

from __future__ import annotations

import asyncio
import socket

from macnet_bridge.macnet.transports import TcpTransport
from tests.macnet.scripted_tester import HOST
from tests.patience import PATIENCE_S

REQUEST = b'{"jsonrpc":"2.0","method":"MacNet"}'
_WINDOW_BYTES = 2048
_MORE_THAN_THE_WINDOW = b" " * 500_000


async def test_what_the_network_has_not_taken_does_not_leave_after_closing() -> None:
    # A window that is full stands for a network that is away: the request waits in the system.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WINDOW_BYTES)
        listener.bind((HOST, 0))
        listener.listen()
        listener.setblocking(False)
        transport = await TcpTransport.connect(HOST, listener.getsockname()[1])
        peer, _ = await asyncio.get_running_loop().sock_accept(listener)
        with peer:
            transport.send(_MORE_THAN_THE_WINDOW)
            transport.send(REQUEST)
            transport.close()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn
            async with asyncio.timeout(PATIENCE_S):
                arrived = await _all_of(peer)
    assert REQUEST not in arrived
    assert len(arrived) < len(_MORE_THAN_THE_WINDOW)


async def _all_of(peer: socket.socket) -> bytes:
    arrived = b""
    try:
        while data := await asyncio.get_running_loop().sock_recv(peer, 1 << 16):
            arrived += data
    except ConnectionResetError:
        pass
    return arrived
