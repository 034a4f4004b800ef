"""What a bridge says of itself, without a broker."""

from __future__ import annotations

from pathlib import Path

import msgspec

from macnet_bridge.app.about import About
from macnet_bridge.app.bridge import Bridge
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.app.load import logins, parse
from macnet_bridge.payloads.status import BridgeInfo

TEXT = """
[mqtt]
username = "secret-user"
password_file = "/run/secret-file"
password_env = "SECRET_VARIABLE"
ca_file = "/secret-ca"
cert_file = "/secret-cert"
key_file = "/secret-key"
[[commands.allow]]
principal = "alice"
commands = ["*"]
[[cycler]]
name = "lab1"
host = "127.0.0.1"
user = "secret-tester-user"
password_env = "SECRET_TESTER_VARIABLE"
[cycler.limits]
voltage_max_volt = 4.25
"""


async def test_no_secret_is_published(tmp_path: Path) -> None:
    config = parse(TEXT, "x")
    with DataDir(str(tmp_path)) as data:
        known = logins(config, {"SECRET_TESTER_VARIABLE": "secret-tester-word"})
        bridge = Bridge(config, password="secret-word", logins=known, data_dir=data)
        about = About(bridge.topics, bridge.identity, config, since=1.0, instance="i")
        text = about.info("5").payload.decode()
        info = msgspec.json.decode(text, type=BridgeInfo)
        assert "secret" not in text.lower()
        assert "secret-word" not in repr(bridge.broker.__dict__.get("_settings", ""))
        assert "secret-tester-word" not in repr(known)
    assert info.cyclers == ["lab1"]
    assert info.run == 1
    assert info.config["cycler"][0]["limits"]["voltage_max_volt"] == 4.25
    assert "start_test" in info.verbs["channel"]
    assert info.verbs["bridge"] == ["ping", "query", "cancel", "set_log_level"]
