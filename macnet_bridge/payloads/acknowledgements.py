"""What became of a command."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

Status = Literal["accepted", "done", "rejected", "expired", "failed", "superseded", "unknown"]
Verified = Literal["read_back", "reply"]


class MacNetResult(Struct, frozen=True):
    """The MacNet function that refused, and its result code or text."""

    fclass: int
    fnum: int
    result: int | str | None


class Problem(Struct, frozen=True, kw_only=True):
    """Why a command did not succeed. `retryable`: with a new id it may."""

    code: str
    category: str
    message: str
    retryable: bool
    field: str | UnsetType = UNSET
    macnet: MacNetResult | UnsetType = UNSET


class PartResult(Struct, frozen=True, kw_only=True):
    """What became of one channel of a command for several; without a channel, of a whole cycler."""

    cycler: str
    channel: int | UnsetType = UNSET
    status: Status
    result: dict[str, Any] | UnsetType = UNSET
    steps: list[str] | UnsetType = UNSET
    verified: Verified | UnsetType = UNSET
    error: Problem | UnsetType = UNSET


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """One acknowledgement; the final one of an id is always the same, up to `duplicate`.

    Times are seconds since 1970 by the bridge's clock.

    Attributes:
        id: that of the command; null where it had none, or none that can be read.
        command: the verb.
        principal: who gave it, as its topic says; else `anonymous`.
        final: whether it is the last one.
        part: it is of one channel of a command for several.
        steps: what was changed at the tester before.
        verified: whether the effect was read at the tester, or only its reply says so.
        results: of a command for several channels: what became of each.
        duplicate: the command had come before, and this is the answer it got.
        reply_ignored: its Response Topic is not one that the bridge publishes to.
    """

    id: str | None
    command: str
    cycler: str | UnsetType = UNSET
    channel: int | UnsetType = UNSET
    principal: str
    status: Status
    final: bool
    part: bool | UnsetType = UNSET
    dry_run: bool | UnsetType = UNSET
    result: dict[str, Any] | UnsetType = UNSET
    steps: list[str] | UnsetType = UNSET
    verified: Verified | UnsetType = UNSET
    error: Problem | UnsetType = UNSET
    results: list[PartResult] | UnsetType = UNSET
    duplicate: bool = False
    reply_ignored: bool | UnsetType = UNSET
    received_at: float
    finished_at: float | UnsetType = UNSET
    latency_ms: float | UnsetType = UNSET
