"""Health over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from macnet_bridge.app.http import serve_http
from macnet_bridge.errors import ConfigError
from tests.patience import PATIENCE_S


async def ask(port: int, request: bytes) -> tuple[int, dict[str, Any]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    return int(head.split()[1]), json.loads(body)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def test_health_and_readiness() -> None:
    ready = {"broker": True, "cycler lab1": False}
    server = await serve_http("127.0.0.1:0", lambda: ready)
    port = server.sockets[0].getsockname()[1]
    assert await ask(port, get("/healthz")) == (200, {"alive": True})
    assert await ask(port, get("/readyz")) == (503, ready)
    ready["cycler lab1"] = True
    assert await ask(port, get("/readyz")) == (200, ready)
    for path in ("/", "/metricsx", "/healthz/", "//healthz", "/../healthz"):
        assert (await ask(port, get(path)))[0] == 404
    server.close()


async def test_metrics() -> None:
    async def page(with_channels: bool) -> bytes:
        return b"all\n" if with_channels else b"some\n"

    server = await serve_http("127.0.0.1:0", dict, page)
    port = server.sockets[0].getsockname()[1]
    for path, body in (("/metrics", b"all\n"), ("/metrics?channels=no", b"some\n")):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(path))
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        )
        assert answer.endswith(b"\r\n\r\n" + body)
    assert (await ask(port, get("/metricsx")))[0] == 404
    server.close()


@pytest.mark.parametrize(
    "request_", [b"x" * 100_000 + b"\r\n\r\n", b"\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b""]
)
async def test_what_is_no_request_does_no_harm(request_: bytes) -> None:
    server = await serve_http("127.0.0.1:0", dict)
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_)
    writer.close()
    assert (await ask(port, get("/healthz")))[0] == 200
    server.close()


@pytest.mark.parametrize("address", ["", "x", "127.0.0.1", ":9580", "127.0.0.1:x", "127.0.0.1:99999", "[::1"])
async def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ConfigError, match=r"bridge\.http"):
        await serve_http(address, dict)


async def test_an_address_that_is_taken() -> None:
    server = await serve_http("127.0.0.1:0", dict)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConfigError, match="cannot listen"):
        await serve_http(f"127.0.0.1:{port}", dict)
    server.close()
