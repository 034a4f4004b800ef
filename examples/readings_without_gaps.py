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
for key, value in (argument.split("=", 1) for argument in sys.argv[1:]):
    config[key] = value

# A double has the same numbers and the same time, so the key drops it. Every reading names the one
# before it: its own number less one or, the first of a run, `previous`.
TABLE = """CREATE TABLE IF NOT EXISTS reading (
    channel TEXT, run INTEGER, seq INTEGER, unix_time_second REAL, before_run INTEGER, before_seq INTEGER,
    payload TEXT, PRIMARY KEY (channel, run, seq, unix_time_second))"""

# A reading is missing where another one names it. What was there before the first one that we have
# of a channel is not missing: we were not there yet.
MISSING = """SELECT later.channel, before_run, before_seq FROM reading AS later
    WHERE NOT EXISTS (SELECT * FROM reading AS it WHERE it.channel = later.channel
                      AND it.run = later.before_run AND it.seq = later.before_seq)
      AND EXISTS (SELECT * FROM reading AS older WHERE older.channel = later.channel
                  AND (older.run, older.seq) < (later.before_run, later.before_seq))"""

Gap = tuple[str, int, int]
"""Channel, and the run and number of the last reading that is missing there."""

database = sqlite3.connect(config["file"], check_same_thread=False)
database.execute(TABLE)
suspected: set[Gap] = set()
told: set[Gap] = set()


def keep(channel: str, payload: bytes | bytearray) -> None:
    """Store a reading unless it is there already."""
    reading = json.loads(payload)
    run, seq = reading["run"], reading["seq"]
    before = {"run": run, "seq": seq - 1} if seq > 1 else reading.get("previous", {})
    row = (
        channel,
        run,
        seq,
        reading["unix_time_second"],
        before.get("run"),
        before.get("seq"),
        bytes(payload),
    )
    with database:
        is_new = database.execute("INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount
    age = ", late" if reading["is_historical"] else ""
    print(f"{'kept' if is_new else 'double'} {channel} {run} {seq}{age}", flush=True)


def look_for_gaps(health: dict[str, Any]) -> None:
    """A gap may close while readings wait on disk. One that outlives two messages without is a loss."""
    gaps = set(database.execute(MISSING)) if health["spool"]["waiting"] == 0 else set()
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
client.connect(config["host"], int(config["port"]))
try:
    client.loop_forever()
except KeyboardInterrupt:
    print(f"{database.execute('SELECT count(*) FROM reading').fetchone()[0]} readings")
