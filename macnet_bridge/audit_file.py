"""An append-only file of lines that never makes its writer wait.

Lines go to a queue, and a thread of its own writes what is there, a batch at a time. While the
disk does not take them they stay in the queue; what does not fit into that is counted, and the file
says so as soon as it can be written.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

log = logging.getLogger(__name__)

QUEUE_BYTES = 16 << 20
"""How much may wait for the disk."""

_BATCH_LINES = 1000
_CLOSING_S = 1.0
_RETRY_S = 0.5
"""After a failure, how long until the disk is tried again."""


class AuditFile:
    """Lines in `path`, then `path.1`, `path.2`, ... from new to old.

    `write` may be called from one thread. The context is left when what is queued was written, or
    could not be.

    Attributes:
        attempts: how often the disk was given a batch.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 64 << 20, keep: int = 15, queue_bytes: int = QUEUE_BYTES
    ) -> None:
        """
        Args:
            max_bytes: a file of this size is put aside, and a new one begun.
            keep: how many of those are kept.
            queue_bytes: how much may wait for the disk.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._queue_bytes = queue_bytes
        self._queue: deque[bytes] = deque()
        # Each is written by one thread: the first three by that of `write`.
        self._queued = 0
        self._overflowed = 0
        self._taken = 0
        self._torn = 0
        self.attempts = 0
        self._told = 0
        self._is_wanted = threading.Event()
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._file: io.FileIO | None = None
        self._size = 0
        self._is_failing = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_closing.set()
        self._is_wanted.set()
        self._thread.join(_CLOSING_S)
        if left := len(self._queue):
            log.error("%d lines of the audit could not be written: %s", left, self._path)

    @property
    def lost(self) -> int:
        """Lines that were lost since the start."""
        return self._overflowed + self._torn

    @property
    def waiting(self) -> int:
        """Bytes that are not written yet."""
        return self._queued - self._taken

    def write(self, line: bytes) -> None:
        """Keep a line, given without its end. Neither waits nor raises."""
        if self.waiting + len(line) > self._queue_bytes:
            self._overflowed += 1
            return
        self._queued += len(line)
        self._queue.append(line)
        self._is_wanted.set()

    # --- the thread

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._is_wanted.wait()
            self._is_wanted.clear()
            is_last = self._is_closing.is_set()
            while self._queue and self._write_batch():
                pass
            if self._queue:
                self._is_closing.wait(_RETRY_S)
                self._is_wanted.set()
        self._close()

    def _write_batch(self) -> bool:
        """Whether the disk took it; else it is in the queue again."""
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_LINES))]
        self.attempts += 1
        try:
            file = self._open()
            lost = self.lost
            self._append(file, [*_loss(lost - self._told), *batch])
        except OSError as error:
            self._queue.extendleft(reversed(batch))
            self._give_up(error)
            return False
        self._taken += sum(map(len, batch))
        self._told = lost
        self._is_failing = False
        return True

    def _append(self, file: io.FileIO, lines: list[bytes]) -> None:
        data = b"".join(line + b"\n" for line in lines)
        left = memoryview(data)
        while left:
            left = left[file.write(left) or 0 :]
        self._size += len(data)

    def _open(self) -> io.FileIO:
        if self._size >= self._max_bytes:
            self._put_aside()
        if self._file is None:
            self._file = io.FileIO(self._path, "ab+")
            self._size = self._cut_torn_line(self._file)
        return self._file

    def _cut_torn_line(self, file: io.FileIO) -> int:
        """A power cut may have left half a line; what follows must not be glued to it."""
        size = file.seek(0, io.SEEK_END)
        whole = _end_of_last_line(file, size)
        if whole < size:
            file.truncate(whole)
            self._torn += 1
        return whole

    def _put_aside(self) -> None:
        self._close()
        paths = [self._path, *(self._numbered(n) for n in range(1, self._keep + 1))]
        paths[-1].unlink(missing_ok=True)
        for source, target in reversed(list(itertools.pairwise(paths))):
            with contextlib.suppress(FileNotFoundError):
                source.replace(target)
        self._size = 0

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _give_up(self, error: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            log.error("the audit cannot be written to %s: %s", self._path, error.strerror)
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)  # what came of the batch comes again
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def _loss(lines: int) -> list[bytes]:
    if not lines:
        return []
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="microseconds")
    return [b'{"time":"%s","fact":"lost","lines":%d}' % (now.replace("+00:00", "Z").encode(), lines)]


def _end_of_last_line(file: io.FileIO, size: int) -> int:
    """How many bytes of a file are whole lines."""
    end = size
    while end > 0:
        begin = file.seek(max(0, end - 65536))
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
