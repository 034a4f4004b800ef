"""Copy a bridge's data directory while the bridge runs.

    python examples/backup.py /var/lib/macnet-bridge /srv/backup/2026-11-26

The databases are copied by SQLite itself, so that each copy is whole; the other files are replaced
whole by the bridge, or grow at their end. What a copy is good for, and what it is not, says the
page on backups.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

LEFT_OUT = (".sqlite-wal", ".sqlite-shm", ".reserve", ".new")


def back_up(data_dir: Path, folder: Path) -> list[str]:
    """Copy the directory into a new folder; the names of what was copied.

    Raises:
        FileExistsError: the folder is there already.
        FileNotFoundError: there is no such data directory.
    """
    folder.mkdir(parents=True)
    copied = []
    for path in sorted(data_dir.iterdir()):
        if path.name == "lock" or path.name.endswith(LEFT_OUT) or not path.is_file():
            continue
        copy = copy_database if path.suffix == ".sqlite" else shutil.copy2
        copy(path, folder / path.name)
        copied.append(path.name)
    return copied


def copy_database(path: Path, copy: Path) -> None:
    """Copy a database that is in use, and see that the copy is sound."""
    read_only = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        (found,) = target.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise OSError(f"{path}: {found}")


def main() -> None:
    try:
        data_dir, folder = map(Path, sys.argv[1:])
    except ValueError:
        sys.exit("backup.py: needs the data directory and a new folder")
    try:
        copied = back_up(data_dir, folder)
    except OSError as error:
        sys.exit(f"backup.py: {error}")
    print(f"{folder}: {', '.join(copied)}")


if __name__ == "__main__":
    main()
