"""A LAN plane in a process of its own, for tests in network namespaces: real card, port, capture and adoption.

``python -m tests.lan_process ADDRESS/PREFIX MEMBER...`` prints ``ready``, and at SIGUSR1 and SIGTERM its counters as
JSON. Settings come by the environment, where they are wanted: ``IPV6_PREFIX``, ``LAN_SERVICES``, ``LAN_SETTINGS``
(options such as ``lan-replicator``, as JSON) and ``LAN_HOST`` (the host's party address). At SIGUSR2 it probes
visibility and prints, as JSON, for each member the stages that are confirmed with their milliseconds.
"""

from __future__ import annotations

import hashlib
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
from lanrage.app.lan_bridge import LanBridge
from lanrage.app.lan_config import LAN, LanSettings
from lanrage.app.lan_groups import Groups
from lanrage.app.lan_parts import make_parts
from lanrage.app.lan_physical import LanMachine, physical_parts
from lanrage.app.lan_probe import LanProbe
from lanrage.app.lan_socket_parts import make_socket_parts
from lanrage.app.roaming import Roaming
from lanrage.core.lan_services import LanService
from lanrage.core.route_leases import RouteLeases
from lanrage.core.visibility import best
from lanrage.net.adopt import Adopter
from lanrage.net.capture import Capture
from lanrage.net.card import TapCard
from lanrage.net.ipv6 import own_addresses6
from lanrage.net.lan_port import LanPort
from lanrage.net.machine import Machine
from lanrage.net.multicast import MulticastWays, RawWay
from lanrage.net.multicast6 import CardGroups6
from lanrage.net.network_events import NetworkEvents
from lanrage.net.proc_net import ProcNet
from lanrage.net.threads import in_thread
from tests.fakes_links import MemoryJournal

TUNNEL = os.environ.get("TUNNEL", "lrtun")
CARD = "lanrage0"
JOURNAL = MemoryJournal()
DIRECT = '{"lan-interest": "off", "lan-leases": "off"}'
"""Sockets of tests hear from their first moment, not from the next look at what is open, and each frame is carried."""


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

    card = TapCard(reactor, CARD, prefix=prefix)
    routes = RouteLeases(os.environ.get("LAN_ROUTES", "auto"))
    made = LanPlane(
        reactor,
        card,
        LanPort(reactor, address.ip, TUNNEL),
        address,
        int.from_bytes(os.urandom(8), "big"),
        own_addresses=Machine(reactor).local_addresses,
        own_addresses6=lambda: in_thread(reactor, own_addresses6),
        capture=Capture(reactor, (CARD, TUNNEL)),
        groups=groups,
        parts=lambda plane: (
            *make_parts(reactor, settings, plane, tables),
            *physical_parts(reactor, plane, LanMachine(TUNNEL, JOURNAL)),
            *make_socket_parts(reactor, plane, card, TUNNEL, address.ip, routes),
        ),
        prefix=prefix,
        services=frozenset(LanService(name) for name in os.environ.get("LAN_SERVICES", "").split(",") if name),
    )
    made.pair_key = lambda other: pair_key(address.ip, other)
    return made


def pair_key(one: IPv4Address, other: IPv4Address) -> bytes:
    """A key that both ends know without having met."""
    return hashlib.blake2s(b"".join(each.packed for each in sorted((one, other)))).digest()


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
    roaming = Roaming(reactor, NetworkEvents(reactor), lambda ways: made.look(), lambda slept: None)
    roaming.start()
    if card := os.environ.get("BRIDGE"):
        bridge = made.part(LanBridge)
        assert bridge is not None
        device = os.environ.get("BRIDGE_DEVICE")
        await bridge.turn_on(card, IPv4Address(device) if device else None)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(ended.callback, None))

    def tell() -> None:
        print(json.dumps(made.counters()), flush=True)

    signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(tell))
    signal.signal(signal.SIGUSR2, lambda *_: reactor.callFromThread(Deferred.fromCoroutine, probe(made)))
    print("ready", flush=True)
    await ended
    roaming.stop()
    await made.stopService()
    tell()


if __name__ == "__main__":
    react(lambda reactor, *words: Deferred.fromCoroutine(live(reactor, *words)), sys.argv[1:])
