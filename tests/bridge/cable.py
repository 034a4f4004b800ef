"""A cable between one client and the broker, to be pulled and put back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class Cable:
    """Listens on a port of its own, and passes on what comes while it is plugged in."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._is_plugged_in = True
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pull()
        self._server.close()

    def put_into(self, configuration: str) -> str:
        """The configuration of a bridge that is connected by this cable."""
        host, port = self._there
        return configuration.replace(f"{host}:{port}", f"127.0.0.1:{self.port}", 1)

    def pull(self) -> None:
        """Both ends see their connection closed, and no new one passes."""
        self._is_plugged_in = False
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def put_back(self) -> None:
        self._is_plugged_in = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_plugged_in:
            writer.close()
            return
        there, back = await asyncio.open_connection(*self._there)
        self._writers += [writer, back]
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
