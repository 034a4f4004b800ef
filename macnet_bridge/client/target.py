"""Whom commands are for, and how one becomes a message and its acknowledgement an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Unpack

from macnet_bridge.client.command import Command
from macnet_bridge.client.failures import failure_of
from macnet_bridge.client.link import Link
from macnet_bridge.client.reach import Reach
from macnet_bridge.client.request import EXPIRES_S, Options, command_id, payload
from macnet_bridge.client.roles import Role
from macnet_bridge.payloads.acknowledgements import Acknowledgement


class Target:
    """Takes commands, by its methods or by name.

    Every method waits for the FINAL acknowledgement and gives it, `done`. The same id is sent again
    until it comes, and until `expires_s` and the client's `margin_s` have passed; but not once a stop
    of its channels was given: a start that was lost on its way must not arrive after the stop.

    Raises, with every method:
        CommandFailed: it says other than done; a class for each category.
        NoAnswer: there was none in time.
    """

    def __init__(
        self, link: Link, base: str, answers: tuple[str, ...], margin_s: float, reach: Reach | None = None
    ) -> None:
        self._link = link
        self._base = base
        self._answers = tuple(f"{link.root}/{topic}" for topic in answers)
        self._margin_s = margin_s
        self._reach = reach

    async def command(
        self, verb: str, args: Mapping[str, Any] = {}, **options: Unpack[Options]
    ) -> Acknowledgement:
        """Send a verb by its name; the bridge judges it and its arguments."""
        return await self._command(verb, args, options)

    async def _command(self, verb: str, args: Mapping[str, Any], options: Options) -> Acknowledgement:
        answer = await self._link.call(self._made(verb, args, options))
        if answer.status != "done":
            raise failure_of(answer)
        return answer

    def _made(self, verb: str, args: Mapping[str, Any], options: Options) -> Command:
        name = command_id(options)
        content = payload(name, args, options, self._extra(), time.time())
        until = time.monotonic() + options.get("expires_s", EXPIRES_S) + self._margin_s
        topic = self._link.command_topic(self._base, verb)
        role = Role.of(verb, dry_run=options.get("dry_run", False))
        return Command(name, topic, content, self._answers, until, verb=verb, role=role, reach=self._reach)

    def _extra(self) -> dict[str, Any]:
        """Further top-level keys of the payload."""
        return {}
