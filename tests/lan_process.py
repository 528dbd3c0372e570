"""A LAN plane in a process of its own, for tests in network namespaces: real card, port, capture and adoption.

``python -m tests.lan_process ADDRESS/PREFIX MEMBER...`` prints ``ready``, and at SIGTERM its counters as JSON. Settings
come by the environment: ``REAL_ADDRESS``, and where they are wanted ``IPV6_PREFIX``, ``LAN_SERVICES``, ``LAN_SETTINGS``
(options such as ``lan-replicator``, as JSON) and ``LAN_HOST`` (the host's party address). At SIGUSR1 it probes
visibility and prints, as JSON, for each member the stages that are confirmed with their milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from ipaddress import IPv4Address, IPv4Interface, IPv6Network
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LAN, LanSettings
from lanrage.app.lan_groups import Groups
from lanrage.app.lan_parts import make_parts
from lanrage.app.lan_probe import LanProbe
from lanrage.core.lan_services import LanService
from lanrage.core.links import LocalAddress
from lanrage.core.visibility import best
from lanrage.net.adopt import Adopter
from lanrage.net.capture import Capture
from lanrage.net.card import TapCard
from lanrage.net.ipv6 import own_addresses6
from lanrage.net.lan_port import LanPort
from lanrage.net.multicast import MulticastWays, RawWay
from lanrage.net.multicast6 import CardGroups6
from lanrage.net.proc_net import ProcNet
from lanrage.net.threads import in_thread

TUNNEL = "lrtun"
CARD = "lanrage0"
DIRECT = '{"lan-interest": "off"}'
"""Sockets of tests hear from their first moment, not from the next look at what is open."""


async def own_addresses() -> list[LocalAddress]:
    """The address of the one real card, which the test names."""
    whole = IPv4Interface(os.environ["REAL_ADDRESS"])
    return [LocalAddress("eth0", socket.if_nametoindex("eth0"), whole.ip, whole.network, True)]


def plane(reactor: Any, address: IPv4Interface) -> LanPlane:
    """A plane of real parts."""
    raw, tables = RawWay(), ProcNet(reactor)
    raw.open()
    prefix = IPv6Network(os.environ["IPV6_PREFIX"]) if os.environ.get("IPV6_PREFIX") else None
    settings = LanSettings.parse(
        {name: default for name, _, default, _ in LAN} | json.loads(os.environ.get("LAN_SETTINGS", DIRECT))
    )

    def groups() -> Groups:
        index = socket.if_nametoindex(CARD)
        ways = MulticastWays(reactor, Adopter(index), lambda call: in_thread(reactor, call), raw.send, read=tables.read)
        six = CardGroups6(reactor, index, (socket.if_nametoindex(TUNNEL),)) if prefix is not None else None
        return Groups(ways, raw, six)

    return LanPlane(
        reactor,
        TapCard(reactor, CARD, prefix=prefix),
        LanPort(reactor, address.ip, TUNNEL),
        address,
        int.from_bytes(os.urandom(8), "big"),
        own_addresses=own_addresses,
        own_addresses6=lambda: in_thread(reactor, own_addresses6),
        capture=Capture(reactor, (CARD, TUNNEL)),
        groups=groups,
        prefix=prefix,
        services=frozenset(LanService(name) for name in os.environ.get("LAN_SERVICES", "").split(",") if name),
        parts=lambda made: make_parts(reactor, settings, made, tables),
    )


async def probe(made: LanPlane) -> None:
    """Print what a probe of visibility finds."""
    part = made.part(LanProbe)
    assert part is not None
    sightings = await part.probe(2.0)
    shown = {
        str(member): {stage.name: round(1000 * after, 3) for stage, after in best(sightings, member).items()}
        for member in made.lan.members.values()
    }
    print(json.dumps(shown), flush=True)


async def live(reactor: Any, address: str, *members: str) -> None:
    """Run until SIGTERM."""
    made = plane(reactor, IPv4Interface(address))
    made.host = IPv4Address(os.environ["LAN_HOST"]) if "LAN_HOST" in os.environ else None
    made.set_members([IPv4Address(member) for member in members])
    ended: Deferred[None] = Deferred()
    await made.startService()
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(ended.callback, None))
    signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(Deferred.fromCoroutine, probe(made)))
    print("ready", flush=True)
    await ended
    await made.stopService()
    print(json.dumps(made.counters()), flush=True)


if __name__ == "__main__":
    react(lambda reactor, *words: Deferred.fromCoroutine(live(reactor, *words)), sys.argv[1:])
