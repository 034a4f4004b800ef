"""What the settings of a connection are called where they are given: errors name what one can change.

Within the driver a setting has one name, its key in a bridge's configuration. What it tells is put
into the words of whoever gave the settings where it leaves the driver. No I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Not within a longer name, such as that of a host with its port.
_KEY = re.compile(r"(?<![\w.-])mqtt\.(?P<key>url|username|ca_file|cert_file|key_file)(?![\w.:-]*\w)")


@dataclass(frozen=True, slots=True)
class SettingNames:
    """What errors call the settings of a connection; without more, as they are called here."""

    url: str = "url"
    username: str = "username"
    ca_file: str = "ca_file"
    cert_file: str = "cert_file"
    key_file: str = "key_file"

    def put_into(self, reason: str) -> str:
        """What the driver has to say, with these names in place of its own."""
        return _KEY.sub(lambda found: str(getattr(self, found["key"])), reason)


IN_CONFIGURATION = SettingNames(
    url="mqtt.url",
    username="mqtt.username",
    ca_file="mqtt.ca_file",
    cert_file="mqtt.cert_file",
    key_file="mqtt.key_file",
)
