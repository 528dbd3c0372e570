"""The bare forwarder that the userspace mode is measured against: Twisted's DatagramProtocol, a dict, nothing checked.

``python -m tests.bench.relay_twisted CONFIG``: JSON, ``[[host, port, local, to_host, to_port], ...]``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet.protocol import DatagramProtocol

reactor: Any = the_reactor


class Port(DatagramProtocol):
    """One port; each line's data leaves by the same port."""

    noisy = False

    def __init__(self, ways: dict[tuple[str, int], tuple[str, int]]) -> None:
        self._ways = ways

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Pass it on."""
        to = self._ways.get(addr)
        if to is not None:
            self.transport.write(datagram, to)  # type: ignore[union-attr]


def main() -> None:
    """Until ended."""
    ways: dict[int, dict[tuple[str, int], tuple[str, int]]] = {}
    with open(sys.argv[1], encoding="ascii") as file:
        for host, port, local, to_host, to_port in json.load(file):
            ways.setdefault(local, {})[host, port] = (to_host, to_port)
    for local, each in ways.items():
        reactor.listenUDP(local, Port(each))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    reactor.run()


if __name__ == "__main__":
    main()
