"""What the final acknowledgement says of a command that an error ended. Pure."""

from __future__ import annotations

from macnet_bridge.errors import CommandStopped, InvalidRequest, MacNetBridgeError, TesterRefused
from macnet_bridge.payloads.acknowledgements import Status


def status_after(error: MacNetBridgeError, *, sent: bool, reads: bool) -> Status:
    """`unknown` when what was asked may have happened all the same.

    Args:
        sent: whether the deciding request had left.
        reads: whether the command changes nothing.
    """
    if isinstance(error, CommandStopped):
        return error.status
    if not sent or isinstance(error, InvalidRequest):
        return "rejected"
    if reads or isinstance(error, TesterRefused):
        return "failed"
    return "unknown"
