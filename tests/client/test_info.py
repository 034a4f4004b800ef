"""What bridge and cycler say of themselves, asked once."""

from __future__ import annotations

import pytest

from macnet_bridge import __version__
from macnet_bridge.client import NothingPublished
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.client.conftest import client_of


async def test_a_bridge_tells_its_cyclers_and_a_cycler_its_channels(lab: Lab, protocol: str) -> None:
    await lab.bridge(cycler_table(await lab.cycler(3)))
    await lab.online(await lab.peer())
    async with client_of(lab, protocol=protocol) as client:
        bridge = await client.bridge("lab").info()
        assert (bridge.cyclers, bridge.version) == (["lab1"], __version__)
        cycler = await client["lab1"].info()
        assert (cycler.channels, cycler.bridge) == ([1, 2, 3], "lab")
        # Asked once more, it is told once more; perhaps more of it, as the bridge goes on reading.
        assert (await client["lab1"].info()).channels == [1, 2, 3]


async def test_after_asking_a_bridge_it_still_counts_as_online(lab: Lab) -> None:
    await lab.bridge(cycler_table(await lab.cycler(1)))
    await lab.online(await lab.peer())
    async with client_of(lab) as client:
        await client.bridge("lab").info()
        assert {name: answer.status for name, answer in (await client.suspend_all()).items()} == {
            "lab": "done"
        }
        assert client._link.bridges.serving == {"lab"}


async def test_nobody_of_that_name_is_one_line(lab: Lab) -> None:
    async with client_of(lab) as client:
        with pytest.raises(NothingPublished, match=r"nobody/info within 0\.2 s: look at the name") as caught:
            await client["nobody"].info(timeout_s=0.2)
        assert caught.value.topic == f"{lab.root}/nobody/info"
        with pytest.raises(NothingPublished, match="bridge/nobody/info"):
            await client.bridge("nobody").info(timeout_s=0.2)
