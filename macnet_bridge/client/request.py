"""A command's payload, as the contract has it. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import uuid4

import msgspec
from msgspec import UNSET

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.payloads.envelope import Expect

EXPIRES_S = 10.0
_ID_MAX = 128


class Options(TypedDict, total=False):
    """What every command may say beside its arguments.

    Attributes:
        expires_s: it is not sent to the tester later than this; 10 s unless said.
        expect: what the channel must be like.
        dry_run: check everything and change nothing.
        id: its name; a random one unless said. The same id runs nothing twice.
    """

    expires_s: float
    expect: Expect | None
    dry_run: bool
    id: str | None


class BridgeOptions(TypedDict, total=False):
    """What a command to the bridge itself may say beside its arguments."""

    expires_s: float


def with_defaults(options: BridgeOptions) -> Options:
    """The options of a command to the bridge, whose id is a random one."""
    return Options(expires_s=options.get("expires_s", EXPIRES_S))


def command_id(options: Options) -> str:
    """The id that was given, or a random one.

    Raises:
        InvalidRequest: an id that no command may have.
    """
    given = options.get("id")
    if given is None:
        return uuid4().hex
    if not 1 <= len(given) <= _ID_MAX:
        raise InvalidRequest(f"an id has 1 to {_ID_MAX} characters", "id")
    return given


def payload(
    name: str, args: Mapping[str, Any], options: Options, extra: Mapping[str, Any], now: float
) -> bytes:
    """The bytes to publish.

    Args:
        name: the command's id.
        args: arguments of the verb; those that are UNSET are left out.
        extra: further top-level keys.
        now: Unix time in seconds, from which `expires_s` counts.
    """
    content: dict[str, Any] = {"id": name, **extra}
    content["args"] = {key: value for key, value in args.items() if value is not UNSET}
    content["expires_at"] = round((now + options.get("expires_s", EXPIRES_S)) * 1000)
    if options.get("dry_run"):
        content["dry_run"] = True
    if (expect := options.get("expect")) is not None:
        content["expect"] = expect
    return msgspec.json.encode(content)
