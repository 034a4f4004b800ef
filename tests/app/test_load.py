"""Mistakes in the configuration: one line each, which says where and what to write instead."""

from __future__ import annotations

import pytest

from macnet_bridge.app.load import parse
from macnet_bridge.errors import ConfigError

CYCLER = '[[cycler]]\nname = "lab1"\nhost = "10.0.0.17"\n'
RULE = '[[commands.allow]]\nprincipal = "*"\ncommands = ["*"]\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            CYCLER.replace("host", "hots"),
            "b.toml, line 3: unknown key 'cycler[0].hots'; did you mean 'host'?",
        ),
        (CYCLER.replace('"10.0.0.17"', "5"), "b.toml, line 3: cycler[0].host: Expected `str`, got `int`"),
        (
            CYCLER.replace("lab1", "Lab 1"),
            "b.toml, line 2: cycler[0].name: Expected a name of a-z, 0-9, _ and -, at most 63 of them, "
            "beginning with a letter or digit",
        ),
        (
            CYCLER + '[mqtt]\nroot = "/macnet"',
            "b.toml, line 5: mqtt.root: Expected levels of a topic, without + and #, with no / at either end "
            "and no $ in front",
        ),
        (
            CYCLER.replace("[[cycler]]", "[cycler]"),
            "b.toml, line 1: cycler: write [[cycler]], in double brackets",
        ),
        (
            CYCLER + RULE.replace("[[commands.allow]]", "[commands.allow]"),
            "b.toml, line 4: commands.allow: write [[commands.allow]], in double brackets",
        ),
        (
            CYCLER + RULE + 'channels = "16-1"',
            "b.toml: commands.allow: channels '16-1': 16-1 runs backwards, write 1-16",
        ),
        (
            CYCLER + RULE.replace('"*"]', '"start_tset"]'),
            "b.toml: commands.allow: no verb is called 'start_tset'; did you mean 'start_test'?",
        ),
        ("", "b.toml: no [[cycler]] is configured; add one with name and host"),
        (
            CYCLER + 'transport = "tcpp"',
            "b.toml, line 4: cycler[0].transport: 'tcpp' is none of 'auto', 'json', 'tcp', 'udp'",
        ),
        (CYCLER + "quirks = [3]", "b.toml, line 4: cycler[0].quirks[0]: Expected `str`, got `int`"),
        (CYCLER + 'quirks = ["x"]', "b.toml, line 4: cycler[0].quirks[0]: 'x' is none of 'constant_id'"),
        (
            CYCLER + "[cycler.telemetry]\nqos = 2",
            "b.toml, line 5: cycler[0].telemetry.qos: 2 is none of 0, 1",
        ),
        (
            CYCLER + "[telemetry]\nidle_interval_s = inf",
            "b.toml, line 5: telemetry.idle_interval_s: Expected `float` <= 31536000.0",
        ),
        (
            CYCLER + "[telemetry.spool]\nmax_age_h = 1e300",
            "b.toml, line 5: telemetry.spool.max_age_h: Expected `float` <= 87600.0",
        ),
    ],
)
def test_a_mistake_is_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as found:
        parse(text, "b.toml")
    assert str(found.value) == complaint
