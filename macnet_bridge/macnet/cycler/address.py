"""Where a tester's MacNet server listens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TesterAddress:
    """Where a tester's MacNet server listens.

    Attributes:
        host: name or IP address.
        json_port: of JSON by TCP, by which all commands go.
        tcp_port: of binary messages by TCP, which rest and some reads need.
        udp_port: of binary messages by UDP, for reads.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    host: str
    json_port: int = 57570
    tcp_port: int = 57560
    udp_port: int = 57550
