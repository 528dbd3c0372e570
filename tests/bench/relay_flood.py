"""A client that floods, at a rate, eight packets a time: ``python -m tests.bench.relay_flood FD HOST PORT RATE``."""

from __future__ import annotations

import ctypes
import sys
import time

from lanrage.net.mmsg import Address, Sender

SIZE, AT_ONCE = 64, 8
"""Bytes of a packet, and packets a call."""


def main() -> None:
    """Until ended."""
    descriptor, host, port, rate = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    data, to = ctypes.create_string_buffer(b"\x04" + bytes(SIZE - 1), SIZE), Address(host, port)
    sender = Sender(AT_ONCE)
    step, due = AT_ONCE / rate, time.monotonic()
    while True:
        for _ in range(AT_ONCE):
            sender.add(ctypes.addressof(data), SIZE, to.place)
        sender.flush(descriptor)
        due = max(due + step, time.monotonic() - 0.01)
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)


if __name__ == "__main__":
    main()
