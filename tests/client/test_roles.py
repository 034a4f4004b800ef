"""The client as a user of a real Mosquitto, under the shipped access list."""

from __future__ import annotations

import shutil

import pytest

from macnet_bridge.client import BridgeClient, NotAllowed
from macnet_bridge.errors import BrokerError
from tests.bridge.test_roles import PASSWORDS, Site, place
from tests.brokers import NO_MOSQUITTO

__all__ = ["place"]
pytestmark = pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO)


@pytest.mark.parametrize("protocol", ["5", "4"])
async def test_a_service_commands_under_its_own_name(place: Site, protocol: str) -> None:
    url = f"mqtt://{place.broker.host}:{place.broker.port}"
    async with BridgeClient(
        url, username="service", password=PASSWORDS["service"], protocol="5" if protocol == "5" else "4"
    ) as lab:
        answer = await lab["lab1"][3].set_variable(variable=1, value=2.0)
        assert (answer.status, answer.principal) == ("done", "service")
        with pytest.raises(NotAllowed):
            await lab["lab1"][3].lock(reason="mine")
        assert (await lab.bridge("lab").ping()).status == "done"
        assert (await lab.suspend_all())["lab"].status == "done"


async def test_a_wrong_password_is_one_line(place: Site) -> None:
    url = f"mqtt://{place.broker.host}:{place.broker.port}"
    with pytest.raises(BrokerError, match="turns user service away"):
        async with BridgeClient(url, username="service", password="wrong", connect_timeout_s=2.0):
            pass
