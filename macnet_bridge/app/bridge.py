"""The bridge: one broker connection, some testers, commands and telemetry between them."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

import msgspec

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
from macnet_bridge.app.ownership import TAKEOVER_S, Ownership, Rank
from macnet_bridge.app.receipts import Receipts
from macnet_bridge.app.retained import RetainedTopics
from macnet_bridge.app.serving import Serving
from macnet_bridge.app.stray_alarms import StrayAlarms
from macnet_bridge.broker import Broker, Incoming, Lane, Outgoing, Subscription
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.service import CommandService, system_clock
from macnet_bridge.macnet.protocol.messages import Login
from macnet_bridge.store import Journal
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.poller import Poller
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.topics import Topics

log = logging.getLogger(__name__)

STOP_COMMANDS_S = 3.0
"""How long running commands may take to end when the bridge stops."""

STOP_FLUSH_S = 1.5

HEALTH_S = 10.0
"""How often the bridge tells of its health."""

CHECK_AGES_S = 5.0
"""How often the bridge looks for channels that were not read for too long."""


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
        self._data_dir = data_dir
        since = time.time()
        self._locks = open_locks(data_dir.path)
        self._stop = asyncio.Event()
        self._journal = Journal(config.bridge.data_dir)
        self._commands: CommandService | None = None
        self._leases = Leases(LeaseFile(config.bridge.data_dir))
        self.topics = Topics(config.mqtt.root, config.bridge.name)
        self.identity = Identity(config.bridge.name, secrets.token_hex(8), data_dir.memory.run)
        self._about = About(self.topics, self.identity, config, since)
        self._contract = Contract(self.topics.bridge_topic("schema"), self._offer)
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
            tester.cycler.watch(self._audit.watcher(name))
        self._publishers: dict[str, Publisher] = {}
        pollers = {cycler.name: self._poller(cycler) for cycler in config.cycler}
        rank = Rank(round(since, 3), self.identity.session)
        ownership = Ownership(config.bridge.name, rank, self.testers, takeover_s=TAKEOVER_S)
        self._serving = Serving(self.topics, ownership, pollers, self._announce)
        self._retained = RetainedTopics(self.topics, self.testers, data_dir, self._clear)
        self._strays = StrayAlarms(self.topics, self.identity, self._has_raised, self._clear)
        self.broker = Broker(
            wiring.broker_settings(config, password),
            [Subscription(*pair) for pair in self.topics.command_filters(self.testers)],
            will=self._about.status("offline", "the bridge is gone without a word"),
            on_ready=self._on_ready,
            on_lost=self._on_lost,
            watched=[*self._serving.filters, *self.topics.alarm_filters],
            on_watched=self._heard,
        )

    def _poller(self, cycler: CyclerSection) -> Poller:
        tester, qos = self.testers[cycler.name], wiring.qos(cycler, self._config)
        publisher = Publisher(
            tester,
            self.topics,
            self.identity,
            self.delivery,
            qos=qos,
            deadband=wiring.deadband(cycler, self._config),
        )
        self._publishers[cycler.name] = publisher
        return Poller(
            tester,
            publisher,
            wiring.intervals(cycler, self._config),
            run_number=self.identity.run,
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
            left=lambda: self._serving.not_served,
            send_event=self.delivery.event,
            run=self.identity.run,
        )
        for name, tester in self.testers.items():
            tester.seen = partial(commands.seen, name)
        await commands.recover()
        self._commands = commands
        figures = Health(self.identity, self.broker, commands, self.delivery, self._serving)
        http = None
        if self._config.bridge.http:
            page = partial(metrics_page, figures.figures, figures.channels)
            http = await serve_http(self._config.bridge.http, self._readiness, page)
        broker = tasks.create_task(self.broker.run(), name="broker")
        receipts = Receipts(self.broker.acknowledge)
        receiving = [
            tasks.create_task(self._receive(commands, receipts), name="commands"),
            tasks.create_task(receipts.run(), name="receipts"),
            tasks.create_task(commands.keep_house(self._config.commands.journal_days), name="journal"),
        ]
        delivering = tasks.create_task(self.delivery.run(), name="delivery")
        serving = tasks.create_task(self._serving.run(tasks), name="serving")
        health = tasks.create_task(self._tell_health(figures), name="health")
        ages = tasks.create_task(self._check_ages(), name="ages")
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
        await self._serving.first_commands()
        while True:
            message = await self.broker.receive()
            kill_points.reach("received")
            if (owner := self._serving.owner(message.topic)) is not None:
                self._audit.left(message, owner)
                receipts.put(message, None)
            else:
                receipts.put(message, commands.handle(message))

    async def _tell_health(self, health: Health) -> None:
        while True:
            await asyncio.sleep(HEALTH_S)
            if not self.broker.ready:
                continue  # what is told later would be untrue by then
            topic = self.topics.bridge_topic("health")
            self.broker.publish(Outgoing(topic, msgspec.json.encode(health.now())))

    async def _check_ages(self) -> None:
        while True:
            await asyncio.sleep(CHECK_AGES_S)
            for poller in self._serving.served():
                poller.watch.check_age(time.time())

    async def _say_goodbye(self) -> None:
        if not self.broker.ready:
            return
        self._send(self._about.status("offline", "the bridge was stopped"))
        await asyncio.gather(self.delivery.drain(STOP_FLUSH_S), self.broker.flush(STOP_FLUSH_S))
        await self.broker.close()

    def _readiness(self) -> dict[str, bool]:
        left = self._serving.not_served
        return (
            {"broker": self.broker.ready}
            | {
                f"cycler {name}": tester.survey is not None
                for name, tester in self.testers.items()
                if name not in left
            }
            | {f"cycler {name} (served by bridge {owner})": False for name, owner in left.items()}
        )

    # --- publishing

    def _offer(self, message: Outgoing) -> bool:
        return self.broker.publish(message)

    def _send_acknowledgement(self, topic: str, payload: bytes, correlation_data: bytes | None) -> bool:
        return self._send(Outgoing(topic, payload, 1, False, correlation_data))

    def _send(self, message: Outgoing) -> bool:
        return self.broker.publish(message, Lane.ACKNOWLEDGEMENT)

    def _on_ready(self, session_present: bool) -> None:
        """Publish what is retained: the broker may have lost it, and the will may have replaced it."""
        self._serving.connected()
        for name in self._serving.not_served:
            self.delivery.withdraw_retained(self.topics.cycler_topic(name, ""))
        self.delivery.connected()
        self._retained.clear_what_is_not_served(self._serving.not_served)
        self._announce()
        self._send(self._about.info(self.broker.protocol))
        for poller in self._serving.served():
            poller.publish_retained()
        self._strays.connected()
        self._contract.publish()

    def _on_lost(self, reason: str) -> None:
        self._serving.lost()
        self._strays.lost()
        self.delivery.lost()

    def _heard(self, message: Incoming) -> None:
        if not self._strays.heard(message.topic, message.payload):
            self._serving.heard(message)

    def _has_raised(self, topic: str) -> bool:
        return any(publisher.has_raised(topic) for publisher in self._publishers.values())

    def _announce(self) -> None:
        """Say that we are there, and what is left to other bridges."""
        for name, owner in self._serving.not_served.items():
            log.warning("%s is served by bridge %s, and not by this one", name, owner)
        self._send(self._about.status("online", not_served=self._serving.not_served))

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
