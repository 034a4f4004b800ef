"""Results of verbs that show a whole MacNet reply: its fields by the names of our attributes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from macnet_bridge.commands.reply_types import made, own_name
from macnet_bridge.macnet.protocol import messages as m


def shown(message: m.Message) -> dict[str, Any]:
    """A reply by the names of our attributes, without what the tester left out."""
    values = {info.name: getattr(message, info.name) for info in msgspec.structs.fields(message)}
    content: dict[str, Any] = msgspec.to_builtins(
        {name: value for name, value in values.items() if value is not None}
    )
    return content


def _of(message: type[Struct]) -> type[Struct]:
    return made(f"{message.__name__}Shown", message, names=own_name)


TEST_INFO = _of(m.TestInfo)
SPECIFICATION = _of(m.ChannelSpecification)
VERSIONS = _of(m.VersionInfo)
SYSTEM = _of(m.SystemInfo)
END_STATUS = _of(m.EndStatus)
CALIBRATION = msgspec.defstruct(
    "CalibrationShown",
    [(info.name, datetime | None) for info in msgspec.structs.fields(m.CalibrationDates)],
    module=__name__,
    frozen=True,
)
CALIBRATION.__doc__ = "When each range was calibrated, by the tester's clock; null where there is no record."
VARIABLES = _of(m.FlagsAndVariables)
