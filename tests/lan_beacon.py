"""A game that announces itself, and a lobby, for tests in network namespaces: ``python -m tests.lan_beacon ROLE``."""

from __future__ import annotations

import socket
import sys
import time

PORT, PERIOD_S, TIMES = 42424, 0.25, 16
LINE = b"a game of three"
PATIENCE_S = 2.0
"""Without an announcement for so long, there is no more."""


def announce(address: str) -> None:
    """Say the line at an even pace, then end without a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        game.bind((address, PORT))
        start = time.monotonic()
        for number in range(TIMES):
            time.sleep(max(0.0, start + number * PERIOD_S - time.monotonic()))
            game.sendto(LINE, ("10.66.0.255", PORT))
        print(f"{time.monotonic():.6f}", flush=True)


def listen() -> None:
    """Print when each line was heard, and from whom, until there are no more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lobby:
        lobby.bind(("", PORT))
        print("ready", flush=True)
        while True:
            try:
                data, (host, port) = lobby.recvfrom(2000)
            except TimeoutError:
                break
            assert data == LINE
            print(f"{time.monotonic():.6f} {host}:{port}", flush=True)
            lobby.settimeout(PATIENCE_S)
        print("silence", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "announce":
        announce(sys.argv[2])
    else:
        listen()
