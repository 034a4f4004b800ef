"""Testers that want a log-in: MacNet (8, 1) on every connection, and no word of the password anywhere."""

from __future__ import annotations

import logging

import pytest

from macnet_bridge.errors import ConfigError
from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table

USERS = Behaviour(users={"robin": "open sesame"})
LOGIN = 'user = "robin"\npassword_env = "TESTER_PASSWORD"'


async def test_commands_and_readings_of_a_tester_with_log_in(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TESTER_PASSWORD", "open sesame")
    cycler = await lab.cycler(2, behaviour=USERS)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler, more=LOGIN))
    assert (await lab.online(peer))["state"] == "online"
    base = f"{lab.root}/lab1/1/cmd"
    answer = await peer.command(f"{base}/set_variable", {"id": "v", "args": {"variable": 1, "value": 2}})
    assert (answer["status"], answer["verified"]) == ("done", "read_back")
    # By the binary port, which is a connection of its own, and after all were lost.
    assert (await peer.command(f"{base}/macnet", {"id": "b", "args": {"fclass": 4, "fnum": 11}}))[
        "status"
    ] == "done"
    logins = len(cycler.received.of(8, 1))
    cycler.disconnect_all()
    assert (await peer.command(f"{base}/read_status", {"id": "r"}))["status"] == "done"
    assert len(cycler.received.of(8, 1)) > logins
    info = await peer.wait(lambda seen: seen.topic == f"{lab.root}/bridge/lab/info")
    assert not {word for word in (b"password_env", b"robin") if word in info.payload}
    for seen in peer.seen:
        assert b"sesame" not in seen.payload
        assert b"TESTER_PASSWORD" not in seen.payload
    assert "lab1: MacNet (8, 1) login: a reply after" in caplog.text
    assert "sesame" not in caplog.text


async def test_a_wrong_password(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TESTER_PASSWORD", "close sesame")
    cycler = await lab.cycler(2, behaviour=USERS)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler, more=LOGIN))
    topic = f"{lab.root}/lab1/status"
    status = await peer.wait(lambda seen: seen.topic == topic and b"user and password" in seen.payload)
    assert status.json["state"] == "offline"
    assert "does not take this user and password" in status.json["reason"]
    answer = await peer.command(f"{lab.root}/lab1/1/cmd/suspend", {"id": "s"})
    assert (answer["status"], answer["error"]["code"]) == ("rejected", "LOGIN_FAILED")
    assert not cycler.received.of(6, 3)
    assert "sesame" not in caplog.text


async def test_a_password_that_is_not_there(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTER_PASSWORD", raising=False)
    cycler = await lab.cycler(2, behaviour=USERS)
    with pytest.raises(ConfigError, match="the environment has no TESTER_PASSWORD"):
        await lab.bridge(cycler_table(cycler, more=LOGIN))
    process = lab.process(cycler_table(cycler, more=LOGIN))
    process.start()
    assert process.wait() != 0
    assert "the environment has no TESTER_PASSWORD" in process.log
    assert "Traceback" not in process.log
