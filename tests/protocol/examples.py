"""All 112 JSON messages that the manual prints, in pairs of a request and its reply.

Source: Maccor's manual "Remote Control - MacNet - LabView", printed 2022-05-18, at the pages
beside each pair. Commas that the print lacks in requests are put in.
"""

from __future__ import annotations

from tests.protocol import examples_channels, examples_commands, examples_smart_battery, examples_system

EXAMPLES = (
    *examples_system.EXAMPLES,
    *examples_channels.EXAMPLES,
    *examples_commands.EXAMPLES,
    *examples_smart_battery.EXAMPLES,
)
