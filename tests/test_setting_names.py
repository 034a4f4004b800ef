"""Errors about the broker name what whoever meets them can change."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.broker import IN_CONFIGURATION, BrokerSettings, Listener
from macnet_bridge.broker.messages import Endpoint
from macnet_bridge.broker.reasons import PERHAPS_NO_BROKER, unreachable
from macnet_bridge.cli.broker_options import BrokerOptions, names_of
from macnet_bridge.client import BridgeClient, SettingNames
from macnet_bridge.errors import BrokerError, ConfigError
from tests.brokers import RunningBroker, free_port
from tests.patience import PATIENCE_S

MINE = SettingNames(url="--broker", username="--user")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("nothing listens at h:1; correct mqtt.url", "nothing listens at h:1; correct --broker"),
        ("check mqtt.username and the password", "check --user and the password"),
        ("no certificate, set mqtt.ca_file: it is old", "no certificate, set ca_file: it is old"),
        ("check mqtt.cert_file and mqtt.key_file.", "check cert_file and key_file."),
        (
            PERHAPS_NO_BROKER,
            "perhaps it is no MQTT broker: see host, port and, for TLS, mqtts:// of --broker",
        ),
        ("cannot reach mqtt.url.lab:1883", "cannot reach mqtt.url.lab:1883"),
        ("cannot reach mqtt.url:1883", "cannot reach mqtt.url:1883"),
        ("cannot reach my-mqtt.url", "cannot reach my-mqtt.url"),
        ("see mqtt.root", "see mqtt.root"),
    ],
)
def test_names_are_put_into_a_reason(reason: str, told: str) -> None:
    assert MINE.put_into(reason) == told
    assert IN_CONFIGURATION.put_into(reason) == reason


@given(st.text())
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert SettingNames().put_into(text) == text


def test_a_certificate_that_is_not_trusted() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    reason = str(unreachable(Endpoint("lab", 8883, True), error))
    assert SettingNames().put_into(reason) == (
        "the certificate of lab:8883 is not trusted, set ca_file: self-signed certificate"
    )


async def test_of_a_subscriber() -> None:
    reasons: asyncio.Queue[str] = asyncio.Queue()
    port = free_port()
    settings = BrokerSettings(f"mqtt://127.0.0.1:{port}", "listener", names=MINE)
    running = asyncio.create_task(Listener(settings, ["x"], on_lost=reasons.put_nowait).run())
    async with asyncio.timeout(PATIENCE_S):
        reason = await reasons.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert reason == f"nothing listens at 127.0.0.1:{port}; start the broker, or correct --broker"


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (BridgeClient("http://127.0.0.1"), "url"),
        (BridgeClient("http://127.0.0.1", names=MINE), "--broker"),
    ],
    ids=["url", "--broker"],
)
async def test_of_a_client(client: BridgeClient, name: str) -> None:
    with pytest.raises(ConfigError) as problem:
        async with client:
            pass
    assert str(problem.value) == (
        f"{name} must look like mqtt://host:1883 or mqtts://host:8883, without a user"
    )


async def test_of_a_clients_certificates(broker: RunningBroker) -> None:
    with pytest.raises(BrokerError, match=r"^check ca_file, cert_file and key_file: "):
        async with BridgeClient(f"mqtts://{broker.host}:{broker.port}", ca_file="/nowhere/ca.crt"):
            pass


@pytest.mark.parametrize(
    ("path", "url", "username", "names"),
    [
        (None, None, None, ("--url", "--username", "mqtt.ca_file in a file for -c")),
        (None, "mqtt://b", "v", ("--url", "--username", "mqtt.ca_file in a file for -c")),
        ("b.toml", None, None, ("mqtt.url", "mqtt.username", "mqtt.ca_file")),
        ("b.toml", "mqtt://b", None, ("--url", "mqtt.username", "mqtt.ca_file")),
        ("b.toml", None, "v", ("mqtt.url", "--username", "mqtt.ca_file")),
    ],
)
def test_of_a_command(
    path: str | None, url: str | None, username: str | None, names: tuple[str, ...]
) -> None:
    found = names_of(BrokerOptions(path, url, username, None, None))
    assert (found.url, found.username, found.ca_file) == names
