"""Ben's end of the timed pair: sends each datagram back where it came from. ``python -m tests.bench.relay_echo FD``."""

from __future__ import annotations

import socket
import sys

from lanrage.wire.relay import MAGIC


def main() -> None:
    """Until ended."""
    own = socket.socket(fileno=int(sys.argv[1]))
    own.setblocking(True)
    while True:
        data, source = own.recvfrom(2048)
        if data[:4] != MAGIC:
            own.sendto(data, source)


if __name__ == "__main__":
    main()
