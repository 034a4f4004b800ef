"""Waiting for what never comes, and for nothing else: who answers has all the time that it takes."""

from __future__ import annotations

import itertools

import pytest

from macnet_bridge.macnet import udp
from macnet_bridge.macnet.transports import UdpTransport
from tests.patience import PATIENCE_S

SHORT_S = 0.1
"""How long silence is waited for."""


def echo_at_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the two ports at which replies by UDP may come in, nothing comes to the first one."""
    echoes, patience_s = udp._echoes, itertools.cycle([SHORT_S, PATIENCE_S])

    async def echoes_at_second(transport: UdpTransport) -> bool:
        monkeypatch.setattr(udp, "ECHO_S", next(patience_s))
        return await echoes(transport)

    monkeypatch.setattr(udp, "_echoes", echoes_at_second)
