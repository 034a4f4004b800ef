"""Whether an MQTT broker listens at an address."""

from __future__ import annotations

import socket


def connack(host: str, port: int, timeout_s: float = 1.0) -> int | None:
    """What a broker answers to a nameless MQTT 3.1.1 client: 0 = welcome; None = no MQTT broker there."""
    client_id = b"macnet-bridge-probe"
    body = b"\x00\x04MQTT\x04\x02\x00\x0a" + len(client_id).to_bytes(2, "big") + client_id
    try:
        with socket.create_connection((host, port), timeout_s) as sock:
            sock.settimeout(timeout_s)
            sock.sendall(bytes([0x10, len(body)]) + body)
            answer = sock.recv(4)
            sock.sendall(b"\xe0\x00")
    except OSError:
        return None
    return answer[3] if len(answer) == 4 and answer[0] == 0x20 else None
