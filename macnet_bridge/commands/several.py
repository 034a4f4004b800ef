"""Takes one command for several channels apart, and follows its parts to the summary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from macnet_bridge.commands.admission import Admission, Order
from macnet_bridge.commands.command import Command
from macnet_bridge.commands.groups import (
    Group,
    Place,
    Rehearsal,
    arguments_of,
    check_names,
    wanted_channels,
)
from macnet_bridge.commands.journalling import Journalling
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.stopping_all import StopOfAll
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.commands.under_way import UnderWay
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, Rejected
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import decode_arguments
from macnet_bridge.tester import Tester


class Several:
    """Commands for several channels, of one service.

    Attributes:
        looking: tasks that look for testers which have to be stopped.
    """

    def __init__(
        self,
        admission: Admission,
        under_way: UnderWay,
        journalling: Journalling,
        testers: Mapping[str, Tester],
        clock: Clock,
        left: Callable[[], Collection[str]],
    ) -> None:
        """
        Args:
            left: names of cyclers that another bridge serves at the moment, and stops.
        """
        self._admission = admission
        self._under_way = under_way
        self._journalling = journalling
        self._testers = testers
        self._clock = clock
        self._left = left
        self._stops: dict[str, StopOfAll] = {}
        self.looking: set[asyncio.Task[None]] = set()

    def begin(self, order: Order, tester: Tester) -> None:
        """Begin a command for several channels of one cycler.

        Raises:
            Rejected: nothing of it was begun.
        """
        envelope, verb = order.envelope, order.verb
        assert isinstance(envelope.channels, (list, str)), "it is for several channels"
        channels = wanted_channels(envelope.channels, tester)
        check_names(envelope.args, channels)
        decode_arguments(verb.arguments, arguments_of(envelope.args, channels[0]))
        rehearsal = Rehearsal(len(channels)) if envelope.atomic else None
        group = self._group(order, rehearsal)
        group.expect((tester.name, channel) for channel in channels)
        made: list[tuple[Place, Ticket, Command | CommandStopped]] = []
        for position, channel in enumerate(channels):
            ticket = order.ticket.part(tester.name, channel)
            made.append(
                ((tester.name, channel), ticket, self._make(order, ticket, tester, position, rehearsal))
            )
        refused = [command for _, _, command in made if isinstance(command, CommandStopped)]
        for place, ticket, command in made:
            if rehearsal is not None and refused and not isinstance(command, CommandStopped):
                why = f"atomic, so none was carried out: {refused[0]}"
                command = Rejected("CANCELLED", why)  # noqa: PLW2901 - it is not made after all
            self._start(order, group, place, ticket, command)

    def stop_all(self, order: Order) -> None:
        """Suspend everything that is served.

        Raises:
            Rejected: that is nothing, or it has arguments.
        """
        left = self._left()
        served = {name: tester for name, tester in self._testers.items() if name not in left}
        if not served:
            raise Rejected("NOT_SERVED", "this bridge serves no cycler")
        decode_arguments(order.verb.arguments, order.envelope.args)
        group = self._group(order)
        known = {name: tester for name, tester in served.items() if tester.channels}
        group.expect((name, n) for name, tester in known.items() for n in tester.channels)
        unknown = [tester for name, tester in served.items() if name not in known]
        group.expect((tester.name, None) for tester in unknown)
        for tester in known.values():
            self._stop_cycler(order, group, tester)
        for tester in unknown:
            task = asyncio.create_task(self._look_and_stop(order, group, tester), name="stop of all")
            self.looking.add(task)
            task.add_done_callback(self.looking.discard)

    def _make(
        self, order: Order, ticket: Ticket, tester: Tester, position: int, rehearsal: Rehearsal | None
    ) -> Command | CommandStopped:
        assert ticket.channel is not None, "a part has a channel"
        try:
            return self._admission.make(
                order,
                ticket,
                tester,
                arguments_of(order.envelope.args, ticket.channel),
                stagger_s=position * order.envelope.stagger_s,
                rehearse=rehearsal,
            )
        except CommandStopped as refusal:
            return refusal

    def _start(
        self, order: Order, group: Group, place: Place, ticket: Ticket, command: Command | CommandStopped
    ) -> None:
        if isinstance(command, CommandStopped):
            return self._refuse(order, group, place, ticket, command)
        command.report = lambda answer: group.note(place, answer)
        try:
            self._under_way.begin(command, None, progress=order.envelope.progress)
        except CommandStopped as refusal:
            self._refuse(order, group, place, ticket, refusal)

    def _refuse(
        self, order: Order, group: Group, place: Place, ticket: Ticket, error: MacNetBridgeError
    ) -> None:
        answer = ticket.acknowledgement("rejected", self._clock(), problem=problem(error))
        self._journalling.end_part(ticket, order.record, answer)
        group.note(place, answer)

    def _group(self, order: Order, rehearsal: Rehearsal | None = None) -> Group:
        """Follows the parts; meanwhile the whole is `accepted` as any command is."""
        finished = asyncio.Event()
        self._under_way.accept(order.ticket, order.record, finished, progress=order.envelope.progress)

        def finish(whole: Acknowledgement) -> None:
            finished.set()
            self._journalling.end(order.ticket, order.entry, whole, reads=order.verb.reads)

        return Group(order.ticket, self._clock, finish, rehearsal)

    # --- everything

    def _stop_cycler(self, order: Order, group: Group, tester: Tester) -> None:
        stop = self._stops.setdefault(tester.name, StopOfAll(order.verb, tester))
        for channel in tester.channels:
            place, ticket = (tester.name, channel), order.ticket.part(tester.name, channel)
            self._start(
                order,
                group,
                place,
                ticket,
                self._admission.make(order, ticket, tester, verb=stop.verb),
            )

    async def _look_and_stop(self, order: Order, group: Group, tester: Tester) -> None:
        """A tester that was not there yet may be by now; nobody knew its channels."""
        here = (tester.name, None)
        try:
            await tester.cycler.read_system_info(line=Line.STOPS)
            if not tester.channels:
                raise Rejected("NOT_SERVED", "it has none of the channels that are served")
        except MacNetBridgeError as error:
            self._refuse(order, group, here, order.ticket.part(*here), error)
            return
        except asyncio.CancelledError:
            stopping = Rejected("CANCELLED", "the bridge is stopping")
            self._refuse(order, group, here, order.ticket.part(*here), stopping)
            raise
        group.replace(here, [(tester.name, channel) for channel in tester.channels])
        self._stop_cycler(order, group, tester)
