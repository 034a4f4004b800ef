"""`MaccorInterface` against pymacnet's MaccorSpoofer, as far as that goes.

The spoofer answers every request with id 1987, knows eleven functions, has no state, and sends
binary requests back as they came. So reading, variables, reset's request and the limits work,
and whatever has to be seen in the tester's state is not confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from macnet_bridge.errors import BadReply, InvalidRequest
from macnet_bridge.macnet import CyclerInterface, MaccorInterface
from tests.bridge.spoofer import HOST, Spoofer

CHANNELS = 2
CONFIG = {
    "server_ip": HOST,
    "channel": 2,
    "test_procedure": "test_procedure_1",
    "c_rate_ah": 1,
    "v_max_v": 4.2,
    "v_min_v": 3.0,
    "v_max_safety_limit_v": 4.2,
    "v_min_safety_limit_v": 2.9,
    "i_max_safety_limit_a": 2.0,
    "i_min_safety_limit_a": -2.0,
    "power_safety_limit_chg_w": 25,
    "power_safety_limit_dsg_w": 25,
}


@pytest.fixture
def spoofer() -> Iterator[Spoofer]:
    with Spoofer(CHANNELS) as spoofer:
        yield spoofer


@pytest.fixture
def channel(spoofer: Spoofer) -> Iterator[MaccorInterface]:
    ports = {"json_msg_port": spoofer.json_port, "bin_msg_port": spoofer.tcp_port}
    with MaccorInterface({**CONFIG, **ports}, timeout_s=1.0, constant_id=True) as channel:
        yield channel


def test_it_reads_what_the_spoofer_says(channel: MaccorInterface) -> None:
    from pymacnet.messages import rx_read_status_msg

    assert channel.read_channel_status() == {**rx_read_status_msg["result"], "Chan": 2}
    assert channel.read_aux() == [24.75]
    assert channel.read_general_info()["TestChannels"] == channel.get_num_channels() == CHANNELS
    assert channel.read_system_info()["MacTest32ExeDT"] == "2016-11-08T15:02:58"
    assert channel.read_all_channel_statuses() == [{"RF1": 0, "RF2": 0, "Stat": 0}] * CHANNELS


def test_all_statuses_are_more_than_the_spoofer_has() -> None:
    """With two channels, as above, its two statuses happen to be all."""
    with Spoofer(12) as spoofer:
        config = {"server_ip": HOST, "json_msg_port": spoofer.json_port}
        with (
            CyclerInterface(config, constant_id=True) as cycler,
            pytest.raises(BadReply, match="2 items for 12 channels"),
        ):
            cycler.read_all_channel_statuses()


def test_it_sets_variables_and_resets(channel: MaccorInterface) -> None:
    assert channel.set_channel_variable(var_num=1, var_value=25) is True
    assert channel.reset_channel() is True, "its fixed state is available"


def test_a_start_ends_where_the_spoofer_does(channel: MaccorInterface) -> None:
    """At (6, 11) and (3, 1), which it does not have and has no proper error for."""
    with pytest.raises(BadReply, match=r"\(6, 11\)"):
        channel.start_test_with_procedure()
    with pytest.raises(BadReply, match=r"\(3, 1\)"):
        channel.start_test_with_direct_control()


def test_a_rest_that_is_sent_back_is_no_reply(channel: MaccorInterface) -> None:
    with pytest.raises(BadReply, match=r"\(6, 8\)"):
        channel.set_direct_mode_output(0)


def test_without_the_quirk_its_ids_are_refused(spoofer: Spoofer) -> None:
    with pytest.raises(BadReply, match="1987"):
        CyclerInterface({"server_ip": HOST, "json_msg_port": spoofer.json_port}).start()


def test_a_channel_past_the_end_does_not_reach_it(spoofer: Spoofer) -> None:
    """It would kill the spoofer's thread."""
    ports = {"json_msg_port": spoofer.json_port, "bin_msg_port": spoofer.tcp_port}
    with CyclerInterface({"server_ip": HOST, **ports}, constant_id=True) as cycler:
        with pytest.raises(InvalidRequest):
            cycler.read_channel_status(3)
        assert cycler.read_channel_status(2)["Chan"] == 2
