"""Which transport a probe chooses, what it costs, and what happens when that one fails later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import NoReply, TesterOffline
from macnet_bridge.macnet import AsyncCycler, TesterAddress, udp
from macnet_bridge.macnet import probe as probe_module
from macnet_bridge.macnet.cycler import ReadTransport
from macnet_bridge.macnet.probe import LEAST_GAIN_S, TRANSPORTS, Finding, Probe, probe
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.simulator import Behaviour, Fault, Forms, SimulatedCycler, Transport
from tests.brokers import free_port
from tests.macnet.scripted_tester import ScriptedTester, silent, until
from tests.macnet.silence import SHORT_S, echo_at_second
from tests.patience import PATIENCE_S

LATE_S = 0.05
USED = {"json": Transport.JSON, "tcp": Transport.BINARY_TCP, "udp": Transport.BINARY_UDP}


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    async with SimulatedCycler(8) as simulated:
        yield simulated


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_module, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(probe_module, "LIMIT_S", PATIENCE_S)
    monkeypatch.setattr(udp, "ECHO_S", PATIENCE_S)


def siblings_of_probes(monkeypatch: pytest.MonkeyPatch, **impatient_s: float) -> dict[str, AsyncCycler]:
    """The clients of the next probe, once it has made them; some of them are impatient."""
    made: dict[str, AsyncCycler] = {}
    sibling = AsyncCycler.sibling

    def kept(cycler: AsyncCycler, transport: ReadTransport, timeout_s: float) -> AsyncCycler:
        made[transport] = sibling(cycler, transport, impatient_s.get(transport, timeout_s))
        return made[transport]

    monkeypatch.setattr(AsyncCycler, "sibling", kept)
    return made


@contextmanager
def silent_by(simulated: SimulatedCycler, cycler: AsyncCycler, name: ReadTransport) -> Iterator[None]:
    """By this transport nothing is answered, and nothing is waited for long."""
    connection = cycler._lines._reads_in_binary[name]
    call = connection.call

    async def impatient(function: Any, channel: int, request: Any, _: float, *more: Any) -> Any:
        return await call(function, channel, request, SHORT_S, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "call", impatient)
        simulated.faults.add(Fault("drop", transport=USED[name]))
        yield
    simulated.faults.clear()


@asynccontextmanager
async def client(where: TesterAddress, **options: Any) -> AsyncIterator[tuple[AsyncCycler, Survey]]:
    """A client, and as much of a survey as a probe needs."""
    options.setdefault("timeout_s", PATIENCE_S)
    async with AsyncCycler(where, **options) as cycler:
        yield cycler, Survey(await cycler.read_system_info(), None)


async def probed(where: TesterAddress, **options: Any) -> Probe:
    async with client(where, **options) as (cycler, found):
        return await probe(cycler, found)


def reasons(result: Probe) -> dict[str, str | None]:
    return {finding.transport: finding.reason for finding in result.findings}


# --- the choice


def findings(*seconds: float | None) -> Probe:
    return Probe(
        tuple(Finding(name, each, None) for name, each in zip(TRANSPORTS, seconds, strict=True)),
    )


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ((0.034, 0.034, 0.034), "json"),
        ((0.040, 0.033, 0.033), "json"),
        ((0.040, 0.031, 0.031), "tcp"),
        ((0.040, 0.031, 0.020), "udp"),
        ((0.040, None, 0.031), "udp"),
        ((None, 0.034, 0.030), "tcp"),
        ((None, None, 0.030), "udp"),
        ((None, None, None), "json"),
        ((0.0010, 0.0001, 0.0001), "json"),
    ],
)
def test_who_is_preferred_less_must_be_clearly_faster(
    seconds: tuple[float | None, ...], chosen: ReadTransport
) -> None:
    assert findings(*seconds).chosen == chosen


some_seconds = st.none() | st.floats(1e-5, 10.0)


@given(st.tuples(some_seconds, some_seconds, some_seconds))
def test_nothing_that_is_out_is_chosen_and_json_loses_only_to_the_faster(
    seconds: tuple[float | None, ...],
) -> None:
    result = findings(*seconds)
    taken = dict(zip(TRANSPORTS, seconds, strict=True))
    chosen = taken[result.chosen]
    if result.chosen != "json":
        assert chosen is not None
        assert taken["json"] is None or chosen <= min(0.8 * taken["json"], taken["json"] - LEAST_GAIN_S)
    elif chosen is None:
        assert set(seconds) == {None}


# --- against a tester


def make_late(simulated: SimulatedCycler, *transports: Transport, second: float = LATE_S) -> None:
    simulated.faults.add(*(Fault("delay", transport=transport, second=second) for transport in transports))


@pytest.mark.parametrize("slow", [{"json"}, {"json", "tcp"}, {"tcp", "udp"}, {"json", "udp"}, set()])
async def test_the_fastest_one_is_chosen(simulated: SimulatedCycler, slow: set[ReadTransport]) -> None:
    make_late(simulated, *(USED[name] for name in slow))
    result = await probed(address(simulated))
    assert [finding.reason for finding in result.findings] == [None] * 3
    assert result.chosen == next(name for name in TRANSPORTS if name not in slow)
    for finding in result.findings:
        assert finding.bulk_read_second is not None
        assert (finding.bulk_read_second >= LATE_S) == (finding.transport in slow)


async def test_what_it_costs(simulated: SimulatedCycler) -> None:
    async with client(address(simulated)) as (cycler, found):
        simulated.received.clear()
        await probe(cycler, found)
    asked = {name: [r.number for r in simulated.received if r.transport is USED[name]] for name in TRANSPORTS}
    ten = [(1, 2), (4, 1), (4, 2), (4, 3), (4, 9), (4, 7), (4, 1), (4, 2), (4, 1), (4, 2)]
    assert asked == {"json": ten, "tcp": ten, "udp": [(0, 0), *ten]}
    bulk = [r.transport for r in simulated.received if r.number == (4, 2)]
    assert bulk == [USED[name] for name in TRANSPORTS] * 3, "in turn, so that drift hits all alike"
    assert all(f.FUNCTIONS[number].effect is f.Effect.READS for number in ten)


async def test_at_a_tester_that_takes_its_time_it_is_soon_over() -> None:
    async with (
        SimulatedCycler(128, latency_ms=34) as simulated,
        client(address(simulated)) as (cycler, found),
    ):
        simulated.received.clear()
        result = await probe(cycler, found)
    assert len(simulated.received) == 31, "which take the tester a second"
    assert result.chosen == "json"


async def test_all_channels_of_the_largest_request_are_asked_for() -> None:
    async with SimulatedCycler(300) as simulated:
        assert set(reasons(await probed(address(simulated))).values()) == {None}
        assert {r.body for r in simulated.received.of(4, 2)} == {m.ChannelRange(count=128)}


async def test_a_log_in_goes_before_by_every_transport() -> None:
    async with SimulatedCycler(4, behaviour=Behaviour(users={"robin": "secret"})) as simulated:
        result = await probed(address(simulated), login=m.Login(user="robin", password="secret"))
        assert set(reasons(result).values()) == {None}


# --- what is out, and why


async def test_a_closed_port(simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "ECHO_S", SHORT_S)
    closed = replace(address(simulated), tcp_port=free_port(), udp_port=free_port())
    make_late(simulated, Transport.JSON)
    result = await probed(closed)
    assert result.chosen == "json"
    found = reasons(result)
    assert found["json"] is None
    assert f":{closed.tcp_port}: connection refused" in str(found["tcp"])
    assert "does not answer by UDP" in str(found["udp"])


async def test_a_port_that_says_nothing(simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch) -> None:
    siblings_of_probes(monkeypatch, tcp=SHORT_S)
    monkeypatch.setattr(udp, "ECHO_S", SHORT_S)
    simulated.faults.add(Fault("drop", transport=Transport.BINARY_UDP))
    async with ScriptedTester(silent, binary=True) as other:
        result = await probed(replace(address(simulated), tcp_port=other.port))
    found = reasons(result)
    assert result.chosen == "json"
    assert found["json"] is None
    assert f"no reply within {SHORT_S} s" in str(found["tcp"])
    assert f"does not answer by UDP to the port that asked or port {simulated.udp_port + 1}" in str(
        found["udp"]
    )


async def test_ports_that_say_nothing_are_waited_for_at_the_same_time(
    simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one by TCP says nothing until the one by UDP is asked."""
    monkeypatch.setattr(udp, "ECHO_S", SHORT_S)
    simulated.faults.add(Fault("drop", transport=Transport.BINARY_UDP))
    async with ScriptedTester(silent, binary=True) as other:
        probing = asyncio.create_task(probed(replace(address(simulated), tcp_port=other.port)))
        await simulated.wait_for(lambda r: r.transport is Transport.BINARY_UDP)
        await until(lambda: other.requests)
        other.peers[0].transport.abort()
        found = reasons(await probing)
    assert "before it replied" in str(found["tcp"])
    assert "does not answer by UDP" in str(found["udp"])
    assert found["json"] is None


async def test_one_lost_datagram_is_enough(
    simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    siblings = siblings_of_probes(monkeypatch)
    make_late(simulated, Transport.JSON, Transport.BINARY_TCP)

    async def lose_the_second_round() -> None:
        await simulated.wait_for(lambda r: r.transport is Transport.BINARY_UDP and r.number == (4, 7))
        lost = Fault("drop", transport=Transport.BINARY_UDP)
        simulated.faults.add(lost)
        siblings["udp"].timeout_s = SHORT_S
        await simulated.wait_for(lambda r: len(simulated.received.of(4, 1)) == 6)
        simulated.faults.remove(lost)

    losing = asyncio.create_task(lose_the_second_round())
    result = await probed(address(simulated))
    await losing
    assert result.chosen == "json"
    assert f"no reply within {SHORT_S} s" in str(reasons(result)["udp"])


async def test_one_that_answers_partly() -> None:
    """With this misprint binary test times cannot be told from voltages, so there are none."""
    async with SimulatedCycler(8, forms=Forms(misprints=True)) as simulated:
        make_late(simulated, Transport.JSON)
        result = await probed(address(simulated))
    found = reasons(result)
    assert (result.chosen, found["json"]) == ("json", None)
    assert "(4, 9)" in str(found["tcp"])
    assert "(4, 9)" in str(found["udp"])


async def test_another_tester_behind_a_port(simulated: SimulatedCycler) -> None:
    make_late(simulated, Transport.JSON)
    async with SimulatedCycler(16) as other:
        result = await probed(replace(address(simulated), tcp_port=other.tcp_port, udp_port=other.udp_port))
    assert result.chosen == "json"
    for name in ("tcp", "udp"):
        assert "another tester" in str(reasons(result)[name])
        assert "16 channels" in str(reasons(result)[name])


async def test_a_tester_without_bulk_reads(simulated: SimulatedCycler) -> None:
    async with client(address(simulated)) as (cycler, found):
        none = dict.fromkeys([(4, 1), (4, 2), (4, 3), (4, 9)], "no")
        result = await probe(cycler, replace(found, missing=none))
    assert result.chosen == "json"
    assert set(reasons(result).values()) == {"the tester has no bulk reads"}
    assert not simulated.received.of(4, 1)


async def test_it_ends_however_slow_the_tester_is(
    simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_module, "LIMIT_S", 0.5)
    make_late(simulated, *Transport, second=0.2)
    async with client(address(simulated)) as (cycler, found):
        result = await probe(cycler, found)
        asked = len(simulated.received)
        await cycler.ping()
    assert result.chosen == "json"
    assert reasons(result) == dict.fromkeys(TRANSPORTS, "not all was answered within 0.5 s")
    assert len(simulated.received) == asked + 1 < 31, "and nothing more is asked"


async def test_q2_replies_to_the_next_port_are_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    echo_at_second(monkeypatch)
    async with SimulatedCycler(8, forms=Forms(udp_reply="next_port")) as simulated:
        make_late(simulated, Transport.JSON, Transport.BINARY_TCP)
        async with client(address(simulated)) as (cycler, found):
            result = await probe(cycler, found)
            assert result.chosen == "udp"
            cycler.use("udp")
            simulated.received.clear()
            assert len(await cycler.read_voltages(1, 8)) == 8
        assert {r.transport for r in simulated.received} == {Transport.BINARY_UDP}


async def test_the_offset_that_only_binary_tells(simulated: SimulatedCycler) -> None:
    result = await probed(address(simulated))
    assert result.channel_number_offset == 0
    told = (replace(finding, channel_number_offset=100) for finding in result.findings[1:])
    assert Probe((result.findings[0], *told)).channel_number_offset == 100


# --- afterwards


async def by(simulated: SimulatedCycler, cycler: AsyncCycler) -> set[Transport]:
    """By which transport a bulk read comes."""
    simulated.received.clear()
    await cycler.read_voltages(1, 8)
    return {record.transport for record in simulated.received.of(4, 2)}


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_readings_go_by_what_was_chosen(simulated: SimulatedCycler, name: ReadTransport) -> None:
    async with client(address(simulated)) as (cycler, _):
        assert await by(simulated, cycler) == {Transport.JSON}
        cycler.use(name)
        assert cycler.transport == name
        assert await by(simulated, cycler) == {USED[name]}
        simulated.received.clear()
        await cycler.read_status(1)
        await cycler.read_system_info()
        await cycler.read_specification(1)
        await cycler.set_variable(1, 1, 1.0)
        ways = {record.number: record.transport for record in simulated.received if record.number != (0, 0)}
        assert ways == {
            (4, 7): USED[name],
            (1, 2): Transport.JSON,
            (3, 1): Transport.JSON,
            (6, 9): Transport.JSON,
        }


async def test_what_the_configuration_names_stays(simulated: SimulatedCycler) -> None:
    async with client(address(simulated), transport="tcp") as (cycler, _):
        cycler.use("json")
        assert await by(simulated, cycler) == {Transport.BINARY_TCP}


@pytest.mark.parametrize("name", ["tcp", "udp"])
async def test_when_it_falls_silent_the_same_read_comes_by_json(
    simulated: SimulatedCycler, name: ReadTransport
) -> None:
    async with client(address(simulated)) as (cycler, _):
        cycler.use(name)
        await cycler.read_voltages(1, 8)
        with silent_by(simulated, cycler, name):
            assert len(await cycler.read_voltages(1, 8)) == 8
            assert cycler.transport == "json"
            assert str(cycler.fallen_back).startswith(f"{name} failed: ")
        assert await by(simulated, cycler) == {Transport.JSON}, "until somebody probes again"
        cycler.use(name)
        assert cycler.fallen_back is None
        assert await by(simulated, cycler) == {USED[name]}


async def test_when_its_port_is_closed_reads_come_by_json(simulated: SimulatedCycler) -> None:
    async with SimulatedCycler(8) as doors:
        where = replace(address(simulated), tcp_port=doors.tcp_port)
        async with client(where) as (cycler, _):
            cycler.use("tcp")
            await cycler.read_voltages(1, 8)
            await doors.stop()
            assert await by(simulated, cycler) == {Transport.JSON}
            assert cycler.fallen_back is not None


@pytest.mark.parametrize("name", ["tcp", "udp"])
async def test_configured_it_does_not_fall_back(simulated: SimulatedCycler, name: ReadTransport) -> None:
    async with client(address(simulated), transport=name) as (cycler, _):
        simulated.received.clear()
        with silent_by(simulated, cycler, name), pytest.raises(NoReply):
            await cycler.read_voltages(1, 8)
        assert cycler.transport == name
        assert {record.transport for record in simulated.received} == {USED[name]}


async def test_a_tester_that_is_gone_is_gone_by_json_too(simulated: SimulatedCycler) -> None:
    async with client(address(simulated)) as (cycler, _):
        cycler.use("tcp")
        await cycler.read_voltages(1, 8)
        await simulated.stop()
        with pytest.raises(TesterOffline, match=str(simulated.json_port)):
            await cycler.read_voltages(1, 8)


async def test_what_json_does_not_have_survives_a_fall_back(
    simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "ECHO_S", SHORT_S)
    simulated.tester.channel(1).label = replace(simulated.tester.channel(1).label, test_name="x" * 200)
    async with client(address(simulated)) as (cycler, _):
        cycler.use("udp")
        simulated.faults.add(Fault("drop", transport=Transport.BINARY_UDP))
        assert (await cycler.read_long_test_info(1)).test_name == "x" * 200


@pytest.mark.parametrize("name", ["tcp", "udp"])
@pytest.mark.parametrize("is_auto", [False, True])
async def test_q17_names_are_not_cut(simulated: SimulatedCycler, name: ReadTransport, is_auto: bool) -> None:
    long = "a name of more than twenty-five characters"
    async with client(address(simulated), transport="auto" if is_auto else name) as (cycler, _):
        cycler.use(name)
        await cycler.start_test(3, m.StartTest(test_name=long, procedure="Rest"))
        assert (await cycler.read_test_info(3)).test_name == long
        assert not await cycler.test_name_exists(long)
        assert not await cycler.procedure_exists(long)
        assert cycler.transport == name
        assert await by(simulated, cycler) == {USED[name]}
