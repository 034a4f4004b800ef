"""Keep every reading once, whatever broker and bridge went through, and tell which are missing.

Try it without a tester: `macnet-bridge demo`, and in another terminal
`python examples/readings_without_gaps.py file=readings.sqlite`. Stop the broker, or this program, for
a while: what was measured meanwhile is in the file once both are back. Every key can be given like that.
"""

import json
import sqlite3
import sys
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

config = {
    "host": "127.0.0.1",
    "port": "1883",
    "root": "macnet",
    "bridge": "+",  # with several bridges below one root: the one whose health counts
    "client_id": "readings-without-gaps",
    "file": ":memory:",
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value

TABLES = """
-- A double has the same numbers and the same time.
CREATE TABLE IF NOT EXISTS reading (channel TEXT, run INTEGER, seq INTEGER, unix_time_second REAL,
    payload BLOB, PRIMARY KEY (channel, run, seq, unix_time_second)) WITHOUT ROWID;
-- Where readings are missing that another one named: the last of them. It may still come.
CREATE TABLE IF NOT EXISTS gap (channel TEXT, run INTEGER, seq INTEGER, PRIMARY KEY (channel, run, seq));
"""
HAS = "SELECT * FROM reading WHERE (channel, run, seq) = (?, ?, ?)"
HAS_OLDER = "SELECT * FROM reading WHERE channel = ? AND (run, seq) < (?, ?)"

Gap = tuple[str, int, int]
"""Channel, run, and number."""

database = sqlite3.connect(config["file"])
database.executescript(TABLES)
suspected: set[Gap] = set()
told: set[Gap] = set()


def keep(channel: str, payload: bytes | bytearray) -> None:
    """Store a reading unless it is there already, and look whether the one before it is there."""
    reading = json.loads(payload)
    run, seq = reading["run"], reading["seq"]
    row = (channel, run, seq, reading["unix_time_second"], bytes(payload))
    with database:
        is_new = database.execute("INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)", row).rowcount
        database.execute("DELETE FROM gap WHERE (channel, run, seq) = (?, ?, ?)", (channel, run, seq))
        # The first reading of a run names the last one of an earlier run.
        before = {"run": run, "seq": seq - 1} if seq > 1 else reading.get("previous")
        if before is not None:
            miss((channel, before["run"], before["seq"]))
    age = ", late" if reading["is_historical"] else ""
    print(f"{'kept' if is_new else 'double'} {channel} {run} {seq}{age}", flush=True)


def miss(reading: Gap) -> None:
    """Note a reading that is not there, unless it is of a time when we did not listen yet."""
    if database.execute(HAS, reading).fetchone() is None and database.execute(HAS_OLDER, reading).fetchone():
        database.execute("INSERT OR IGNORE INTO gap VALUES (?, ?, ?)", reading)


def look_for_gaps(health: dict[str, Any]) -> None:
    """A gap may close while readings wait on disk. One that outlives two messages without is a loss."""
    gaps = set(database.execute("SELECT * FROM gap")) if health["spool"]["waiting"] == 0 else set()
    for channel, run, seq in sorted((gaps & suspected) - told):
        print(f"missing {channel} {run} {seq}, and perhaps some before it", flush=True)
    told.update(gaps & suspected)
    suspected.clear()
    suspected.update(gaps)


def on_connect(client: mqtt.Client, *_: Any) -> None:
    readings = f"{config['root']}/+/+/telemetry/reading"
    client.subscribe([(readings, 1), (f"{config['root']}/bridge/{config['bridge']}/health", 0)])


def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
    # The broker has its confirmation when this returns, and not before the reading is stored.
    if message.topic.endswith("/reading"):
        keep(message.topic.removesuffix("/telemetry/reading"), message.payload)
    else:
        look_for_gaps(json.loads(message.payload))


# A session of our own: with QoS 1, the broker keeps what comes while this program is away.
client = mqtt.Client(CallbackAPIVersion.VERSION2, config["client_id"], clean_session=False)
client.on_connect, client.on_message = on_connect, on_message
client.reconnect_delay_set(1, 10)
try:
    client.connect(config["host"], int(config["port"]))
except OSError as error:
    sys.exit(f"no connection to the broker at {config['host']}:{config['port']}: {error.strerror or error}")
try:
    client.loop_forever()
except KeyboardInterrupt:
    print(f"{database.execute('SELECT count(*) FROM reading').fetchone()[0]} readings")
