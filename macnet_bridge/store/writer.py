"""One thread that owns a SQLite connection and commits what waits for it together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from macnet_bridge import kill_points
from macnet_bridge.errors import JournalUnavailable

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]


@dataclass(slots=True)
class _Task:
    """One operation. `name` is that of its points in `kill_points`."""

    name: str
    run: Operation[Any]
    done: Future[Any] = field(default_factory=Future)


def _unavailable(reason: str, error: Exception | None) -> Exception:
    return JournalUnavailable(reason)


class Writer:
    """Runs operations in the order they came, each in a transaction that it may share with others.

    Args:
        connect: called on the thread, for the connection.
        name: of what is kept there, for people.
        unavailable: what an operation raises that could not be done, made of the reason and,
            where SQLite or the system gave one, its error.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        name: str = "journal",
        unavailable: Callable[[str, Exception | None], Exception] = _unavailable,
    ) -> None:
        self._connect = connect
        self._name = name
        self._unavailable = unavailable
        self._waiting: deque[_Task] = deque()
        self._thread = ThreadPoolExecutor(1, name)
        self._is_closed = False
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Connect. Raises what `connect` raises."""
        self._connection = self._thread.submit(self._connect).result()

    def close(self) -> None:
        """Write what waits, and close the file."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._connection is not None:
            self._thread.submit(self._connection.close)
        self._thread.shutdown()

    def submit(self, name: str, operation: Operation[T]) -> asyncio.Future[T]:
        """The operation's result, once it is synced to the disk.

        Whoever stops waiting for it does not call it off. The future raises what `unavailable` makes.
        """
        task = _Task(name, operation)
        if self._is_closed or self._connection is None:
            task.done.set_exception(self._unavailable(f"the {self._name} is closed", None))
        else:
            task.done.set_running_or_notify_cancel()
            self._waiting.append(task)
            # One turn for each; those whose work an earlier turn has done find nothing.
            self._thread.submit(self._write, self._connection)
        return asyncio.wrap_future(task.done)

    def apart(self, operation: Callable[[sqlite3.Connection], None]) -> None:
        """Have something done that cannot be part of a transaction. It must not raise."""
        if not self._is_closed and self._connection is not None:
            self._thread.submit(operation, self._connection)

    # --- on the thread

    def _write(self, connection: sqlite3.Connection) -> None:
        tasks = list(self._take())
        if not tasks:
            return
        try:
            results = _commit(connection, tasks)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(tasks) == 1 or _is_busy(error):  # to try each would take as long for each
                for task in tasks:
                    task.done.set_exception(self._failure(error))
                return
            for task in tasks:  # what fits on a full disk must not fail with what does not
                self._write_alone(connection, task)
        else:
            for task, result in zip(tasks, results, strict=True):
                task.done.set_result(result)

    def _write_alone(self, connection: sqlite3.Connection, task: _Task) -> None:
        try:
            (result,) = _commit(connection, [task])
        except Exception as error:  # noqa: BLE001 - as above
            task.done.set_exception(self._failure(error))
        else:
            task.done.set_result(result)

    def _failure(self, error: Exception) -> Exception:
        return self._unavailable(f"the {self._name} cannot be used: {error}", error)

    def _take(self) -> list[_Task]:
        # Only this thread takes, so what is counted is there.
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


def _is_busy(error: Exception) -> bool:
    """Whether another program locks the file."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _commit(connection: sqlite3.Connection, tasks: list[_Task]) -> list[Any]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [task.run(connection) for task in tasks]
        for task in tasks:
            kill_points.reach(f"{task.name}_before_commit")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for task in tasks:
        kill_points.reach(f"{task.name}_after_commit")
    return results
