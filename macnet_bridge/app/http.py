"""`/healthz`, `/readyz` and `/metrics` for those who supervise the process. Nothing else is served."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from macnet_bridge.app.metrics.exposition import CONTENT_TYPE
from macnet_bridge.errors import ConfigError
from macnet_bridge.system_errors import os_reason

_REQUEST_LIMIT_S = 5.0
_ANSWER_LIMIT_S = 10.0
"""As Prometheus waits for an answer unless told otherwise."""

_METRICS = {b"/metrics": True, b"/metrics?channels=no": False}
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}

Readiness = Callable[[], dict[str, bool]]
"""What must be true for the bridge to be ready, by name."""


MetricsPage = Callable[[bool], Awaitable[bytes]]
"""Makes the text of `/metrics`, with the channels or without."""


async def serve_http(
    address: str, readiness: Readiness, metrics: MetricsPage | None = None
) -> asyncio.Server:
    """Listen at `host:port`; without `metrics` there is no `/metrics`.

    Raises:
        ConfigError: not an address, or it cannot be listened on.
    """
    host, port = host_and_port(address)
    try:
        return await asyncio.start_server(
            lambda reader, writer: _answer(reader, writer, readiness, metrics), host, port
        )
    except OSError as error:
        raise ConfigError(
            f'bridge.http: cannot listen on {address}: {os_reason(error)}; change it, or "" turns it off'
        ) from None


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of `host:port`. Raises ConfigError."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        raise ConfigError(f'bridge.http: {address!r} is not host:port; "" turns it off')
    return host, port


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    readiness: Readiness,
    metrics: MetricsPage | None,
) -> None:
    try:
        async with asyncio.timeout(_REQUEST_LIMIT_S):
            request = await reader.readuntil(b"\r\n\r\n")
        path = b"".join(request.split(b" ", 2)[1:2])
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            if metrics is not None and path in _METRICS:
                writer.write(_message(200, CONTENT_TYPE, await metrics(_METRICS[path])))
            else:
                writer.write(_response(path, readiness))
            await writer.drain()
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass  # whoever asks like this gets no answer
    finally:
        writer.close()


def _response(path: bytes, readiness: Readiness) -> bytes:
    if path == b"/healthz":
        status, content = 200, {"alive": True}
    elif path == b"/readyz":
        content = readiness()
        status = 200 if all(content.values()) else 503
    else:
        status, content = 404, {"there_is": False}
    return _message(status, "application/json", msgspec.json.encode(content))


def _message(status: int, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
