"""The text of `/metrics`, made in small pieces so that stops and reads go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain, islice

from macnet_bridge.app.metrics.catalogue import Families, of_bridge, of_channels
from macnet_bridge.app.metrics.exposition import lines
from macnet_bridge.app.metrics.figures import BridgeFigures, ChannelFigures

LINES_AT_ONCE = 250
"""After so many the rest of the bridge has its turn: about half a millisecond each."""


async def metrics_page(
    bridge: Callable[[], BridgeFigures],
    channels: Callable[[], Iterator[list[ChannelFigures]]],
    with_channels: bool,
) -> bytes:
    """The metrics of this moment.

    Args:
        channels: gives those of one cycler after the other.
        with_channels: whether the metrics that grow with the lab are wanted.
    """
    families: Families = of_bridge(bridge())
    if with_channels:
        families = chain(families, of_channels(await _gathered(channels())))
    text = lines(families)
    pieces = []
    while piece := "".join(islice(text, LINES_AT_ONCE)):
        pieces.append(piece)
        await asyncio.sleep(0)
    return "".join(pieces).encode()


async def _gathered(cyclers: Iterator[list[ChannelFigures]]) -> list[ChannelFigures]:
    found: list[ChannelFigures] = []
    for of_one in cyclers:
        found += of_one
        await asyncio.sleep(0)
    return found
