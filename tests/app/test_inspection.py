"""Inspections of real testers, simulated, and real brokers: what is found, and that nothing is changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import structs

from macnet_bridge.app import inspect_cycler as inspect_cycler_module
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.app.inspection import inspect
from macnet_bridge.app.report import CyclerReport, Note, Report
from macnet_bridge.cli.check import render
from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet import probe as probe_module
from macnet_bridge.macnet import udp
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.simulator import Behaviour, Fault, Forms, SimulatedCycler, Transport
from macnet_bridge.simulator.answers import readings as readings_module
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import config_text, cycler_table, running_bridge
from tests.brokers import RunningBroker, Setup, free_port
from tests.macnet.scripted_tester import ScriptedTester, silent, until
from tests.macnet.silence import SHORT_S, echo_at_second
from tests.patience import PATIENCE_S

LIMITS = "[cycler.limits]\nvoltage_max_volt = 4.2\n"


def quick_clock() -> float:
    """Twenty seconds a second, so that a survey soon sees a tester's clock move."""
    return time.monotonic() * 20


@dataclass
class Place:
    """A broker, testers, and the file that names them."""

    broker: RunningBroker
    root: str
    folder: Path
    stack: AsyncExitStack

    async def cycler(self, channels: int = 8, **options: Any) -> SimulatedCycler:
        options.setdefault("clock", quick_clock)
        return await self.stack.enter_async_context(SimulatedCycler(channels, **options))

    def config(self, *cyclers: str, **options: Any) -> str:
        options.setdefault("more", "")
        return config_text(self.broker, self.root, self.folder / "data", *cyclers, **options)

    async def inspect(self, *cyclers: str, **options: Any) -> Report:
        return await inspect_text(self.folder, self.config(*cyclers, **options))

    async def inspect_one(self, table: str) -> CyclerReport:
        return (await self.inspect(table)).cyclers[0]


async def inspect_text(folder: Path, text: str) -> Report:
    path = folder / "bridge.toml"
    path.write_text(text, "utf-8")
    return await inspect(str(path), {})


@pytest.fixture
async def place(broker: RunningBroker, tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield Place(broker, f"t{uuid4().hex[:10]}", tmp_path, stack)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_module, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(probe_module, "LIMIT_S", PATIENCE_S)
    monkeypatch.setattr(udp, "ECHO_S", PATIENCE_S)


@pytest.fixture
def udp_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No echo comes back, which need not be waited for long."""
    monkeypatch.setattr(udp, "ECHO_S", SHORT_S)


def texts(notes: list[Note], level: str) -> list[str]:
    return [note.text for note in notes if note.level == level]


# --- all well


async def test_a_tester_that_is_well(place: Place) -> None:
    simulated = await place.cycler(clock=time.monotonic)
    report = await place.inspect(cycler_table(simulated, more=LIMITS))
    assert report.ok
    assert report.bridge == "lab"
    assert report.broker is not None
    assert report.broker.protocol == ("5" if place.broker.supports_v5 else "3.1.1")
    assert report.broker.running_since is None
    (cycler,) = report.cyclers
    assert (cycler.name, cycler.host, cycler.system) == ("lab1", "127.0.0.1", "Simulated cycler")
    assert (cycler.system_type, cycler.channel_count, cycler.served_count) == ("lab", 8, 8)
    assert cycler.exe_version == cycler.dll_version
    assert [each.transport for each in cycler.transports] == ["json", "tcp", "udp"]
    assert [each.port for each in cycler.transports] == [
        simulated.json_port,
        simulated.tcp_port,
        simulated.udp_port,
    ]
    assert all(each.reason is None and each.bulk_read_ms is not None for each in cycler.transports)
    assert cycler.reads_by == "json"
    assert cycler.round_trip_ms is not None
    assert cycler.round_trip_ms > 0
    assert cycler.clock_second is not None
    assert abs(cycler.clock_second) < 3
    assert cycler.missing_functions == {}
    assert texts(report.all_notes(), "error") == []


async def test_nothing_is_changed_anywhere(place: Place) -> None:
    simulated = await place.cycler()
    async with MqttPeer(
        place.broker.host, place.broker.port, f"{place.root}/#", v5=place.broker.supports_v5
    ) as peer:
        await place.inspect(cycler_table(simulated))
        # Tests of the bridge's own subscriptions, as the bridge makes them, and nothing else.
        assert {seen.topic.removeprefix(place.root) for seen in peer.seen} == {
            "/bridge/lab/cmd/canary",
            "/all/cmd/canary",
            "/lab1/cmd/canary",
            "/lab1/1/cmd/canary",
        }
        assert not any(seen.retain for seen in peer.seen)
    assert simulated.received
    for record in simulated.received:
        assert record.number is not None
        row = f.find(*record.number)
        assert row is not None
        assert row.effect is f.Effect.READS, row
    assert all(channel.startable for channel in simulated.tester.channels)
    assert not (place.folder / "data").exists()


async def test_a_bridge_that_runs_is_not_disturbed(place: Place) -> None:
    simulated = await place.cycler()
    table = cycler_table(simulated)
    async with (
        running_bridge(place.config(table)) as bridge,
        MqttPeer(
            place.broker.host, place.broker.port, f"{place.root}/#", v5=place.broker.supports_v5
        ) as peer,
    ):
        await peer.wait(lambda seen: seen.topic.endswith("/status") and seen.json["state"] == "online")
        before = len(peer.seen)
        report = await place.inspect(table)
        assert report.ok
        assert report.broker is not None
        assert report.broker.running_since == pytest.approx(time.time(), abs=60)
        warnings = texts(report.broker.notes, "warning")
        # A broker in a container may be elsewhere, by its address.
        assert [text for text in warnings if not text.startswith("no TLS")] == [
            "no username: a broker without users lets everybody command"
        ]
        assert bridge.broker.ready
        assert bridge.broker.counters.losses == 0
        # The inspection's canaries reached the bridge too, which took them for no commands.
        assert any(seen.topic.endswith("/lab1/1/cmd/canary") for seen in peer.seen[before:])
        assert bridge.broker.counters.incoming == 0
        assert not any(seen.topic.endswith("/ack") for seen in peer.seen)


# amqtt, which remembers the bridges of earlier tests, closes a connection that asks for all of them.
@pytest.mark.needs_real_broker
@pytest.mark.parametrize("is_there", [False, True])
async def test_another_bridge_of_the_name_runs(place: Place, is_there: bool) -> None:
    table = cycler_table(await place.cycler())
    text = place.config(table)
    if is_there:
        with DataDir(str(place.folder / "data")):
            pass
    async with (
        running_bridge(text.replace("/data'", "/other'")),
        MqttPeer(
            place.broker.host, place.broker.port, f"{place.root}/#", v5=place.broker.supports_v5
        ) as peer,
    ):
        await peer.wait(lambda seen: seen.topic.endswith("/status") and seen.json["state"] == "online")
        report = await inspect_text(place.folder, text)
    assert report.broker is not None
    assert report.broker.running_since is None
    (found,) = [note for note in report.broker.notes if "another bridge is called lab" in note.text]
    assert found.level == "warning"
    assert "give it another bridge.name" in found.text


# amqtt, which remembers the bridges of earlier tests, closes a connection that asks for all of them.
@pytest.mark.needs_real_broker
async def test_a_data_directory_that_cannot_be_read_tells_nothing_of_the_bridge(place: Place) -> None:
    table = cycler_table(await place.cycler())
    async with (
        running_bridge(place.config(table).replace("/data'", "/other'")),
        MqttPeer(
            place.broker.host, place.broker.port, f"{place.root}/#", v5=place.broker.supports_v5
        ) as peer,
    ):
        await peer.wait(lambda seen: seen.topic.endswith("/status") and seen.json["state"] == "online")
        (place.folder / "data" / "bridge.json").mkdir(parents=True)
        report = await place.inspect(table)
    assert report.broker is not None
    assert report.broker.running_since is not None
    assert "another bridge" not in " ".join(texts(report.broker.notes, "warning"))


async def test_another_bridge_that_serves_the_same_cycler(place: Place) -> None:
    simulated = await place.cycler()
    table = cycler_table(simulated)
    async with MqttPeer(
        place.broker.host, place.broker.port, f"{place.root}/#", v5=place.broker.supports_v5
    ) as peer:
        info = {"bridge": "other", "session": "s1", "channel_count": 8}
        peer.publish(f"{place.root}/lab1/info", info, retain=True)
        status = {"state": "online", "session": "s1", "since": 1.0}
        peer.publish(f"{place.root}/bridge/other/status", status, retain=True)
        await peer.wait(lambda seen: seen.topic.endswith("other/status"))
        report = await place.inspect(table)
        assert report.broker is not None
        assert report.ok, "unsafe, and yet not broken"
        assert any("the bridge other serves lab1" in text for text in texts(report.broker.notes, "warning"))
        gone: tuple[Any, ...] = (
            {"state": "offline", "session": "s1", "since": 1.0},
            {**status, "session": "s2"},
            [],
        )
        for stale in gone:
            peer.publish(f"{place.root}/bridge/other/status", stale, retain=True)
            await peer.wait(
                lambda seen: seen.topic.endswith("/status") and seen.json == stale  # noqa: B023 - used within its turn
            )
            report = await place.inspect(table)
            assert report.broker is not None
            assert not any("serves lab1" in note.text for note in report.broker.notes)


# --- what is odd about a tester


@pytest.mark.parametrize(
    ("off", "zone", "clock"),
    [
        (timedelta(seconds=47), timedelta(), 47),
        (timedelta(hours=2), timedelta(hours=2), 0),
        (timedelta(hours=-5, minutes=-30, seconds=-20), timedelta(hours=-5, minutes=-30), -20),
        (timedelta(days=300), timedelta(), 300 * 86400),
    ],
)
async def test_clocks(place: Place, off: timedelta, zone: timedelta, clock: float) -> None:
    simulated = await place.cycler(clock=time.monotonic)
    simulated.tester._clock += off - timedelta(seconds=time.localtime().tm_gmtoff)
    cycler = await place.inspect_one(cycler_table(simulated))
    assert cycler.time_zone_second == zone.total_seconds()
    assert cycler.clock_second == pytest.approx(clock, abs=3)
    warned = [text for text in texts(cycler.notes, "warning") if "its clock" in text]
    assert bool(warned) == (abs(clock) > 5)


async def test_channels_as_the_screen_of_the_tester_shows_them(place: Place) -> None:
    simulated = await place.cycler(16, behaviour=Behaviour(channel_number_offset=100))
    cycler = await place.inspect_one(cycler_table(simulated, more='channels = "3-10"'))
    assert (cycler.channel_count, cycler.served_count) == (16, 8)
    assert (cycler.channel_number_offset, cycler.display_channels) == (100, (103, 110))


async def test_channels_that_it_does_not_have(place: Place) -> None:
    simulated = await place.cycler(8)
    some = await place.inspect(cycler_table(simulated, more='channels = "7-12"'))
    assert some.ok
    assert "channels 9 to 12 are configured, and it has 8" in texts(some.cyclers[0].notes, "warning")
    none = await place.inspect(cycler_table(simulated, more='channels = "9-12"'))
    assert not none.ok
    assert "none of those configured" in texts(none.cyclers[0].notes, "error")[0]


async def test_tables_of_channels_that_are_not_served(place: Place) -> None:
    simulated = await place.cycler(8)
    table = cycler_table(
        simulated, more='channels = "3-12"\n[cycler.channel.3]\n[cycler.channel.2]\n[cycler.channel.9]'
    )
    report = await place.inspect(table)
    assert report.ok
    assert [text for text in texts(report.cyclers[0].notes, "warning") if "cycler.channel" in text] == [
        "[cycler.channel.2] has no effect: that channel is not served",
        "[cycler.channel.9] has no effect: that channel is not served",
    ]


async def test_the_same_tester_by_two_names(place: Place) -> None:
    simulated, other = await place.cycler(4), await place.cycler(4)
    again = cycler_table(simulated, "lab2").replace("127.0.0.1", "localhost")
    report = await place.inspect(cycler_table(simulated), again, cycler_table(other, "lab3"))
    assert not report.ok
    assert texts(report.notes, "error") == [
        f"cyclers lab1 and lab2 are the same tester: 127.0.0.1 and localhost, port {simulated.json_port}; "
        "leave one out"
    ]


async def test_what_it_lacks_and_what_is_odd(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = structs.replace(readings_module._VERSION, dll_minor=99)
    monkeypatch.setattr(readings_module, "_VERSION", odd)
    simulated = await place.cycler(missing={(6, 11), (4, 8)})
    report = await place.inspect(cycler_table(simulated, more=LIMITS))
    (cycler,) = report.cyclers
    assert report.ok
    assert set(cycler.missing_functions) == {"6,11", "4,8"}
    warned = texts(cycler.notes, "warning")
    assert warned[0] == "its EXE and DLL are of different versions"
    assert warned[1:3] == [
        "it lacks MacNet (4, 8) global_flags_and_variables: the tester answered 'Invalid FNum'",
        "it lacks MacNet (6, 11) check_test_start: the tester answered 'Invalid FNum'",
    ]
    assert cycler.dll_version != cycler.exe_version


# --- transports


@pytest.mark.usefixtures("udp_is_silent")
async def test_transports_that_do_not_answer(place: Place) -> None:
    simulated = await place.cycler()
    simulated.faults.add(Fault("drop", transport=Transport.BINARY_UDP))
    simulated.tcp_port, open_port = free_port(), simulated.tcp_port
    table = cycler_table(simulated)
    simulated.tcp_port = open_port
    report = await place.inspect(table)
    assert report.ok, 'with transport = "auto" JSON is enough'
    found = {each.transport: each for each in report.cyclers[0].transports}
    assert found["json"].reason is None
    assert "connection refused" in str(found["tcp"].reason)
    assert "does not answer by UDP" in str(found["udp"].reason)
    assert found["tcp"].bulk_read_ms is None
    assert any("no rest" in text for text in texts(report.cyclers[0].notes, "warning"))


async def test_rest_must_not_go_to_another_tester(place: Place) -> None:
    simulated, other = await place.cycler(), await place.cycler(3)
    own_port, simulated.tcp_port = simulated.tcp_port, other.tcp_port
    table = cycler_table(simulated)
    simulated.tcp_port = own_port
    report = await place.inspect(table)
    assert not report.ok
    (text,) = texts(report.cyclers[0].notes, "error")
    assert "tcp_port: another tester answers there" in text


@pytest.mark.usefixtures("udp_is_silent")
@pytest.mark.parametrize(("transport", "ok"), [("udp", False), ("tcp", True), ("json", True), ("auto", True)])
async def test_a_transport_that_is_configured_must_serve(place: Place, transport: str, ok: bool) -> None:
    simulated = await place.cycler()
    simulated.faults.add(Fault("drop", transport=Transport.BINARY_UDP))
    report = await place.inspect(cycler_table(simulated, more=f'transport = "{transport}"'))
    assert report.ok == ok
    assert report.cyclers[0].reads_by == ("json" if transport == "auto" else transport)
    if not ok:
        (text,) = texts(report.cyclers[0].notes, "error")
        assert 'transport = "udp" does not serve' in text


async def test_auto_would_choose_the_faster_one(place: Place) -> None:
    simulated = await place.cycler()
    for transport in (Transport.JSON, Transport.BINARY_TCP):
        simulated.faults.add(Fault("delay", transport=transport, second=0.03))
    cycler = await place.inspect_one(cycler_table(simulated))
    assert cycler.reads_by == "udp"


async def test_q2_replies_to_the_next_port(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    echo_at_second(monkeypatch)
    simulated = await place.cycler(forms=Forms(udp_reply="next_port"))
    report = await place.inspect(cycler_table(simulated, more='transport = "udp"'))
    assert report.ok


# --- what is not there, or not right


async def test_a_tester_that_is_off_has_one_line_that_says_what_to_do(place: Place) -> None:
    well = await place.cycler()
    off = await place.cycler()
    await off.stop()
    report = await place.inspect(cycler_table(well), cycler_table(off, "lab2"))
    assert not report.ok
    assert texts(report.cyclers[0].notes, "error") == []
    (text,) = texts(report.cyclers[1].notes, "error")
    assert text == (
        f"no connection to 127.0.0.1:{off.json_port}: connection refused; "
        "start MacTest32 there, or correct host and json_port"
    )
    assert report.cyclers[1].channel_count is None


async def test_a_host_name_of_a_tester_that_cannot_be_resolved(place: Place) -> None:
    report = await place.inspect('[[cycler]]\nname = "lab1"\nhost = "no-such-host.invalid"\n')
    (text,) = texts(report.cyclers[0].notes, "error")
    assert text.startswith("the host name no-such-host.invalid cannot be resolved: ")
    assert text.endswith("; correct host")


def without_other_ports(tester: ScriptedTester, name: str = "lab1") -> str:
    return (
        f'[[cycler]]\nname = "{name}"\nhost = "127.0.0.1"\njson_port = {tester.port}\n'
        f"tcp_port = {free_port()}\nudp_port = {free_port()}\n"
    )


async def test_a_tester_that_hangs_is_not_waited_for_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_cycler_module, "TESTER_LIMIT_S", SHORT_S)
    async with ScriptedTester(silent) as tester:
        report = await place.inspect(without_other_ports(tester))
    assert not report.ok
    (text,) = texts(report.cyclers[0].notes, "error")
    assert text.startswith(f"not all was answered within {SHORT_S} s")


async def test_testers_that_hang_are_waited_for_at_the_same_time(place: Place) -> None:
    """Neither says anything until both are asked."""
    async with ScriptedTester(silent) as one, ScriptedTester(silent) as two:
        tables = without_other_ports(one), without_other_ports(two, "lab2")
        inspecting = asyncio.create_task(place.inspect(*tables))
        await until(lambda: one.requests and two.requests)
        for tester in (one, two):
            tester.peers[0].transport.abort()
        report = await inspecting
    assert not report.ok
    for cycler in report.cyclers:
        (text,) = texts(cycler.notes, "error")
        assert "before it replied" in text


async def test_a_tester_that_takes_the_connection_and_says_nothing(place: Place) -> None:
    async with ScriptedTester(silent) as tester:
        table = f'[[cycler]]\nname = "lab1"\nhost = "127.0.0.1"\njson_port = {tester.port}\n'
        report = await place.inspect(table, more="[commands]\ntimeout_s = 0.3\n")
    (text,) = texts(report.cyclers[0].notes, "error")
    assert "no reply within 0.3 s; see whether json_port" in text


async def test_a_tester_that_wants_a_log_in(place: Place) -> None:
    simulated = await place.cycler(behaviour=Behaviour(users={"robin": "secret"}))
    report = await place.inspect(cycler_table(simulated))
    (text,) = texts(report.cyclers[0].notes, "error")
    assert "it may want a log-in: see user and password_env" in text


async def test_a_tester_whose_ids_are_constant(place: Place) -> None:
    simulated = await place.cycler(constant_id=True)
    report = await place.inspect(cycler_table(simulated))
    (text,) = texts(report.cyclers[0].notes, "error")
    assert text.endswith(
        "it answers id 1987 whatever is asked; to accept that, constant_id=True in Python, "
        'quirks = ["constant_id"] in the configuration of a bridge'
    ), "and no word of json_port, which is right"
    told = await place.inspect(cycler_table(simulated, more='quirks = ["constant_id"]'))
    assert told.ok
    assert any("id 1987" in note for note in texts(told.cyclers[0].notes, "warning"))


@pytest.mark.usefixtures("udp_is_silent")
async def test_a_tester_without_echo_is_served_and_so_no_error(place: Place) -> None:
    simulated = await place.cycler(profile="pymacnet")
    report = await place.inspect(cycler_table(simulated, more='quirks = ["constant_id"]'))
    (cycler,) = report.cyclers
    assert texts(cycler.notes, "error") == []
    assert any(text.startswith("it lacks MacNet (0, 0) echo") for text in texts(cycler.notes, "warning"))
    assert cycler.channel_count == 8
    assert cycler.round_trip_ms is not None, "by (1, 2), which the bridge sees it by as well"


async def test_no_broker(place: Place) -> None:
    simulated = await place.cycler()
    port = free_port()
    text = place.config(cycler_table(simulated)).replace(f":{place.broker.port}", f":{port}")
    report = await inspect_text(place.folder, text)
    assert not report.ok
    assert report.broker is not None
    (line,) = texts(report.broker.notes, "error")
    assert line == f"nothing listens at {place.broker.host}:{port}; start the broker, or correct mqtt.url"
    assert report.cyclers[0].channel_count == 8, "the testers are inspected all the same"


@pytest.mark.needs_real_broker
async def test_an_access_list_that_lets_no_commands_through(
    start_broker: Callable[..., RunningBroker], tmp_path: Path
) -> None:
    """The shipped one knows the bridge by the name `bridge` only."""
    broker = start_broker(Setup(keep_acl=True))
    async with SimulatedCycler(8, clock=quick_clock) as simulated:
        table = cycler_table(simulated)
        nameless = await inspect_text(tmp_path, config_text(broker, "macnet", tmp_path, table, more=""))
        named = config_text(broker, "macnet", tmp_path, table, mqtt='username = "bridge"', more="")
        well = await inspect_text(tmp_path, named)
    assert nameless.broker is not None
    assert texts(nameless.broker.notes, "error") == [
        "the broker accepts the subscription to macnet/bridge/lab/cmd/# but delivers nothing: check that its "
        "ACL lets clients without a name read it and write macnet/bridge/lab/cmd/canary, or set mqtt.username"
    ]
    assert well.ok


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://robin:SECRET@127.0.0.1:1883",
        "mqtt://127.0.0.1:1883/?password=SECRET",
        "mqtt:robin:SECRET@127.0.0.1",
        "mqtt://robin:SECRET",
        "tcp://robin:SECRET@h",
    ],
)
async def test_a_password_in_the_url_is_shown_nowhere(tmp_path: Path, url: str) -> None:
    table = '[[cycler]]\nname = "lab1"\nhost = "127.0.0.1"\njson_port = 1\n'
    report = await inspect_text(tmp_path, f'[mqtt]\nurl = "{url}"\n{table}')
    assert report.broker is not None
    assert report.broker.url == "mqtt.url"
    assert "must look like" in texts(report.broker.notes, "error")[0]
    assert b"SECRET" not in msgspec.json.encode(report)
    assert not any("SECRET" in line for line in render(report, 100))


async def test_a_password_that_is_not_there(place: Place) -> None:
    simulated = await place.cycler()
    report = await place.inspect(cycler_table(simulated), mqtt='password_env = "NO_SUCH"\n')
    assert report.broker is not None
    assert texts(report.broker.notes, "error") == ["mqtt.password_env: the environment has no NO_SUCH"]


async def test_a_wrong_file_is_all_that_is_told(place: Place) -> None:
    report = await inspect_text(place.folder, "bogus = 1\n[mqtt]\nkeepalive_s = 1\n")
    assert not report.ok
    assert len(texts(report.notes, "error")) == 2
    assert report.broker is None
    assert report.cyclers == []


async def test_a_folder_that_cannot_be_written(place: Place) -> None:
    simulated = await place.cycler()
    (place.folder / "file").write_text("")
    text = place.config(cycler_table(simulated)).replace(
        str(place.folder / "data"), str(place.folder / "file")
    )
    report = await inspect_text(place.folder, text)
    assert not report.ok
    (line,) = texts(report.notes, "error")
    assert line == (
        f"bridge.data_dir: {place.folder / 'file'} cannot be written by this user; "
        "name a folder that can, or run the bridge as one who can"
    )
    with pytest.raises(ConfigError, match=r"bridge\.data_dir"):
        DataDir(str(place.folder / "file")).__enter__()


async def test_it_can_be_cancelled(place: Place) -> None:
    async with ScriptedTester(silent) as tester:
        table = f'[[cycler]]\nname = "lab1"\nhost = "127.0.0.1"\njson_port = {tester.port}\n'
        inspection = asyncio.create_task(place.inspect(table))
        await tester.next_request()
        inspection.cancel()
        with pytest.raises(asyncio.CancelledError):
            await inspection
        await asyncio.wait_for(tester.peers[0].closed.wait(), PATIENCE_S)
