"""Whether two answers to MacNet (1, 2) are those of one tester, whatever ports they came from."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.messages import SystemInfo


def difference(known: SystemInfo, found: SystemInfo) -> str | None:
    """What tells that another tester answered, None when it may be the same.

    Args:
        known: by JSON.
        found: by any transport; binary cuts the name of the system to 50 characters.
    """
    if found.test_channels == known.test_channels and known.system_id.startswith(found.system_id):
        return None
    return f"another tester answers there, {found.system_id!r} with {found.test_channels} channels"
