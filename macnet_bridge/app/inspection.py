"""Looks at everything that a bridge with this configuration would meet, and changes nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from macnet_bridge.app import unsafe
from macnet_bridge.app.config import CyclerSection
from macnet_bridge.app.inspect_broker import inspect_broker
from macnet_bridge.app.inspect_cycler import inspect_cycler
from macnet_bridge.app.load import examine_file
from macnet_bridge.app.report import Note, Report, error, warning


async def inspect(path: str, environment: Mapping[str, str] = os.environ) -> Report:
    """Check the file; if it is right, connect to the broker and all testers at once."""
    config, wrong = examine_file(path, environment)
    if config is None or wrong:
        return Report(ok=False, config=path, notes=[error(line) for line in wrong])
    async with asyncio.TaskGroup() as tasks:
        broker = tasks.create_task(inspect_broker(config, environment), name="inspect broker")
        cyclers = [
            tasks.create_task(inspect_cycler(section, config, environment), name=f"inspect {section.name}")
            for section in config.cycler
        ]
        same = tasks.create_task(_same_testers(config.cycler), name="inspect addresses")
    report = Report(
        ok=True,
        config=path,
        bridge=config.bridge.name,
        notes=[
            *map(warning, unsafe.of_commands(config.commands)),
            *_of_data_dir(config.bridge.data_dir),
            *same.result(),
        ],
        broker=broker.result(),
        cyclers=[task.result() for task in cyclers],
    )
    return structs.replace(report, ok=all(note.level != "error" for note in report.all_notes()))


def _of_data_dir(data_dir: str) -> Iterator[Note]:
    """Whether the folder can be made or written; it is not made here."""
    path = Path(data_dir).absolute()
    there = next((folder for folder in (path, *path.parents) if folder.exists()), path)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield error(
            f"bridge.data_dir: {path} cannot be written by this user; "
            "name a folder that can, or run the bridge as one who can"
        )


async def _same_testers(cyclers: Sequence[CyclerSection]) -> list[Note]:
    """Testers that are there twice, by hosts that are written differently and mean the same."""
    addresses = await asyncio.gather(*map(_addresses, cyclers))
    users: dict[tuple[str, int], CyclerSection] = {}
    notes: dict[str, Note] = {}
    for cycler, found in zip(cyclers, addresses, strict=True):
        for address in found:
            first = users.setdefault((address, cycler.json_port), cycler)
            if first is not cycler:
                notes[cycler.name] = error(
                    f"cyclers {first.name} and {cycler.name} are the same tester: {first.host} and "
                    f"{cycler.host}, port {cycler.json_port}; leave one out"
                )
    return list(notes.values())


async def _addresses(cycler: CyclerSection) -> list[str]:
    """No address where the name cannot be resolved, which the inspection of that tester tells."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(cycler.host, cycler.json_port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]
