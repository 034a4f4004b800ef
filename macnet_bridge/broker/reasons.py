"""Why there is no broker, in words that say what to do. No I/O."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from macnet_bridge.broker.messages import Cause, Endpoint, LinkLost
from macnet_bridge.system_errors import os_reason

PERHAPS_NO_BROKER = "perhaps it is no MQTT broker: see host, port and, for TLS, mqtts:// of mqtt.url"
"""For whoever does not answer as a broker does."""

_CLOSED_TOO_SOON = "the broker closed the connection before it answered"
_UNSUPPORTED_VERSION = 0x84
_BAD_CREDENTIALS = (0x86, 0x87)
_ENDED_AS = {0x8B: Cause.SHUTTING_DOWN, 0x8E: Cause.TAKEN_OVER}

_Words = Callable[[Endpoint, str, Exception], str | None]


def unreachable(endpoint: Endpoint, error: Exception) -> LinkLost:
    """The loss of a connection that never came to be."""
    where = f"{endpoint.host}:{endpoint.port}"
    found = (words(endpoint, where, error) for words in _WORDS)
    return LinkLost(
        Cause.UNREACHABLE, next(filter(None, found), f"cannot reach the broker at {where}: {error}")
    )


def refused(code: int, reason: str, user: str) -> LinkLost:
    """The loss of a connection that the broker does not accept.

    Args:
        code: of CONNACK, as MQTT 5 numbers them.
        reason: the same in words.
        user: the name that we gave, "" for none.
    """
    if code == _UNSUPPORTED_VERSION:
        return LinkLost(Cause.OTHER_VERSION, "the broker does not speak this version of MQTT")
    if code in _BAD_CREDENTIALS:
        who = f"user {user}" if user else "clients without a user name"
        what = "check mqtt.username and the password" if user else "set mqtt.username and a password"
        return LinkLost(Cause.REFUSED, f"the broker turns {who} away ({reason}): {what}")
    return LinkLost(Cause.REFUSED, f"the broker refuses the connection: {reason}")


def closed_too_soon() -> LinkLost:
    """The loss of a connection that was closed before the broker said anything."""
    return LinkLost(Cause.UNANSWERED, _CLOSED_TOO_SOON, PERHAPS_NO_BROKER)


def ended(code: int, reason: str) -> LinkLost:
    """The loss of a connection after a DISCONNECT of the broker's."""
    return LinkLost(_ENDED_AS.get(code, Cause.BY_BROKER), f"the broker ended the connection: {reason}")


def _certificate(endpoint: Endpoint, where: str, error: Exception) -> str | None:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    return f"the certificate of {where} is not trusted, set mqtt.ca_file: {error.verify_message}"


def _host_name(endpoint: Endpoint, where: str, error: Exception) -> str | None:
    if not isinstance(error, socket.gaierror):
        return None
    return f"the host name {endpoint.host} cannot be resolved: {os_reason(error)}; correct mqtt.url"


def _nobody(endpoint: Endpoint, where: str, error: Exception) -> str | None:
    if not isinstance(error, ConnectionRefusedError):
        return None
    return f"nothing listens at {where}; start the broker, or correct mqtt.url"


def _no_tls(endpoint: Endpoint, where: str, error: Exception) -> str | None:
    if not endpoint.tls or not isinstance(error, ssl.SSLError | ConnectionError):
        return None
    # The number of an error of TLS is none of the operating system's.
    reason = str(error.reason or error) if isinstance(error, ssl.SSLError) else os_reason(error)
    return f"no TLS with {where}: {reason}; mqtt:// is for a port without TLS"


_WORDS: tuple[_Words, ...] = (_certificate, _host_name, _nobody, _no_tls)
