"""A process in a laboratory's host that watches its NAT beside a bound port, as a node does, and prints what it finds.

``python -m tests.lab.nat_agent REFLECTOR OWN-ADDRESS SILENCE,...``: one JSON line when the kind is known, one when the
lifetime is.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

from lanrage.app.lifetime_test import LifetimeTest
from lanrage.app.nat_watch import NatSurroundings, NatWatch
from lanrage.core.links import WIREGUARD_PORT, Endpoint
from lanrage.net.plain_port import PlainPort
from lanrage.net.rawport import RawProbePort

LOOK = 0.1
"""Seconds between looks at what is known."""


def main(reflector: str, own: str, silences: str) -> None:
    """Run until both are printed; whoever started it ends it otherwise."""
    from twisted.internet import reactor as made

    reactor: Any = made
    # WireGuard's stand-in: without a socket the kernel would answer that nobody is there.
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("", WIREGUARD_PORT))
    port = RawProbePort(reactor)
    lifetimes = LifetimeTest(
        reactor, lambda: PlainPort(reactor), os.urandom, [float(each) for each in silences.split(",")], delay=0.0
    )
    around = NatSurroundings(lambda: {Endpoint(own, WIREGUARD_PORT)}, lambda: True, lambda: False, lambda kind: None)
    watch = NatWatch(reactor, port.send, around, os.urandom, lifetimes)
    port.open(WIREGUARD_PORT, lambda payload, source, local: watch.received(payload, source))
    watch.use((Endpoint.parse(reflector),))
    told: list[str] = []

    def look() -> None:
        facts = watch.facts
        if not told and facts.mapped is not None and (facts.hairpin is not None or facts.mapping == "none"):
            told.append("kind")
            print(json.dumps({"kind": facts.kind, "hairpin": facts.hairpin, "complete": facts.complete}), flush=True)
        probe = lifetimes._probe
        if told == ["kind"] and probe is None and lifetimes.lifetime is not None:
            told.append("lifetime")
            print(json.dumps({"lifetime": watch.lifetime}), flush=True)
            reactor.stop()
            return
        reactor.callLater(LOOK, look)

    reactor.callWhenRunning(look)
    reactor.run()
    holder.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
