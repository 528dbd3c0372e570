"""A hostile member: frames for the LAN plane of another, at a rate, past its own node's limits.

``python -m tests.bench.flood_sender KIND SOURCE TARGET RATE``, in the member's namespace: whole IPv4 packets by a raw
socket, since its node owns the port.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address

from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Udp
from lanrage.net.lan_port import LAN_PORT
from lanrage.wire.frames import Part, encode_part
from lanrage.wire.packets import write_frame, write_ipv4

AT_ONCE = 16
"""Packets between two looks at the clock."""
ELSEWHERE_PORT = 40_000
"""Nobody listens there."""
PORTS = 64
"""Games that the different frames claim to be of."""


def main() -> None:
    """Until ended."""
    kind, source, target = sys.argv[1], IPv4Address(sys.argv[2]), IPv4Address(sys.argv[3])
    packets, due = flood(kind, source, target), time.monotonic()
    step = AT_ONCE / float(sys.argv[4])
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        while True:
            for _ in range(AT_ONCE):
                raw.sendto(next(packets), (str(target), 0))
            due = max(due + step, time.monotonic() - 0.05)
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)


def flood(kind: str, source: IPv4Address, target: IPv4Address) -> Iterator[bytes]:
    """The packets, without end."""
    nonce, number = int.from_bytes(os.urandom(8), "big"), 0
    port = ELSEWHERE_PORT if kind == "elsewhere" else LAN_PORT
    while True:
        number += 1
        body = os.urandom(100) if kind == "forged" else _frame(source, number if kind == "distinct" else 0)
        payload = encode_part(Part(source, nonce, number, 0, 1, body))
        yield write_ipv4(Udp(source, target, LAN_PORT, port, payload), ttl=64)


def _frame(source: IPv4Address, number: int) -> bytes:
    everybody = IPv4Address(int(source) | 0xFF)
    game = Udp(source, everybody, 5000, 20_000 + number % PORTS, number.to_bytes(8, "big") + bytes(92))
    return write_frame(canonical(game))


if __name__ == "__main__":
    main()
