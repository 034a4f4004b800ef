"""Channel numbers: ours begin at 1, as on the tester's screen, the wire's begin at 0.

Nothing else converts between the two.
"""

from __future__ import annotations

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.protocol.codes import ALL_SELECTED


def to_wire(channel: int) -> int:
    """The number on the wire of the one channel that a request is for.

    Raises:
        InvalidRequest: no channel has this number. The wire's "all selected" would be
            channel 65536, and must not be reached by counting.
    """
    # A fraction would be cut off where the number is written, and lead to the channel below.
    if not 1 <= channel <= ALL_SELECTED or channel != int(channel):
        raise InvalidRequest(f"{channel} is no channel number", "channel")
    return int(channel) - 1


def reply_to_wire(channel: int) -> int:
    """The number on the wire for a reply, which repeats whatever the request had."""
    return channel - 1


def from_wire(number: int) -> int:
    """Our number of a channel on the wire."""
    return number + 1
