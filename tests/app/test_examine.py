"""All that is wrong with a configuration file, not only the first thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.app.load import examine, examine_file, parse
from macnet_bridge.errors import ConfigError

MANY = """
bogus = 1
[mqtt]
root = "/x"
keepalive_s = 1
[commands]
timeout_s = "x"
[[commands.allow]]
principal = 3
commands = [3]
[[commands.allow]]
commands = ["*"]
[[cycler]]
hots = "a"
name = "A b"
channels = 5
[[cycler]]
name = "b"
host = "b"
quirks = ["y"]
json_port = 0
[cycler.channel.5]
limits = { voltage_max_volt = "x" }
[cycler.limits]
volt = 5
"""
WRONG_LINES = [2, 4, 5, 7, 9, 10, 11, 14, 15, 16, 13, 20, 21, 23, 25]
RIGHT = '[[cycler]]\nname = "lab1"\nhost = "10.0.0.17"\n'


def test_every_mistake_has_its_line() -> None:
    config, wrong = examine(MANY, "b.toml")
    assert config is None
    assert [int(line.split(",")[1].split(":")[0].removeprefix(" line ")) for line in wrong] == WRONG_LINES
    assert wrong[7] == "b.toml, line 14: unknown key 'cycler[0].hots'; did you mean 'host'?"
    assert wrong[10] == "b.toml, line 13: cycler[0]: Object missing required field `host`"


def test_every_complaint_about_values_that_have_their_types() -> None:
    text = RIGHT + RIGHT + '[[commands.allow]]\nprincipal = "x y"\ncommands = ["start_tset"]\n'
    config, wrong = examine(text, "b.toml")
    assert config is not None
    assert len(wrong) == 6
    assert any("two cyclers are called" in line for line in wrong)
    assert any("did you mean 'start_test'" in line for line in wrong)


def test_the_first_one_is_what_loading_complains_of() -> None:
    for text in (MANY, RIGHT + RIGHT, "= 1", ""):
        with pytest.raises(ConfigError) as found:
            parse(text, "b.toml")
        assert str(found.value) == examine(text, "b.toml")[1][0]


def test_nothing_wrong() -> None:
    config, wrong = examine(RIGHT, "b.toml")
    assert config is not None
    assert wrong == []


def test_variables_are_named() -> None:
    environment = {"MACNET_MQTT_KEEPALIVE_S": "x", "MACNET_TELEMETRY_QOS": "7"}
    _, wrong = examine(RIGHT, "b.toml", environment)
    assert [line.split(":")[0] for line in wrong] == [
        "environment variable MACNET_MQTT_KEEPALIVE_S",
        "environment variable MACNET_TELEMETRY_QOS",
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    config, (line,) = examine_file(tmp_path / "none.toml", {})
    assert config is None
    assert line.startswith("cannot read")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in examine_file(tmp_path / "bytes.toml", {})[1][0]


KEYS = ["mqtt", "bridge", "cycler", "commands", "allow", "name", "host", "limits", "channel", "5", "url", "x"]
toml_values = st.recursive(
    st.sampled_from(["1", "true", '"x"', '""', "1.5", "[]"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(
            lambda table: "{" + ", ".join(f'"{key}" = {value}' for key, value in table.items()) + "}"
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(KEYS), toml_values, max_size=5))
def test_it_always_comes_to_an_end_and_never_calls_wrong_right(table: dict[str, Any]) -> None:
    text = "".join(f'"{key}" = {value}\n' for key, value in table.items())
    config, wrong = examine(text, "b.toml")
    assert wrong or config is not None
    assert all("\n" not in line for line in wrong)
    if wrong:
        with pytest.raises(ConfigError):
            parse(text, "b.toml")
    else:
        assert parse(text, "b.toml") == config
