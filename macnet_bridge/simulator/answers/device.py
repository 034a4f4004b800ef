"""The pure device: function, channel, request, client and time in; reply out.

`SERVED` has a line for every row of MacNet's function table, `SECOND_FORMS` for those that have
another one under the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from macnet_bridge.macnet.protocol.functions import (
    CHANNEL_SPECIFICATIONS,
    SELECT_CHANNELS,
    START_SELECTED,
    Function,
    Target,
)
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message, ToggleSelection
from macnet_bridge.simulator.answers import (
    commands,
    readings,
    selection,
    system,
    transfers,
)
from macnet_bridge.simulator.answers import smart_battery_answers as smb
from macnet_bridge.simulator.answers.advanced import advanced_start
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester

Answer = Callable[[Tester, Sequence[Channel], Any, float, Session], Message | None]
Reading = Callable[[Tester, Sequence[Channel], Any, float], Message]
Command = Callable[[Tester, Channel, Any, float], Message]
Talk = Callable[[Tester, Session, Any, float], Message | None]


def _of_channels(reading: Reading) -> Answer:
    return lambda tester, channels, body, now, session: reading(tester, channels, body, now)


def _of_one(command: Command) -> Answer:
    return lambda tester, channels, body, now, session: command(tester, channels[0], body, now)


def _of_client(talk: Talk) -> Answer:
    return lambda tester, channels, body, now, session: talk(tester, session, body, now)


SERVED: dict[tuple[int, int], Answer] = {
    (0, 0): _of_channels(readings.echo),
    (1, 1): _of_channels(readings.version_info),
    (1, 2): _of_channels(readings.system_info),
    (1, 3): _of_client(system.procedure_exists),
    (1, 4): _of_client(system.test_name_exists),
    (1, 5): _of_client(transfers.list_files),
    (1, 6): _of_client(transfers.send_file),
    (1, 7): _of_client(transfers.get_file),
    (3, 1): _of_channels(readings.specification),
    (3, 2): _of_channels(readings.calibration_dates),
    (4, 1): _of_channels(readings.statuses),
    (4, 2): _of_channels(readings.voltages),
    (4, 3): _of_channels(readings.currents),
    (4, 4): _of_channels(readings.aux_readings),
    (4, 5): _of_channels(readings.aux_units),
    (4, 6): _of_channels(readings.test_info),
    (4, 7): _of_channels(readings.status_and_readings),
    (4, 8): _of_channels(readings.flags_and_variables),
    (4, 9): _of_channels(readings.test_times),
    (4, 10): _of_channels(readings.end_status),
    (4, 11): _of_channels(readings.test_info),
    (5, 1): _of_client(system.set_global_flags),
    (6, 1): _of_channels(selection.toggle),
    (6, 2): _of_one(commands.start_test),
    (6, 3): _of_one(commands.suspend),
    (6, 4): _of_one(commands.resume),
    (6, 5): _of_one(commands.reset),
    (6, 6): _of_one(commands.archive),
    (6, 7): _of_one(commands.start_direct),
    (6, 8): _of_one(commands.set_output),
    (6, 9): _of_one(commands.set_variable),
    (6, 10): _of_one(commands.set_safety_limits),
    (6, 11): _of_one(commands.check_start),
    (6, 12): _of_client(system.check_messages),
    (6, 13): _of_one(advanced_start),
    (7, 1): _of_one(smb.info),
    (7, 2): _of_one(smb.suspend_polling),
    (7, 3): _of_one(smb.resume_polling),
    (7, 4): _of_one(smb.read_register),
    (7, 5): _of_one(smb.scan_list),
    (7, 6): _of_one(smb.raw_data),
    (7, 7): _of_one(smb.header_scan_list),
    (7, 8): _of_one(smb.raw_header),
    (7, 9): _of_one(smb.write_register),
    (7, 10): _of_one(smb.write_bytes),
    (7, 11): _of_one(smb.request_read),
    (7, 12): _of_one(smb.fetch_read),
    (7, 13): _of_one(smb.read_header),
    (7, 14): _of_one(smb.position),
    (7, 15): _of_one(smb.set_position),
    (7, 20): _of_one(smb.read_entry),
    (7, 21): _of_one(smb.write_entry),
    (7, 22): _of_one(smb.clear_list),
    (7, 23): _of_one(smb.save_list),
    (7, 24): _of_one(smb.refresh_list),
    (8, 1): _of_client(system.login),
    (8, 2): _of_client(system.logout),
}

SECOND_FORMS: dict[Function[Any, Any], Answer] = {
    CHANNEL_SPECIFICATIONS: _of_channels(readings.specifications),
    SELECT_CHANNELS: _of_channels(selection.select),
    START_SELECTED: _of_channels(selection.start_selected),
}


def handle(
    tester: Tester,
    function: Function[Any, Any],
    channel: int,
    body: Message,
    now: float,
    session: Session | None = None,
) -> Message | None:
    """What the tester replies, after the channels addressed have moved on to `now`.

    Args:
        channel: 1-based; ignored by system functions.
        now: monotonic seconds, never less than before.
        session: what it remembers of this client; None for a new one.

    Returns:
        None where the client does not get a reply.

    Raises:
        BadRequest: a refusal that has no code, such as a channel that is not there.
    """
    session = session or Session()
    answer = SECOND_FORMS.get(function) or SERVED.get(function.number)
    if answer is None:
        raise BadRequest(BadRequest.INVALID_FNUM)
    system.check_login(tester, session, function.fclass)
    channels = _addressed(tester, function, channel, body)
    for each in channels:
        each.advance(now)
    return answer(tester, channels, body, now, session)


def _addressed(
    tester: Tester, function: Function[Any, Any], channel: int, body: Message
) -> Sequence[Channel]:
    match function.target:
        case Target.SYSTEM:
            # A list of files has the data files of all channels.
            return tester.channels if function.fclass == 1 else ()
        case Target.ALL_SELECTED:
            return tester.channels
        case Target.LISTED:
            assert isinstance(body, ToggleSelection)
            return [_one_of(tester, number) for number in body.channels]
    count = body.count if isinstance(body, ChannelRange) else 1
    if count > 1:
        _one_of(tester, channel + count - 1)
    return [_one_of(tester, channel), *tester.channels[channel : channel - 1 + count]]


def _one_of(tester: Tester, channel: int) -> Channel:
    if not 1 <= channel <= len(tester.channels):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return tester.channels[channel - 1]
