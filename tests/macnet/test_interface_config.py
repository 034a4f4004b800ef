"""The configuration dictionary: pymacnet's keys of all its versions, checked."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet import CyclerInterface, MaccorInterface, TesterAddress
from macnet_bridge.macnet.interface.config import ChannelConfig, CyclerConfig, checked

CONFIG: dict[str, Any] = {
    "server_ip": "10.0.0.17",
    "json_msg_port": 5611,
    "bin_msg_port": 5711,
    "msg_buffer_size_bytes": 1024,
    "channel": 75,
    "test_name": "",
    "test_procedure": "test_procedure_1",
    "c_rate_ah": 1,
    "v_max_v": 4.2,
    "v_min_v": 3.0,
    "v_max_safety_limit_v": 4.25,
    "v_min_safety_limit_v": 2.9,
    "i_max_safety_limit_a": 3.0,
    "i_min_safety_limit_a": 3.0,
    "power_safety_limit_chg_w": 25,
    "power_safety_limit_dsg_w": 25,
    "data_record_time_s": 0.05,
    "data_record_voltage_delta_vbys": 0.0,
    "data_record_current_delta_abys": 0.0,
}


def config(**changed: Any) -> ChannelConfig:
    return checked({**CONFIG, **changed}, ChannelConfig)


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in CONFIG.items() if key not in keys}


def test_ports_of_all_versions_and_of_none() -> None:
    old = {"json_server_port": 1111, "tcp_server_port": 2222, **without("json_msg_port", "bin_msg_port")}
    assert checked(old, ChannelConfig).address == TesterAddress("10.0.0.17", 1111, 2222)
    assert config().address == TesterAddress("10.0.0.17", 5611, 5711)
    assert checked({"server_ip": "10.0.0.17"}, CyclerConfig).address == TesterAddress(
        "10.0.0.17", 57570, 57560
    )


def test_a_dictionary_that_is_changed_later_changes_nothing() -> None:
    mine = dict(CONFIG)
    channel = MaccorInterface(mine)
    mine["channel"] = 9
    assert channel.get_channel_number() == 75


NEEDED = [
    "server_ip",
    "channel",
    "c_rate_ah",
    "v_max_v",
    "v_min_v",
    "v_max_safety_limit_v",
    "v_min_safety_limit_v",
    "i_max_safety_limit_a",
    "i_min_safety_limit_a",
]


@pytest.mark.parametrize("key", NEEDED)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ConfigError, match=f"`{key}`"):
        MaccorInterface(without(key))


def test_the_others_may_be_left_out() -> None:
    short = checked({key: CONFIG[key] for key in NEEDED}, ChannelConfig)
    assert (short.test_name, short.test_procedure, short.data_record_time_s) == ("", "", 1.0)
    assert short.limits.charge_max_watt == short.limits.discharge_max_watt == 12.75


@pytest.mark.parametrize("key", ["power_safety_limit_chg", "power_safety_limit_dsg_W", "test_nam"])
def test_a_misspelt_key_that_would_be_lost_is_named(key: str) -> None:
    absent = ("power_safety_limit_chg_w", "power_safety_limit_dsg_w", "test_name")
    with pytest.raises(ConfigError, match="misspelt") as error:
        MaccorInterface({**without(*absent), key: 1})
    assert repr(key) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_keys_of_ones_own_do_not_matter() -> None:
    assert config(cell="17 a", operator=None, test_name_prefix="x") == config()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("server_ip", ""),
        ("json_msg_port", 0),
        ("bin_msg_port", 65536),
        ("channel", 0),
        ("channel", -1),
        ("channel", 1.5),
        ("channel", "five"),
        ("test_name", "Größe"),
        ("test_name", "two\nlines"),
        ("test_name", "x" * 251),
        ("c_rate_ah", 0),
        ("c_rate_ah", float("nan")),
        ("v_max_v", float("nan")),
        ("v_max_v", "inf"),
        ("v_max_v", 3.0),
        ("v_min_safety_limit_v", 4.25),
        ("i_max_safety_limit_a", -3.0),
        ("i_min_safety_limit_a", float("-inf")),
        ("power_safety_limit_chg_w", 0),
        ("power_safety_limit_chg_w", -25),
        ("power_safety_limit_dsg_w", 0),
        ("data_record_time_s", -1),
    ],
)
def test_an_impossible_value_is_refused_by_one_line_that_names_it(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=key) as error:
        MaccorInterface({**CONFIG, key: value})
    assert len(str(error.value).splitlines()) == 1


def test_q41_a_power_that_would_come_out_as_zero_has_to_be_given() -> None:
    with pytest.raises(ConfigError, match="power_safety_limit_chg_w"):
        MaccorInterface(
            {
                **without("power_safety_limit_chg_w", "power_safety_limit_dsg_w"),
                "i_max_safety_limit_a": 0,
                "i_min_safety_limit_a": 0,
            }
        )


def test_limits_are_magnitudes() -> None:
    limits = config(i_min_safety_limit_a=-2.0, power_safety_limit_dsg_w=-20).limits
    assert (limits.discharge_max_ampere, limits.discharge_max_watt) == (2.0, 20.0)
    assert (limits.charge_max_ampere, limits.charge_max_watt) == (3.0, 25.0)
    assert (limits.voltage_max_volt, limits.voltage_min_volt) == (4.25, 2.9)


def test_direct_control_ends_at_whichever_voltage_is_tighter() -> None:
    assert (config().charge_until_volt, config().discharge_until_volt) == (4.2, 3.0)
    wide = config(v_max_v=5.0, v_min_v=1.0)
    assert (wide.charge_until_volt, wide.discharge_until_volt) == (4.25, 2.9)


def test_numbers_may_be_texts() -> None:
    assert config(channel="5", v_max_v="4.2", json_msg_port="5611") == config(channel=5)


def test_a_cycler_needs_its_address_only() -> None:
    CyclerInterface({"server_ip": "10.0.0.17"})
    with pytest.raises(ConfigError, match="server_ip"):
        CyclerInterface({"json_msg_port": 57570})
