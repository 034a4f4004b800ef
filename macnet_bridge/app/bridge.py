"""The bridge: one broker connection, some testers, commands and telemetry between them."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from macnet_bridge import __version__, kill_points
from macnet_bridge.app import wiring
from macnet_bridge.app.about import About
from macnet_bridge.app.cell_file import CellFile
from macnet_bridge.app.config import Config, CyclerSection
from macnet_bridge.app.contract import Contract
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.app.health import Health
from macnet_bridge.app.http import serve_http
from macnet_bridge.app.lease_file import LeaseFile
from macnet_bridge.app.lock_file import open_locks
from macnet_bridge.app.metrics.page import metrics_page
from macnet_bridge.app.own_name import OwnName
from macnet_bridge.app.ownership import TAKEOVER_S, Ownership, Rank
from macnet_bridge.app.presence import Presence
from macnet_bridge.app.receipts import Receipts
from macnet_bridge.app.retained import RetainedTopics
from macnet_bridge.app.serving import Serving
from macnet_bridge.app.stray_alarms import StrayAlarms
from macnet_bridge.broker import Broker, Lane, Outgoing, ProtocolChoice, Subscription
from macnet_bridge.commands import debug_lines
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.log_level import LogLevel
from macnet_bridge.commands.service import CommandService, system_clock
from macnet_bridge.macnet.protocol.messages import Login
from macnet_bridge.store import Journal
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.poller import Poller
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.topics import Topics

STOP_COMMANDS_S = 3.0
"""How long running commands may take to end when the bridge stops."""

STOP_FLUSH_S = 1.5


class Bridge:
    """A bridge made of a configuration. `run` serves until `stop` is called or it is cancelled."""

    def __init__(
        self, config: Config, *, password: str, logins: Mapping[str, Login], data_dir: DataDir
    ) -> None:
        """
        Args:
            password: of the broker.
            logins: of the cyclers that want one, by name; see `load.logins`.
            data_dir: entered, so that it is ours.
        """
        self._config = config
        since = time.time()
        self._locks = open_locks(data_dir.path)
        self._stop = asyncio.Event()
        self._journal = Journal(config.bridge.data_dir)
        self._commands: CommandService | None = None
        self._leases = Leases(LeaseFile(config.bridge.data_dir))
        self._log_level = LogLevel()
        self.topics = Topics(config.mqtt.root, config.bridge.name)
        self.identity = Identity(config.bridge.name, secrets.token_hex(8), data_dir.memory.run)
        instance = data_dir.memory.instance
        self._about = About(self.topics, self.identity, config, since=since, instance=instance)
        self.testers = {
            cycler.name: wiring.tester(cycler, config, logins.get(cycler.name)) for cycler in config.cycler
        }
        self._cells = CellFile(data_dir.path, self.testers)
        self.delivery = Delivery(
            self._offer, lambda: self.broker.ready, wiring.spool(config, data_dir.path), run=self.identity.run
        )
        self._audit_file = wiring.audit_file(config, data_dir.path)
        self._audit = Audit(
            self._audit_file.write, system_clock, run=self.identity.run, later=wiring.after_the_command
        )
        for name, tester in self.testers.items():
            tester.came_online = self._on_tester
            tester.cycler.watch(debug_lines.watching(name, self._audit.watcher(name)))
        publishers = {cycler.name: self._publisher(cycler) for cycler in config.cycler}
        pollers = {cycler.name: self._poller(cycler, publishers[cycler.name]) for cycler in config.cycler}
        rank = Rank(round(since, 3), self.identity.session)
        ownership = Ownership(config.bridge.name, rank, self.testers, takeover_s=TAKEOVER_S)
        self._serving = Serving(
            self.topics,
            ownership,
            pollers,
            lambda: self._presence.announce(),  # noqa: PLW0108 - it comes later
        )
        self._retained = RetainedTopics(self.topics, self.testers, data_dir, self._clear)
        self._presence = Presence(
            self.topics,
            self._about,
            Contract(self.topics.bridge_topic("schema"), self._offer),
            self._serving,
            self.delivery,
            self._retained,
            StrayAlarms(
                self.topics,
                self.identity,
                lambda topic: any(publisher.has_raised(topic) for publisher in publishers.values()),
                self._clear,
            ),
            self._send,
        )
        settings, choice = wiring.broker_settings(config, password), ProtocolChoice(config.mqtt.protocol)
        own_name = OwnName(
            self.topics,
            instance,
            settings,
            choice,
            on_lost=lambda reason: self._presence.lost(),
            on_waiting=self._serving.wait_for_the_name,
        )
        self.broker = Broker(
            settings,
            [Subscription(*pair) for pair in self.topics.command_filters(self.testers)],
            will=self._about.status("offline", "the bridge is gone without a word"),
            on_ready=lambda session_present: self._presence.connected(self.broker.protocol),
            on_lost=lambda reason: self._presence.lost(),
            watched=[*self._serving.filters, *self.topics.alarm_filters],
            on_watched=self._presence.heard,
            permit=own_name.free,
            choice=choice,
        )

    def _publisher(self, cycler: CyclerSection) -> Publisher:
        return Publisher(
            self.testers[cycler.name],
            self.topics,
            self.identity,
            self.delivery,
            qos=wiring.qos(cycler, self._config),
            deadband=wiring.deadband(cycler, self._config),
        )

    def _poller(self, cycler: CyclerSection, publisher: Publisher) -> Poller:
        tester = self.testers[cycler.name]
        return Poller(
            tester,
            publisher,
            wiring.intervals(cycler, self._config),
            constant_id=wiring.has_constant_id(cycler),
            watch=wiring.watch(tester, publisher, cycler, self._config),
            commanded_at=lambda: -math.inf if self._commands is None else self._commands.heard_at,
        )

    async def run(self) -> None:
        """Serve until `stop`; then end commands, say offline, and disconnect.

        Raises:
            BrokerError: the broker cannot be used and trying again would not help.
            ConfigError: the HTTP address or the journal cannot be used.
        """
        self._journal.open()
        self.delivery.open()
        self._audit.started(bridge=self.identity.bridge, session=self.identity.session, version=__version__)
        try:
            with self._audit_file, ExitStack() as at_end:
                at_end.callback(self._audit.flush)
                at_end.callback(self._log_level.restore)
                async with asyncio.TaskGroup() as tasks:
                    await self._serve(tasks)
        finally:
            for tester in self.testers.values():
                tester.cycler.close()
            self.delivery.close()
            self._journal.close()

    @property
    def not_served(self) -> dict[str, str]:
        """Cyclers that are left to another bridge, and its name."""
        return self._serving.not_served

    def stop(self) -> None:
        """End `run` in good order."""
        self._stop.set()

    # --- running

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        commands = CommandService(
            self.topics,
            wiring.command_rules(self._config),
            self.testers,
            self._send_acknowledgement,
            tasks,
            journal=self._journal,
            locks=self._locks,
            audit=self._audit,
            leases=self._leases,
            log_level=self._log_level,
            left=lambda: self._serving.not_served,
            send_event=self.delivery.event,
            run=self.identity.run,
        )
        for name, tester in self.testers.items():
            tester.seen = partial(commands.seen, name)
        await commands.recover()
        self._commands = commands
        figures = Health(self.identity, self.broker, commands, self.delivery, self._serving, self.testers)
        http = None
        if self._config.bridge.http:
            page = partial(metrics_page, figures.figures, figures.channels)
            http = await serve_http(self._config.bridge.http, figures.readiness, page)
        broker = tasks.create_task(self.broker.run(), name="broker")
        receipts = Receipts(self.broker.acknowledge)
        receiving = [
            tasks.create_task(self._receive(commands, receipts), name="commands"),
            tasks.create_task(receipts.run(), name="receipts"),
            tasks.create_task(commands.keep_house(self._config.commands.journal_days), name="journal"),
        ]
        delivering = tasks.create_task(self.delivery.run(), name="delivery")
        serving = tasks.create_task(self._serving.run(tasks), name="serving")
        health = tasks.create_task(figures.tell(self.topics.bridge_topic("health")), name="health")
        ages = tasks.create_task(self._serving.check_ages(), name="ages")
        await self._stop.wait()
        serving.cancel()
        ages.cancel()
        await commands.drain(STOP_COMMANDS_S)
        await self._say_goodbye()
        # Not before: whoever sends a stop meanwhile must learn that it was not carried out.
        for task in (*receiving, health, delivering, broker):
            task.cancel()
        if http is not None:
            http.close()

    async def _receive(self, commands: CommandService, receipts: Receipts) -> None:
        while True:
            message = await self.broker.receive()
            await self._serving.hear_of_others(message.received_monotonic)
            kill_points.reach("received")
            if (owner := self._serving.owner(message.topic, waited=message.waited)) is not None:
                self._audit.left(message, owner)
                receipts.put(message, None)
            else:
                receipts.put(message, commands.handle(message))

    async def _say_goodbye(self) -> None:
        if not self.broker.ready:
            return
        self._send(self._about.status("offline", "the bridge was stopped"))
        await asyncio.gather(self.delivery.drain(STOP_FLUSH_S), self.broker.flush(STOP_FLUSH_S))
        await self.broker.close()

    # --- publishing

    def _offer(self, message: Outgoing) -> bool:
        return self.broker.publish(message)

    def _send_acknowledgement(self, topic: str, payload: bytes, correlation_data: bytes | None) -> bool:
        return self._send(Outgoing(topic, payload, 1, False, correlation_data))

    def _send(self, message: Outgoing) -> bool:
        return self.broker.publish(message, Lane.ACKNOWLEDGEMENT)

    def _on_tester(self) -> None:
        """Only a tester that is there tells its channels."""
        if self._commands is not None:
            self._commands.testers_changed()
        if self.broker.ready:
            self._retained.clear_what_is_not_served(self._serving.not_served)
        else:
            self._retained.remember()

    def _clear(self, topic: str) -> None:
        self._send(Outgoing(topic, b"", 1, True))
