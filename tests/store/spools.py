"""Spools to test with, and messages to keep in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from macnet_bridge.store import Spool
from macnet_bridge.store.spool_tables import Message

ALL = 1 << 62
PAYLOAD = b'{"is_historical":false}' + b"x" * 400


@contextmanager
def spool_in(folder: Path, *, max_bytes: int = 64 << 20, max_age_s: float = 1e9) -> Iterator[Spool]:
    spool = Spool(folder, max_bytes=max_bytes, max_age_s=max_age_s)
    spool.open()
    try:
        yield spool
    finally:
        spool.close()


def messages(first: int, last: int, kept_at: float = 1000.0) -> list[Message]:
    return [Message(n, kept_at, f"t/{n % 8}", PAYLOAD) for n in range(first, last + 1)]


async def ids(spool: Spool) -> list[int]:
    return [message.id for message in await spool.oldest(0, ALL, 1_000_000)]
