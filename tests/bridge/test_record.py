"""`macnet-bridge record` as its users run it, beside a bridge, through ends and kills of all three."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.recording import PROJECT, Reading, RecordProgram
from tests.bridge.running import cycler_table, running_bridge
from tests.brokers import RunningBroker, Setup, free_port
from tests.commands.samples import running
from tests.patience import PATIENCE_S

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals of another kind")


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - facts of other processes set no event
            await asyncio.sleep(0.05)


def program(lab: Lab, name: str = "lab.sqlite") -> RecordProgram:
    return RecordProgram(lab.broker.host, lab.broker.port, lab.root, lab.folder, name)


def published(peer: MqttPeer) -> dict[Reading, dict[str, Any]]:
    """Every reading that an independent subscriber has seen."""
    seen = [each for each in list(peer.seen) if each.topic.endswith("/reading")]
    found = {}
    for each in seen:
        reading = each.json
        found[int(each.topic.split("/")[2]), reading["run"], reading["seq"]] = reading
    return found


async def test_rows_are_exactly_what_was_published(lab: Lab) -> None:
    recorder, peer = program(lab), await lab.peer()
    cycler = await lab.cycler(3, behaviour=Behaviour(starting_second=0.0))
    running(cycler, 2)
    with recorder.recording():
        await until(lambda: "connected" in recorder.said)
        async with running_bridge(lab.config(cycler_table(cycler))):
            await peer.wait(lambda seen: "/2/" in seen.topic and bool(seen.json.get("seq") == 12))
            await peer.command(f"{lab.root}/lab1/2/cmd/suspend", {"id": "s"})
            await peer.wait(lambda seen: seen.topic.endswith("/event"))
        await until(lambda: recorder.readings() >= published(peer).keys())
    wanted = published(peer)
    assert recorder.readings() == wanted.keys()
    columns = "channel, run, seq, unix_time_second, voltage_volt, current_ampere, test_time_second, state, \
        step_cumulative_capacity_ah, tester_time, test_name, raw_rf2, more"
    for channel, run, seq, *values in recorder.select(f"SELECT {columns} FROM readings"):
        reading = wanted[channel, run, seq]
        names = ("unix_time_second", "voltage_volt", "current_ampere", "test_time_second", "state")
        more = (reading["step_cumulative_capacity_ah"], reading["tester_time"], reading["test_name"])
        assert values == [*(reading.get(name) for name in names), *more, reading["raw"]["rf2"], None]
    events = {each.json["id"]: each.json["kind"] for each in peer.seen if each.topic.endswith("/event")}
    assert dict(recorder.select("SELECT id, kind FROM events")) == events
    sweeps = [each.json for each in peer.seen if each.topic.endswith("/sweep")]
    assert recorder.select("SELECT seq, channel, voltage_volt FROM sweeps ORDER BY seq, channel") == [
        (sweep["seq"], channel, volt)
        for sweep in sweeps
        for channel, volt in zip(sweep["channel"], sweep["voltage_volt"], strict=True)
    ]
    assert recorder.select("SELECT DISTINCT procedure FROM states WHERE channel = 2") == [("Cycle_1C",)]
    assert ("lab1", 2, "before-2") in recorder.select("SELECT cycler, channel, test_name FROM tests")


@pytest.mark.timeout(240)
@pytest.mark.needs_real_broker
async def test_nothing_is_lost_or_doubled_over_ends_of_all_three(own_lab: Lab) -> None:
    lab, recorder = own_lab, program(own_lab)
    peer = MqttPeer(
        lab.broker.host, lab.broker.port, f"{lab.root}/+/+/telemetry/reading", session=f"{lab.root}-peer"
    )
    cycler = await lab.cycler(3)
    text = lab.config(cycler_table(cycler))
    async with peer:
        with recorder.recording():
            await until(lambda: "connected" in recorder.said)
            async with running_bridge(text) as bridge:
                await until(lambda: len(recorder.readings()) > 10)
                lab.broker.stop()
                await until(lambda: bridge.delivery.spool_health().waiting >= 10)
                lab.broker.start()
                await until(lambda: recorder.select("SELECT 1 FROM readings WHERE is_historical"))
        async with running_bridge(text):  # a new run, of which the recorder is away
            await peer.wait(lambda seen: bool(seen.json["run"] == 2 and seen.json["seq"] >= 10))
            # Killed when its rows are on disk and nothing is confirmed: all of them come again.
            killed = recorder.start(MACNET_TEST_KILL_AT="keep_after_commit")
            assert await asyncio.to_thread(killed.wait, PATIENCE_S) == -signal.SIGKILL
            with recorder.recording():
                await until(lambda: recorder.readings() >= published(peer).keys())
        with recorder.recording():  # what the bridge said at its end
            await until(lambda: recorder.readings() >= published(peer).keys())
    assert recorder.readings() == published(peer).keys()
    assert {run for _, run, _ in recorder.readings()} == {1, 2}
    assert recorder.select("SELECT * FROM gaps") == []
    for channel in (1, 2, 3):
        for run in (1, 2):
            seqs = sorted(seq for of, its, seq in recorder.readings() if (of, its) == (channel, run))
            assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.timeout(240)
@pytest.mark.needs_real_broker
async def test_parquet_has_the_same_over_a_kill(lab: Lab) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra `parquet`")
    recorder = program(lab, "lab-parquet")
    recorder.database = recorder.file / "recording.sqlite"
    peer = await lab.peer(f"{lab.root}/+/+/telemetry/reading")
    options = ("--format", "parquet")
    async with running_bridge(lab.config(cycler_table(await lab.cycler(2)))):
        with recorder.recording(*options):
            await until(lambda: len(recorder.readings()) > 5)
        killed = recorder.start(*options, MACNET_TEST_KILL_AT="keep_after_commit")
        assert await asyncio.to_thread(killed.wait, PATIENCE_S) == -signal.SIGKILL
        with recorder.recording(*options):
            await until(lambda: len(recorder.readings()) > 5)
    with recorder.recording(*options):
        await until(lambda: recorder.select("SELECT sum(readings) FROM runs")[0][0] >= _last(recorder, peer))
    columns = ["channel", "run", "seq", "voltage_volt"]
    table = parquet.read_table(recorder.file / "readings", columns=columns)
    rows = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
    wanted = published(peer)
    first = {channel: min(seq for of, _, seq, _ in rows if of == channel) for channel in (1, 2)}
    assert sorted(rows) == sorted(
        (*key, reading["voltage_volt"]) for key, reading in wanted.items() if key[2] >= first[key[0]]
    )
    assert recorder.readings() == set()  # all of them have gone on


def _last(recorder: RecordProgram, peer: MqttPeer) -> int:
    """How many readings there are from the first recorded one of each channel."""
    firsts = dict(recorder.select("SELECT channel, first_seq FROM runs"))
    return sum(seq >= firsts[channel] for channel, _, seq in published(peer))


@pytest.mark.needs_real_broker
async def test_a_session_of_the_older_mqtt_is_kept_as_well(lab: Lab) -> None:
    config = lab.folder / "older.toml"
    cycler = await lab.cycler(1)
    config.write_text(lab.config(cycler_table(cycler), mqtt='protocol = "4"'), "utf-8")
    recorder, peer = program(lab), await lab.peer()
    topic = f"{lab.root}/lab1/1/telemetry/reading"

    def read(seq: int) -> bool:
        peer.publish(topic, {"run": 1, "seq": seq, "unix_time_second": float(seq)})
        return bool(recorder.readings())

    with recorder.recording("-c", str(config)):
        await until(lambda: read(1))
    for seq in range(2, 20):
        read(seq)
    with recorder.recording("-c", str(config)):
        await until(lambda: len(recorder.readings()) == 19)


def end_session(lab: Lab, client_id: str) -> None:
    """Have the broker forget it, by a connection that wants a clean one."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=True)
    has_begun = threading.Event()
    client.on_connect = lambda *_: has_begun.set()
    client.connect(lab.broker.host, lab.broker.port)
    client.loop_start()
    assert has_begun.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


@pytest.mark.needs_real_broker
async def test_a_session_that_the_broker_has_forgotten_is_told(lab: Lab) -> None:
    recorder, session = program(lab), f"{lab.root}-session"
    for _ in range(2):
        with recorder.recording("--client-id", session):
            await until(lambda: "connected to" in recorder.said)
    assert "forgotten" not in recorder.said
    await asyncio.to_thread(end_session, lab, session)
    with recorder.recording("--client-id", session):
        await until(lambda: "the broker has forgotten the session" in recorder.said)
    assert recorder.said.count("connected to") == 3


@pytest.mark.needs_real_broker
async def test_what_is_missing_late_lost_and_unread(lab: Lab) -> None:
    recorder, peer = program(lab), await lab.peer()
    base = f"{lab.root}/lab1/1/telemetry"
    peer.publish(f"{lab.root}/lab1/status", {"bridge": "lab", "session": "s"}, retain=True)

    def read(run: int, seq: int, at: float, **more: object) -> bool:
        peer.publish(f"{base}/reading", {"run": run, "seq": seq, "unix_time_second": at, **more})
        return bool(recorder.readings())

    def health(at: float) -> None:
        told = {"session": "s", "unix_time_second": at, "spool": {"waiting": 0}}
        peer.publish(f"{lab.root}/bridge/lab/health", told)

    with recorder.recording():
        await until(lambda: read(1, 1, 1.0))
        read(1, 3, 3.0)
        read(1, 6, 6.0)
        read(1, 2, 2.0, is_historical=True)
        read(1, 6, 6.0, is_historical=True)
        peer.publish(f"{base}/reading", b"rubbish")
        health(10.0)
        health(20.0)
        read(2, 2, 21.0)
        read(2, 3, 22.0)
        await until(lambda: (1, 2, 3) in recorder.readings())
        await until(lambda: recorder.select("SELECT 1 FROM gaps WHERE is_lost"))
    gaps = recorder.select("SELECT run, first_seq, last_seq, is_lost FROM gaps")
    assert gaps == [(1, 4, 5, 1), (2, 1, 1, 0)]
    assert recorder.select("SELECT topic, payload FROM unread") == [(f"{base}/reading", b"rubbish")]
    assert recorder.said.count("cannot be read") == 1
    assert "6 readings" in recorder.said.splitlines()[-1]
    assert "1 missing, 2 lost" in recorder.said.splitlines()[-1]
    peer.publish(f"{lab.root}/lab1/status", b"", retain=True)


@pytest.mark.needs_real_broker
async def test_another_filter_ends_the_old_subscription(lab: Lab) -> None:
    recorder, peer = program(lab), await lab.peer()

    def read(name: str, seq: int) -> bool:
        body = {"run": 1, "seq": seq, "unix_time_second": float(seq)}
        peer.publish(f"{lab.root}/{name}/telemetry/reading", body)
        return bool(recorder.select(f"SELECT 1 FROM readings WHERE cycler = '{name.split('/')[0]}'"))

    with recorder.recording("lab1"):
        await until(lambda: read("lab1/1", 1))
    with recorder.recording("lab2/1-2"):
        await until(lambda: read("lab2/1", 1))
    for name in ("lab1/1", "lab2/3", "lab2/2"):
        read(name, 2)
    with recorder.recording("lab2/1-2"):
        await until(lambda: (2, 1, 2) in recorder.readings())
    assert recorder.select("SELECT cycler, channel FROM readings WHERE seq = 2") == [("lab2", 2)]


@pytest.mark.needs_real_broker
async def test_a_broker_that_was_away_ends_the_old_subscription_later(lab: Lab) -> None:
    recorder = program(lab)
    with recorder.recording("lab1"):
        await until(lambda: "connected" in recorder.said)
    away = [*recorder.command, "lab2/1-2", "--url", f"mqtt://127.0.0.1:{free_port()}", "--seconds", "0.2"]
    await asyncio.to_thread(subprocess.run, away, capture_output=True, timeout=PATIENCE_S, check=False)
    (former,) = recorder.select("SELECT value FROM settings WHERE name = 'filters'")
    assert f"{lab.root}/lab1/+/telemetry/reading" in former[0]
    with recorder.recording("lab2/1-2"):
        await until(
            lambda: "lab1" not in recorder.select("SELECT value FROM settings WHERE name = 'filters'")[0][0]
        )


@pytest.mark.needs_real_broker
async def test_a_viewer_may_record(start_broker: Callable[..., RunningBroker], tmp_path: Path) -> None:
    broker = start_broker(Setup(users={"bridge": "b-secret", "viewer": "v-secret"}))
    recorder = RecordProgram(broker.host, broker.port, "macnet", tmp_path)
    options = ("--username", "viewer", "--password-env", "SECRET")
    peer = MqttPeer(broker.host, broker.port, "macnet/#", user="bridge", password="b-secret")

    def read(seq: int) -> bool:
        peer.publish("macnet/lab1/1/telemetry/reading", {"run": 1, "seq": seq, "unix_time_second": 5.0 * seq})
        return bool(recorder.readings())

    def health(at: float) -> None:
        told = {"session": "s", "unix_time_second": at, "spool": {"waiting": 0}}
        peer.publish("macnet/bridge/lab/health", told)

    async with peer:
        peer.publish("macnet/lab1/status", {"bridge": "lab"}, retain=True)
        with recorder.recording(*options, SECRET="v-secret"):
            await until(lambda: read(1))
            read(3)
            health(20.0)
            health(30.0)
            read(7)
            await until(lambda: recorder.select("SELECT 1 FROM gaps WHERE is_lost"))


async def test_one_recorder_for_one_file(lab: Lab) -> None:
    recorder = program(lab)
    with recorder.recording():
        await until(lambda: "connected" in recorder.said)
        second = await asyncio.to_thread(
            subprocess.run, recorder.command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    assert second.returncode == 1
    assert second.stderr == (
        f"macnet-bridge: --to: another recorder writes {recorder.file}; "
        "stop it, or give each a file of its own\n"
    )


@pytest.mark.needs_real_broker
async def test_of_two_with_one_session_one_gives_way(lab: Lab) -> None:
    first, second = program(lab), program(lab, "other.sqlite")
    with first.recording("--client-id", f"{lab.root}-same") as one:
        await until(lambda: "connected" in first.said)
        with second.recording("--client-id", f"{lab.root}-same") as two:
            await until(lambda: one.poll() is not None or two.poll() is not None)
            loser = first if one.poll() is not None else second
            assert {one.poll(), two.poll()} == {None, 1}
            assert loser.said.splitlines()[-1] == (
                f"macnet-bridge: another client has taken over the session {lab.root}-same at the broker: "
                "stop the other recorder, or give this one another --client-id"
            )
            if loser is first:
                one.wait()


@posix_only
async def test_sigterm_ends_well_and_the_log_can_be_json(lab: Lab) -> None:
    recorder = program(lab)
    with recorder.recording("--log-format", "json") as process:
        await until(lambda: "connected" in recorder.said)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert '"message":"stopped: 0 readings, 0/s, none missing, ' in recorder.said.splitlines()[-1]


def test_a_broker_that_is_not_there_is_told_at_the_end_of_the_time(tmp_path: Path) -> None:
    port = free_port()
    command = [*(sys.executable, "-m", "macnet_bridge", "record"), "--to", str(tmp_path / "r.sqlite")]
    outcome = subprocess.run(
        [*command, "--url", f"mqtt://127.0.0.1:{port}", "--seconds", "0.5"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr.splitlines()[-1] == (
        f"macnet-bridge: no connection to the broker at mqtt://127.0.0.1:{port}: nothing listens at "
        f"127.0.0.1:{port}; start the broker, or correct --url"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["lab 1"], 2, "'lab 1' is no name of a cycler; write lab1, lab1/5 or lab1/1-16,33"),
        (["--to", "notes.txt/r.sqlite"], 1, "notes.txt/r.sqlite cannot be written: "),
        (["--to", "lab"], 1, "--to: lab is a folder; name a file, or say --format parquet"),
        (["--to", "."], 1, "--to: . is a folder; name a file, or say --format parquet"),
        (["--to", "/", "--format", "parquet"], 1, "--to: / cannot be a recording; name a folder in it"),
        (["--to", "notes.txt"], 1, "notes.txt is no recording (file is not a database); name another file"),
        (["--to", "mine.sqlite"], 1, "mine.sqlite is a database of another program; name another file"),
        (["--to", "notes.txt", "--format", "parquet"], 1, "notes.txt cannot be used: it is a file; name a"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], code: int, line: str
) -> None:
    (tmp_path / "lab").mkdir()
    with closing(sqlite3.connect(tmp_path / "mine.sqlite")) as mine:
        mine.execute("CREATE TABLE mine (a)")
    (tmp_path / "notes.txt").write_text("cell 7 is the warm one\n" * 100, "utf-8")
    outcome = subprocess.run(
        [sys.executable, "-m", "macnet_bridge", "record", "--seconds", "5", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert outcome.returncode == code
    assert line in outcome.stderr.splitlines()[-1]
    assert "Traceback" not in outcome.stderr
    assert {path.name for path in tmp_path.rglob("*")} == {"lab", "mine.sqlite", "notes.txt"}


def test_parquet_without_pyarrow_is_one_line(tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyarrow'] = None; from macnet_bridge.__main__ import main; main()"
    outcome = subprocess.run(
        [sys.executable, "-c", program, "record", "--format", "parquet"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert outcome.returncode == 1
    assert outcome.stderr == "macnet-bridge: Parquet needs pyarrow: pip install 'macnet-bridge[parquet]'\n"
    assert list(tmp_path.iterdir()) == []


@posix_only
def test_a_terminal_shows_one_line_that_changes(tmp_path: Path) -> None:
    import pty  # Windows has none

    ours, theirs = pty.openpty()
    port = free_port()
    command = [sys.executable, "-m", "macnet_bridge", "record", "--to", str(tmp_path / "lab.sqlite")]
    with subprocess.Popen(
        [*command, "--url", f"mqtt://127.0.0.1:{port}", "--seconds", "1.5"],
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux says that nobody writes any more in this way
            while data := os.read(ours, 4096):
                shown += data
        assert process.wait(PATIENCE_S) == 1
    os.close(ours)
    assert shown.count(b"lab.sqlite: 0 readings, 0/s, none missing, ") >= 2
    assert b"nothing listens at" in shown
