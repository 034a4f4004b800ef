"""The audit's file: append-only, whole lines, rotated, and never in anybody's way."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from macnet_bridge.audit_file import AuditFile

needs_dev_full = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")


def line(number: int, size: int = 0) -> bytes:
    return json.dumps({"n": number, "pad": "x" * size}).encode()


def numbers(path: Path) -> list[int]:
    """What whole lines of a file say; fails for one that is no JSON."""
    return [json.loads(text)["n"] for text in path.read_text("utf-8").splitlines()]


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_lines_are_appended_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for run in range(3):
        with AuditFile(path) as file:
            for number in range(1000):
                file.write(line(1000 * run + number))
    assert numbers(path) == list(range(3000))


def test_it_is_written_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditFile(path) as file:
        file.write(line(1))
        until(lambda: path.exists() and numbers(path) == [1])


def test_old_files_are_put_aside_and_the_oldest_dropped(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = AuditFile(path, max_bytes=1000, keep=2)
    with file:
        for number in range(40):
            file.write(line(number, 100))
            until(lambda: file.waiting == 0)
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    kept = [*numbers(path.with_name("audit.jsonl.2")), *numbers(path.with_name("audit.jsonl.1"))]
    assert [*kept, *numbers(path)] == list(range(40 - len(kept) - len(numbers(path)), 40))
    assert all(entry.stat().st_size < 1000 + 200 for entry in tmp_path.iterdir())


def test_half_a_line_is_cut_off_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(line(1) + b"\n" + line(2)[:7])
    with AuditFile(path) as file:
        file.write(line(3))
    first, lost, last = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    assert (first["n"], lost["fact"], lost["lines"], last["n"]) == (1, "lost", 1, 3)


def test_a_file_of_half_a_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"x" * 200_000)
    with AuditFile(path) as file:
        file.write(line(3))
    assert [json.loads(text).get("n") for text in path.read_text("utf-8").splitlines()] == [None, 3]


@needs_dev_full
def test_a_full_disk_keeps_nobody_waiting_and_loses_what_does_not_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "audit.jsonl"
    path.symlink_to("/dev/full")
    with caplog.at_level(logging.ERROR), AuditFile(path, queue_bytes=10_000) as file:
        begun = time.thread_time()
        for number in range(5000):
            file.write(line(number))
        assert time.thread_time() - begun < 1.0
        until(lambda: caplog.records)
        assert file.lost > 4000
        until(lambda: file.attempts > 2)
        path.unlink()  # there is room again
        until(lambda: path.exists() and path.stat().st_size)
        file.write(line(5000))
        kept = 5000 - file.lost
    found = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    assert (found[0]["fact"], found[0]["lines"]) == ("lost", 5000 - kept)
    assert [entry["n"] for entry in found[1:]] == [*range(kept), 5000]
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text


@needs_dev_full
def test_a_disk_that_stays_full_does_not_keep_the_end_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "audit.jsonl"
    path.symlink_to("/dev/full")
    with AuditFile(path) as file:
        file.write(line(1))
        begun = time.monotonic()
    assert time.monotonic() - begun < 2.0
    assert "1 lines of the audit could not be written" in caplog.text


def test_what_a_full_disk_took_of_a_batch_is_not_there_twice(tmp_path: Path) -> None:
    """The file system takes half a batch, then no more: by the limit of a process for its files."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "audit.jsonl"
    program = f"""
import pathlib, resource, signal, time
from macnet_bridge.audit_file import AuditFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, {resource.RLIM_INFINITY}))
file = AuditFile(pathlib.Path({str(path)!r}))
for number in range(100):
    file.write(b'{{"n":%d}}' % number)
with file:
    while file.attempts < 2:
        time.sleep(0.01)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while file.waiting:
        time.sleep(0.01)
"""
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", program) == 0
    assert numbers(path) == list(range(100))
