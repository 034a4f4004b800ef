"""The configuration file, and what people get to read when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from macnet_bridge.app import wiring
from macnet_bridge.app.config import Config
from macnet_bridge.app.load import load, logins, parse, password
from macnet_bridge.app.places import lines_of
from macnet_bridge.commands.limits import Limits
from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet.protocol.messages import Login
from macnet_bridge.telemetry.dues import Intervals

CYCLER = '[[cycler]]\nname = "lab1"\nhost = "10.0.0.17"\n'
OTHER = '[[cycler]]\nname = "lab2"\nhost = "10.0.0.18"\n'
LIMITS = "[cycler.limits]\n"

FULL = """
[bridge]
name = "lab"
data_dir = "/var/lib/macnet-bridge"
http = "127.0.0.1:9580"

[mqtt]
url = "mqtt://127.0.0.1:1883"
protocol = "auto"
root = "macnet"
username = "bridge"
password_file = "/run/secrets/mqtt"
ca_file = ""
cert_file = ""
key_file = ""
keepalive_s = 10
reply_prefixes = []

[telemetry]
sweep_interval_s = 1.0
active_interval_s = 1.0
idle_interval_s = 60.0
aux_interval_s = 60.0
variables_interval_s = 0
deadband = { voltage_volt = 0.0, current_ampere = 0.0, max_interval_s = 60.0 }
qos = 1
[telemetry.spool]
max_mb = 512
max_age_h = 168

[commands]
timeout_s = 5.0
max_ttl_s = 60
journal_days = 30
require_expiry = false
stop_needs_rule = false
[[commands.allow]]
principal = "*"
cyclers = ["lab1"]
channels = "1-64"
commands = ["read_*", "start_test"]

[[cycler]]
name = "lab1"
host = "10.0.0.17"
json_port = 57570
tcp_port = 57560
udp_port = 57550
transport = "auto"
channels = "all"
user = ""
password_env = ""
current_sign = "auto"
direct_watchdog_s = 0
output_interval_ms = 150
c_rate_ah = 0.0
quirks = []
[cycler.limits]
voltage_max_volt = 4.25
voltage_min_volt = 2.5
charge_max_ampere = 5.0
discharge_max_ampere = 5.0
power_max_watt = 25.0
[cycler.channel.5]
limits = { voltage_max_volt = 3.65 }
"""
"""Every key that there is, at its default where it has one."""


def complaint(text: str, **environment: str) -> str:
    with pytest.raises(ConfigError) as wrong:
        parse(text, "bridge.toml", environment)
    assert "\n" not in str(wrong.value)
    return str(wrong.value)


# --- what is right


def test_every_key() -> None:
    config = parse(FULL, "bridge.toml")
    (cycler,) = config.cycler
    assert cycler.limits.voltage_max_volt == 4.25
    assert cycler.channel["5"].limits.voltage_max_volt == 3.65
    assert config.commands.allow[0].commands == ["read_*", "start_test"]


def test_the_defaults_are_those_of_the_full_file() -> None:
    plain = re.sub(r"(?ms)^\[\[commands.allow.*", "", FULL) + CYCLER
    found, short = parse(plain, "x"), parse(CYCLER, "x")
    assert found.telemetry == short.telemetry
    assert found.commands == short.commands
    assert found.bridge == msgspec.structs.replace(short.bridge, data_dir="/var/lib/macnet-bridge")
    shown = msgspec.structs.replace(short.mqtt, username="bridge", password_file="/run/secrets/mqtt")
    assert found.mqtt == shown


def test_where_values_go() -> None:
    text = FULL + "\n[cycler.telemetry]\nactive_interval_s = 0.5\nqos = 0\n"
    config = parse(text, "bridge.toml")
    (cycler,) = config.cycler
    assert wiring.intervals(cycler, config) == Intervals(1.0, 0.5, 60.0, 60.0, 0.0)
    assert wiring.qos(cycler, config) == 0
    rules = wiring.command_rules(config)
    assert rules.max_ttl_s == 60
    assert rules.cyclers["lab1"].limits_of(5) == msgspec.structs.replace(cycler.limits, voltage_max_volt=3.65)
    assert rules.cyclers["lab1"].limits_of(6) == cycler.limits
    (rule,) = rules.permission.rules
    assert rule.channels == frozenset(range(1, 65))
    tester = wiring.tester(cycler, config, None)
    assert (tester.name, tester.served, tester.cycler.timeout_s) == ("lab1", None, 5.0)
    settings = wiring.broker_settings(config, "secret")
    assert settings.client_id == "macnet-bridge-lab"
    assert settings.max_incoming_bytes > 512 * 1024
    assert "secret" not in repr(settings)


def test_an_interval_of_zero_is_no_default() -> None:
    config = parse(CYCLER + "[cycler.telemetry]\nsweep_interval_s = 0\nqos = 0\n", "x")
    assert wiring.intervals(config.cycler[0], config).sweep_s == 0
    assert wiring.qos(config.cycler[0], config) == 0


# --- the environment


def test_variables_replace_keys() -> None:
    config = parse(
        CYCLER,
        "x",
        {
            "MACNET_MQTT_URL": "mqtt://broker:1884",
            "MACNET_MQTT_KEEPALIVE_S": "20",
            "MACNET_MQTT_REPLY_PREFIXES": '["flows"]',
            "MACNET_BRIDGE_DATA_DIR": "/data",
            "MACNET_BRIDGE_HTTP": "",
            "MACNET_TELEMETRY_QOS": "0",
            "MACNET_TELEMETRY_SWEEP_INTERVAL_S": "0.5",
            "MACNET_COMMANDS_REQUIRE_EXPIRY": "true",
            "MACNET_CONFIG": "elsewhere",
            "MACNET_TEST_BROKER": "embedded",
            "OTHER_MQTT_URL": "no",
            "HOME": "/root",
        },
    )
    assert (config.mqtt.url, config.mqtt.keepalive_s) == ("mqtt://broker:1884", 20)
    assert config.mqtt.reply_prefixes == ["flows"]
    assert (config.bridge.data_dir, config.bridge.http) == ("/data", "")
    assert (config.telemetry.qos, config.telemetry.sweep_interval_s) == (0, 0.5)
    assert config.commands.require_expiry


def test_variables_win_over_the_file() -> None:
    text = '[mqtt]\nusername = "a"\nkeepalive_s = 30\n' + CYCLER
    config = parse(text, "x", {"MACNET_MQTT_USERNAME": "b"})
    assert (config.mqtt.username, config.mqtt.keepalive_s) == ("b", 30)


@pytest.mark.parametrize("name", ["12", "true", "1.5", "[x]", "2026-11-22", '"quoted"', ""])
def test_texts_are_taken_as_they_are(name: str) -> None:
    assert parse(CYCLER, "x", {"MACNET_MQTT_USERNAME": name}).mqtt.username == name


def test_the_version_of_mqtt_looks_like_a_number() -> None:
    assert parse(CYCLER, "x", {"MACNET_MQTT_PROTOCOL": "5"}).mqtt.protocol == "5"


def test_a_wrong_variable_is_named() -> None:
    assert complaint(CYCLER, MACNET_MQTT_KEEPALIVE_S="soon").startswith(
        "environment variable MACNET_MQTT_KEEPALIVE_S: mqtt.keepalive_s"
    )
    found = complaint(CYCLER, MACNET_MQTT_USERNAM="x")
    assert (
        found
        == "environment variable MACNET_MQTT_USERNAM: unknown key 'mqtt.usernam'; did you mean 'username'?"
    )
    assert complaint(CYCLER, MACNET_COMMANDS_JOURNAL_DAYS="0.5").startswith(
        "environment variable MACNET_COMMANDS_JOURNAL_DAYS: commands.journal_days"
    )
    assert complaint(CYCLER, MACNET_MQTT_REPLY_PREFIXES='["/"]').startswith(
        "environment variable MACNET_MQTT_REPLY_PREFIXES: mqtt.reply_prefixes: '/'"
    )
    assert complaint(CYCLER, MACNET_BRIDGE_NAME="all").startswith("environment variable MACNET_BRIDGE_NAME:")
    assert complaint(CYCLER + CYCLER, MACNET_BRIDGE_NAME="a").startswith("bridge.toml: two cyclers")
    assert "mqtt" in complaint("mqtt = 5\n" + CYCLER, MACNET_MQTT_URL="mqtt://a")


# --- unknown keys


@pytest.mark.parametrize(
    ("text", "line", "key", "nearest"),
    [
        ("[comands]\n" + CYCLER, 1, "comands", "commands"),
        (CYCLER + 'chanels = "1"\n', 4, "cycler[0].chanels", "channels"),
        (CYCLER + OTHER + 'chanels = "1"\n', 7, "cycler[1].chanels", "channels"),
        (CYCLER + 'chanels = "1"\n' + OTHER + 'chanels = "1"\n', 4, "cycler[0].chanels", "channels"),
        (
            CYCLER + "[cycler.limits]\nvoltage_max = 1\n",
            5,
            "cycler[0].limits.voltage_max",
            "voltage_max_volt",
        ),
        (CYCLER + "limits = { voltage_max = 1 }\n", 4, "cycler[0].limits.voltage_max", "voltage_max_volt"),
        (CYCLER + "[cycler.channel.5]\nlimit = {}\n", 5, "cycler[0].channel[...].limit", "limits"),
        (
            CYCLER + "[cycler.channel.5.limits]\npower_max = 1\n",
            5,
            "cycler[0].channel[...].limits.power_max",
            "power_max_watt",
        ),
        (CYCLER + "[cycler.telemtry]\n", 4, "cycler[0].telemtry", "telemetry"),
        (
            '[[commands.allow]]\nprincipal = "*"\ncomands = []\n' + CYCLER,
            3,
            "commands.allow[0].comands",
            "commands",
        ),
        ("[commands]\ntimeout_s = 5\n[mqtt]\ntimeout_s = 5\n" + CYCLER, 4, "mqtt.timeout_s", None),
        ("[telemetry.spool]\nmax_gb = 5\n" + CYCLER, 2, "telemetry.spool.max_gb", "max_mb"),
        ("[telemetry]\ndeadband = {volt = 1}\n" + CYCLER, 2, "telemetry.deadband.volt", "voltage_volt"),
        ("nonsense = 1\n" + CYCLER, 1, "nonsense", None),
        ("[a.b]\n" + CYCLER, 1, "a", None),
    ],
)
def test_unknown_keys(text: str, line: int, key: str, nearest: str | None) -> None:
    hint = f"; did you mean {nearest!r}?" if nearest else "; there are "
    assert complaint(text).startswith(f"bridge.toml, line {line}: unknown key {key!r}{hint}")


# --- wrong values


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("[bridge]\nname = 5\n" + CYCLER, "bridge.toml, line 2: bridge.name:"),
        ('[bridge]\nname = "Lab"\n' + CYCLER, "bridge.toml, line 2: bridge.name:"),
        ('[bridge]\nname = "lab\\n"\n' + CYCLER, "bridge.toml, line 2: bridge.name:"),
        ('[mqtt]\nroot = "a/+"\n' + CYCLER, "bridge.toml, line 2: mqtt.root:"),
        ('[mqtt]\nroot = "/a"\n' + CYCLER, "bridge.toml, line 2: mqtt.root:"),
        ('[mqtt]\nroot = "a/"\n' + CYCLER, "bridge.toml, line 2: mqtt.root:"),
        ('[mqtt]\nroot = ""\n' + CYCLER, "bridge.toml, line 2: mqtt.root:"),
        ('[mqtt]\nprotocol = "3"\n' + CYCLER, "bridge.toml, line 2: mqtt.protocol:"),
        ("[telemetry]\nqos = 2\n" + CYCLER, "bridge.toml, line 2: telemetry.qos:"),
        ("[telemetry]\nsweep_interval_s = -1\n" + CYCLER, "bridge.toml, line 2: telemetry.sweep_interval_s:"),
        (
            "[telemetry]\nsweep_interval_s = nan\n" + CYCLER,
            "bridge.toml, line 2: telemetry.sweep_interval_s:",
        ),
        ("[commands]\ntimeout_s = 0\n" + CYCLER, "bridge.toml, line 2: commands.timeout_s:"),
        (CYCLER + "json_port = 0\n", "bridge.toml, line 4: cycler[0].json_port:"),
        (CYCLER + "json_port = 65536\n", "bridge.toml, line 4: cycler[0].json_port:"),
        (CYCLER + OTHER + "json_port = 0\n", "bridge.toml, line 7: cycler[1].json_port:"),
        (CYCLER + 'quirks = ["odd"]\n', "bridge.toml, line 4: cycler[0].quirks[0]:"),
        (CYCLER + "output_interval_ms = 99\n", "bridge.toml, line 4: cycler[0].output_interval_ms:"),
        ('[[cycler]]\nname = "a"\n', "bridge.toml, line 1: cycler[0]: Object missing required field `host`"),
        ("mqtt = 5\n" + CYCLER, "bridge.toml, line 1: mqtt:"),
        ("[cycler]\n", "bridge.toml, line 1: cycler:"),
        ("a = [1\n", "bridge.toml: not TOML: "),
        ("[a]\n[a]\n", "bridge.toml: not TOML: "),
        ("", "bridge.toml: no [[cycler]] is configured"),
    ],
)
def test_wrong_values(text: str, start: str) -> None:
    assert complaint(text).startswith(start)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[bridge]\nname = "all"\n' + CYCLER, "reserved"),
        (CYCLER.replace("lab1", "bridge"), "reserved"),
        (CYCLER.replace("lab1", "reply"), "reserved"),
        (CYCLER + CYCLER.replace("17", "18"), "two cyclers are called 'lab1'"),
        (
            CYCLER + CYCLER.replace("lab1", "lab2"),
            "cycler lab2: json_port: 10.0.0.17:57570 is json_port of cycler lab1",
        ),
        (
            CYCLER + CYCLER.replace("lab1", "lab2") + "json_port = 5\nudp_port = 6\n",
            "cycler lab2: tcp_port: 10.0.0.17:57560 is tcp_port of cycler lab1",
        ),
        (
            CYCLER.replace("10.0.0.17", "Host") + OTHER.replace("10.0.0.18", "host"),
            "cycler lab2: json_port: host:57570 is json_port of cycler lab1",
        ),
        (CYCLER + "tcp_port = 57570\n", "tcp_port: 10.0.0.17:57570 is json_port of cycler lab1"),
        (CYCLER + "json_port = 57560\n", "tcp_port: 10.0.0.17:57560 is json_port of cycler lab1"),
        (CYCLER + 'channels = "0-4"\n', "cycler lab1: channels '0-4'"),
        (CYCLER + 'channels = "x"\n', "cycler lab1: channels 'x'"),
        (
            '[[commands.allow]]\nprincipal = "*"\ncommands = []\nchannels = "x"\n' + CYCLER,
            "commands.allow: chan",
        ),
        ('[[commands.allow]]\nprincipal = "A"\ncommands = []\n' + CYCLER, "commands.allow: principal 'A'"),
        (
            '[[commands.allow]]\nprincipal = "*"\ncommands = []\ncyclers = ["x"]\n' + CYCLER,
            "commands.allow: cyclers ['x'] are not configured",
        ),
        (CYCLER + "[cycler.channel.0]\n", "[cycler.channel.0] is no channel"),
        (CYCLER + "[cycler.channel.x]\n", "[cycler.channel.x] is no channel"),
        (CYCLER + "[cycler.channel.05]\n", "[cycler.channel.05] is no channel"),
        (CYCLER + "limits = { voltage_max_volt = nan }\n", "limits.voltage_max_volt: nan"),
        (CYCLER + "limits = { power_max_watt = inf }\n", "limits.power_max_watt: inf"),
        (CYCLER + "limits = { charge_max_ampere = -1 }\n", "magnitudes"),
        (CYCLER + "limits = { voltage_max_volt = 2, voltage_min_volt = 3 }\n", "is not below"),
        (
            CYCLER
            + LIMITS
            + "voltage_min_volt = 3\n[cycler.channel.5]\nlimits = { voltage_max_volt = 2.9 }\n",
            "channel.5.limits, with the cycler's: voltage_min_volt 3 is not below voltage_max_volt 2.9",
        ),
        ('[bridge]\nhttp = "9580"\n' + CYCLER, "bridge.http: '9580' is not host:port"),
        ('[bridge]\nhttp = "127.0.0.1:99999"\n' + CYCLER, "bridge.http: '127.0.0.1:99999' is not host:port"),
        (
            CYCLER
            + LIMITS
            + "voltage_max_volt = 4\n[cycler.channel.5]\nlimits = { voltage_max_volt = 4.1 }\n",
            "channel.5.limits.voltage_max_volt is wider",
        ),
        (
            CYCLER
            + LIMITS
            + "voltage_min_volt = 3\n[cycler.channel.5]\nlimits = { voltage_min_volt = 2.9 }\n",
            "channel.5.limits.voltage_min_volt is wider",
        ),
        ('[mqtt]\nreply_prefixes = [""]\n' + CYCLER, "mqtt.reply_prefixes: ''"),
        ('[mqtt]\nreply_prefixes = ["/"]\n' + CYCLER, "mqtt.reply_prefixes: '/'"),
        ('[mqtt]\nreply_prefixes = ["a/#"]\n' + CYCLER, "mqtt.reply_prefixes: 'a/#'"),
        ('[mqtt]\nreply_prefixes = ["macnet"]\n' + CYCLER, "the bridge's own topics"),
        ('[mqtt]\nreply_prefixes = ["macnet/lab1/1/cmd"]\n' + CYCLER, "the bridge's own topics"),
        ('[mqtt]\nroot = "a/b"\nreply_prefixes = ["a"]\n' + CYCLER, "the bridge's own topics"),
    ],
)
def test_what_types_cannot_say(text: str, words: str) -> None:
    assert words in complaint(text)


def test_reply_prefixes_that_are_fine() -> None:
    text = '[mqtt]\nroot = "a/b"\nreply_prefixes = ["flows", "a/c", "a/bx", "a/b/reply/x"]\n' + CYCLER
    assert len(parse(text, "x").mqtt.reply_prefixes) == 4


def test_auxiliary_inputs() -> None:
    text = CYCLER + "[cycler.telemetry]\naux_interval_s = 5\nvariables_interval_s = 7\n"
    text += "[cycler.channel.5]\naux = { 1 = 'surface_temperature_celsius', 3 = 'pressure' }\n"
    config = parse(text, "x")
    cycler = config.cycler[0]
    assert wiring.intervals(cycler, config) == Intervals(1.0, 1.0, 60.0, 5.0, 7.0)
    assert wiring.aux_names(cycler) == {5: {1: "surface_temperature_celsius", 3: "pressure"}}


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ("{ x = 'y' }", "'x' is no input"),
        ("{ 0 = 'y' }", "'0' is no input"),
        ("{ 1 = '' }", "input 1 needs a name"),
        ("{ 1 = 'aux_2' }", "input 1 needs a name"),
        ("{ 1 = 'y', 2 = 'y' }", "two inputs have the same name"),
    ],
)
def test_names_of_inputs_that_cannot_be(names: str, wrong: str) -> None:
    assert wrong in complaint(f"{CYCLER}[cycler.channel.5]\naux = {names}\n")


# --- files


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "bridge.toml"
    with pytest.raises(ConfigError, match="cannot read"):
        load(file, {})
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file, {})
    file.write_text(CYCLER, encoding="utf-8")
    assert load(file, {}).cycler[0].name == "lab1"


def test_log_in_at_a_tester() -> None:
    assert logins(parse(CYCLER, "x"), {}) == {}
    text = CYCLER + 'user = "robin"\npassword_env = "LAB1"\n'
    config = parse(text, "x")
    known = logins(config, {"LAB1": " no secret "})
    assert known == {"lab1": Login(user="robin", password=" no secret ")}
    assert "no secret" not in repr(known)
    with pytest.raises(ConfigError, match="cycler lab1: password_env: the environment has no LAB1"):
        logins(config, {"lab1": "x"})
    for password_ in ("pä ss", "x" * 256):
        with pytest.raises(ConfigError, match="cycler lab1: password_env: LAB1 is no password") as wrong:
            logins(config, {"LAB1": password_})
        assert password_ not in str(wrong.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('user = "robin"\n', "cycler lab1: password_env is missing"),
        ('password_env = "LAB1"\n', "cycler lab1: user is missing"),
        ('user = "r\\u00f6bin"\npassword_env = "LAB1"\n', "user: Expected a name that MacNet can carry"),
    ],
)
def test_half_a_log_in(more: str, words: str) -> None:
    assert words in complaint(CYCLER + more)


def with_mqtt(**keys: str) -> Config:
    lines = [f"{key} = {value!r}" for key, value in keys.items()]
    return parse("[mqtt]\n" + "\n".join(lines) + "\n" + CYCLER, "x")


def test_the_password(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes("pä ss \r\n".encode())
    assert password(with_mqtt(password_file=str(file)), {}) == "pä ss "
    assert password(with_mqtt(password_env="SECRET"), {"SECRET": "x "}) == "x "
    assert password(with_mqtt(), {}) == ""
    with pytest.raises(ConfigError, match="has no SECRET"):
        password(with_mqtt(password_env="SECRET"), {})
    with pytest.raises(ConfigError, match="cannot read"):
        password(with_mqtt(password_file=str(tmp_path / "none")), {})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8") as wrong:
        password(with_mqtt(password_file=str(file)), {})
    assert "xff" not in str(wrong.value)


# --- lines


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("a", [1]),
        ("a.x", [2]),
        ("a.b.c", [3]),
        ("t", [4]),
        ("t[0]", [4]),
        ("t[1]", [7]),
        ("t[0].x", [5]),
        ("t[1].x", [8]),
        ("t[1].x[3]", [8]),
        ("t[0].s.y", [6]),
        ("t[1].s.y", [10]),
        ("t[1].c.5.z", [12]),
        ("t[1].c[...].z", [12]),
        ("nowhere", []),
    ],
)
def test_lines(path: str, lines: list[int]) -> None:
    text = """[a]
x = 1
b.c = 2
[[t]]
x = 1
s = { x = 1, y = 2 }
[[ t ]]
"x" = [1, 2]
[t.s]
y = 1 # y = 2
[t.c.5]
z = 1
"""
    assert lines_of(path, text) == lines


def test_limits_have_the_keys_of_the_envelope() -> None:
    values: dict[str, Any] = msgspec.structs.asdict(Limits())
    assert all(value is None for value in values.values())
