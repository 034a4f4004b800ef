"""A laboratory as the bridge's tests have it, and clients of it."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.client import BridgeClient
from tests.bridge.conftest import Lab, lab, own_lab

__all__ = ["lab", "own_lab"]


def client_of(lab: Lab, **options: Any) -> BridgeClient:
    """A client of the laboratory's broker, not yet connected."""
    if not lab.broker.supports_v5:
        options = {"protocol": "4", **options}
    return BridgeClient(f"mqtt://{lab.broker.host}:{lab.broker.port}", root=lab.root, **options)


@pytest.fixture(params=["5", "4"])
def protocol(request: pytest.FixtureRequest, lab: Lab) -> str:
    """Both versions of MQTT, where the broker knows both."""
    if request.param == "5" and not lab.broker.supports_v5:
        pytest.skip("this broker knows MQTT 3.1.1 only")
    return str(request.param)
