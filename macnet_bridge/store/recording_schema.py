"""The tables of a recording, as SQL, one step for each version. Values only.

A recording is what `macnet-bridge record` writes. Everybody may read it while it is written (it is in
WAL mode), nobody else writes it. Version 1 has:

    readings   one row for each reading of a channel (MacNet 4, 7), by (run, seq)
    sweeps     one row for each channel of each sweep: the columns of a sweep, turned into rows
    aux        one row for each auxiliary input each time it was published
    variables  global flags and VAR1 to VAR15 of a channel, as published
    events     what happened to a channel once
    states     each change of a channel's state; it tells procedure and cell of a test
    tests      which tests have readings, and where: a summary of `readings`, kept with it
    runs       the same for each channel and run of the bridge: from first_seq to last_seq all are due
    gaps       numbers of readings that are missing
    unread     messages on those topics that are none of these, byte for byte
    settings   what the recorder itself has to remember, by name
    schema_versions  when and by which program this file got its tables

A column that is named like a key of a payload has exactly its value: units are in the name, nothing is
rounded, an absent value and a null are NULL, true and false are 1 and 0. What lies deeper is joined by
`_`: `raw.rf1` is `raw_rf1`, `before.raw.stat` is `before_raw_stat`. `more` has all keys that have no
column, as a JSON object, NULL without any. `errors`, `lock` and `flags_set` are JSON as published.

`cycler` and `channel` come from the topic; channels count from 1. All times are Unix seconds, UTC.

Which columns tell a row from all others is its PRIMARY KEY. `unix_time_second` is part of it because
`run` counts the starts of a bridge on one data directory: with a new one it begins at 1 again.
Rows lie in the order of their key, so those of a channel are together and in the order of (run, seq).
"""

from __future__ import annotations

_V1 = """
CREATE TABLE readings (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    unix_time_second REAL NOT NULL,
    quality TEXT,
    is_historical INTEGER,
    state TEXT,
    mode TEXT,
    test_name TEXT,
    test_time_second REAL,
    step_time_second REAL,
    cycle_count INTEGER,
    step_id INTEGER,
    record_index INTEGER,
    voltage_volt REAL,
    current_ampere REAL,
    power_watt REAL,
    step_cumulative_capacity_ah REAL,
    step_cumulative_energy_wh REAL,
    tester_time TEXT,
    raw_stat INTEGER,
    raw_rf1 INTEGER,
    raw_rf2 INTEGER,
    errors TEXT,
    previous_run INTEGER,
    previous_seq INTEGER,
    more TEXT,
    PRIMARY KEY (cycler, channel, run, seq, unix_time_second)
) WITHOUT ROWID;

CREATE TABLE sweeps (
    cycler TEXT NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    unix_time_second REAL NOT NULL,
    channel INTEGER NOT NULL,
    spread_second REAL,
    state TEXT,
    voltage_volt REAL,
    current_ampere REAL,
    test_time_second REAL,
    errors TEXT,
    more TEXT,
    PRIMARY KEY (cycler, run, seq, unix_time_second, channel)
) WITHOUT ROWID;

CREATE TABLE aux (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    unix_time_second REAL NOT NULL,
    input INTEGER NOT NULL,
    test_name TEXT,
    name TEXT,
    value REAL,
    unit TEXT,
    more TEXT,
    PRIMARY KEY (cycler, channel, run, unix_time_second, input)
) WITHOUT ROWID;

CREATE TABLE variables (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    unix_time_second REAL NOT NULL,
    test_name TEXT,
    global_flags TEXT,
    flags_set TEXT,
    variables_VAR1 REAL,
    variables_VAR2 REAL,
    variables_VAR3 REAL,
    variables_VAR4 REAL,
    variables_VAR5 REAL,
    variables_VAR6 REAL,
    variables_VAR7 REAL,
    variables_VAR8 REAL,
    variables_VAR9 REAL,
    variables_VAR10 REAL,
    variables_VAR11 REAL,
    variables_VAR12 REAL,
    variables_VAR13 REAL,
    variables_VAR14 REAL,
    variables_VAR15 REAL,
    more TEXT,
    PRIMARY KEY (cycler, channel, run, unix_time_second)
) WITHOUT ROWID;

CREATE TABLE events (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT,
    unix_time_second REAL,
    run INTEGER,
    is_historical INTEGER,
    test_name TEXT,
    end_reason TEXT,
    before_unix_time_second REAL,
    before_state TEXT,
    before_mode TEXT,
    before_step_id INTEGER,
    before_cycle_count INTEGER,
    before_raw_stat INTEGER,
    before_raw_rf1 INTEGER,
    before_raw_rf2 INTEGER,
    after_unix_time_second REAL,
    after_state TEXT,
    after_mode TEXT,
    after_step_id INTEGER,
    after_cycle_count INTEGER,
    after_raw_stat INTEGER,
    after_raw_rf1 INTEGER,
    after_raw_rf2 INTEGER,
    end_step INTEGER,
    number_of_ends INTEGER,
    principal TEXT,
    reason TEXT,
    suspended INTEGER,
    more TEXT,
    PRIMARY KEY (cycler, channel, id)
) WITHOUT ROWID;

CREATE TABLE states (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    bridge TEXT NOT NULL,
    session TEXT NOT NULL,
    state_seq INTEGER NOT NULL,
    changed_at REAL NOT NULL,
    state TEXT,
    mode TEXT,
    end_reason TEXT,
    test_name TEXT,
    cell_id TEXT,
    procedure TEXT,
    step_id INTEGER,
    cycle_count INTEGER,
    control TEXT,
    lock TEXT,
    quality TEXT,
    raw_stat INTEGER,
    raw_rf1 INTEGER,
    raw_rf2 INTEGER,
    more TEXT,
    PRIMARY KEY (cycler, channel, bridge, session, state_seq, changed_at)
) WITHOUT ROWID;

-- Of readings that have a test_name. The first and last row of a test, in the order of (run, seq).
CREATE TABLE tests (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    test_name TEXT NOT NULL,
    readings INTEGER NOT NULL,
    first_run INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_run INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    first_unix_time_second REAL NOT NULL,
    last_unix_time_second REAL NOT NULL,
    PRIMARY KEY (cycler, channel, test_name)
) WITHOUT ROWID;

CREATE TABLE runs (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    first_unix_time_second REAL NOT NULL,
    last_unix_time_second REAL NOT NULL,
    PRIMARY KEY (cycler, channel, run)
) WITHOUT ROWID;

-- Readings first_seq to last_seq are missing. is_lost 0: they may still come, 1: they will not.
CREATE TABLE gaps (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    noticed_unix_time_second REAL NOT NULL,
    is_lost INTEGER NOT NULL,
    PRIMARY KEY (cycler, channel, run, first_seq)
) WITHOUT ROWID;

CREATE TABLE unread (
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    reason TEXT NOT NULL,
    received_unix_time_second REAL NOT NULL,
    PRIMARY KEY (topic, payload)
) WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schema_versions (
    version INTEGER PRIMARY KEY,
    since_unix_time_second REAL NOT NULL,
    written_by TEXT NOT NULL
);
"""

STEPS: tuple[str, ...] = (_V1,)
"""What makes version 1 of an empty file, version 2 of version 1, and so on."""

VERSION = len(STEPS)
"""Of this program's recordings: `PRAGMA user_version`, and the last row of `schema_versions`."""
