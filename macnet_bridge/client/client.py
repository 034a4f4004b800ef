"""The client of an asyncio program: `async with BridgeClient("mqtt://...") as lab`."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Literal, Self, Unpack
from uuid import uuid4

from macnet_bridge.broker import BrokerSettings, SettingNames
from macnet_bridge.client.command import Command
from macnet_bridge.client.failures import NoAnswer, NotAllStopped
from macnet_bridge.client.link import Link
from macnet_bridge.client.parties import BridgeParty, CyclerClient
from macnet_bridge.client.reach import Reach
from macnet_bridge.client.request import (
    EXPIRES_S,
    BridgeOptions,
    command_id,
    payload,
    with_defaults,
)
from macnet_bridge.client.roles import Role
from macnet_bridge.errors import ConfigError
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.topics import ROOT_IN_WORDS, is_root

MARGIN_S = 5.0
_MAX_INCOMING_BYTES = 1 << 20
_ARGUMENTS = SettingNames()


class BridgeClient:
    """Commands bridges over MQTT, and reads what they publish. `lab["lab1"][5]` is channel 5 of lab1.

    Args:
        url: `mqtt://host[:port]` or `mqtts://host[:port]`.
        username: also the principal of all commands, which has to be of a-z, 0-9, _ and -; without
            it they are `anonymous`.
        root: first level or levels of all topics.
        protocol: "5", "4" (3.1.1), or "auto": 5, and 3.1.1 where the broker does not know 5.
        margin_s: how long after its deadline a command is still waited for and sent again, since
            its answer may have been on the way: then `NoAnswer`.
        connect_timeout_s: how long `async with` waits for the broker.
        names: what errors call these arguments, for programs whose users give them otherwise:
            `SettingNames(url="--broker")`.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "",
        password: str = "",
        root: str = "macnet",
        protocol: Literal["auto", "5", "4"] = "auto",
        ca_file: str = "",
        cert_file: str = "",
        key_file: str = "",
        margin_s: float = MARGIN_S,
        connect_timeout_s: float = 10.0,
        names: SettingNames = _ARGUMENTS,
    ) -> None:
        self._settings = BrokerSettings(
            url=url,
            client_id=f"macnet-client-{uuid4().hex[:12]}",
            protocol=protocol,
            username=username,
            password=password,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            # Each connection begins anew; the broker need not keep anything for one that is gone.
            session_expiry_s=0,
            max_incoming_bytes=_MAX_INCOMING_BYTES,
            names=names,
        )
        self._link = Link(self._settings, root)
        self._margin_s = margin_s
        self._connect_timeout_s = connect_timeout_s

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ConfigError: the URL or the root is wrong.
            BrokerError: there is no connection in time, and why.
        """
        if not is_root(self._link.root):
            raise ConfigError(f"root: {self._link.root!r} is no root: {ROOT_IN_WORDS}")
        try:
            await self._link.open(self._connect_timeout_s)
        except BaseException:
            await self._link.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._link.close()

    def __getitem__(self, cycler: str) -> CyclerClient:
        return CyclerClient(self._link, cycler, self._margin_s)

    def bridge(self, name: str) -> BridgeParty:
        """The bridge of that name, `bridge.name` of its configuration."""
        return BridgeParty(self._link, name, self._margin_s)

    async def suspend_all(self, **options: Unpack[BridgeOptions]) -> dict[str, Acknowledgement]:
        """Stop everything that any bridge below this root serves.

        Returns:
            The summary of each bridge, by its name.

        Raises:
            NotAllStopped: one says other than done, or says nothing though its status is online.
            NoAnswer: no bridge answered, or there is none.
        """
        answers: dict[str, Acknowledgement] = {}

        def is_last(bridge: str, answer: Acknowledgement) -> bool:
            answers[bridge] = answer
            return self._link.bridges.serving <= answers.keys()

        try:
            await self._link.call(self._suspend_all(options), is_last)
        except NoAnswer:
            if not answers:
                raise
        silent = self._link.bridges.serving - answers.keys()
        if silent or any(answer.status != "done" for answer in answers.values()):
            raise NotAllStopped(answers, silent)
        return answers

    def _suspend_all(self, options: BridgeOptions) -> Command:
        name = command_id({})
        content = payload(name, {}, with_defaults(options), {}, time.time())
        until = time.monotonic() + options.get("expires_s", EXPIRES_S) + self._margin_s
        # A Response Topic would not tell which bridge it is that answers.
        answers = (f"{self._link.root}/bridge/+/ack",)
        topic = self._link.command_topic("all", "suspend")
        return Command(
            name,
            topic,
            content,
            answers,
            until,
            wants_reply=False,
            verb="suspend",
            role=Role.STOPS,
            reach=Reach(),
        )
