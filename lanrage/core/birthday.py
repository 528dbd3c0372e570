"""Birthday probing: the chance of a hit, who does what, and how much of it is allowed (``docs/links.rst``).

One player's router maps each destination to a random port of its own (symmetric), the other's lets in only what it
sent to (port-restricted). Neither can be told where to send. But when the first holds many sockets towards the other's
one address, so many ports of its router lead to a socket, and the other finds one of them by chance: as two of 23
people have one birthday.
"""

from __future__ import annotations

import enum
from functools import cache

import attrs

from lanrage.core.budget import Budget
from lanrage.core.nat import NatKind
from lanrage.core.rate import TokenBucket

PORTS = 64512
"""Ports from which routers choose: 1024 to 65535 (RFC 6056 3.2; Linux's ``random`` takes these)."""
FIRST_PORT = 65536 - PORTS
"""The lowest of them."""
SOCKETS = 256
"""Sockets that one end opens, a packet each. Carriers grant a subscriber 1,000 ports and more (RFC 6888 3, REQ-4)."""
PROBES = 1024
"""Probes of the other end. Against 256 sockets they hit in 98.3 of 100 rounds, with 2,048 it were 99.97; half as many
are half of what a liar can aim at somebody, and small routers hold no more than 4,096 flows."""
SEND_RATE = 400.0
"""Packets a second of either end: with 74 bytes each 240 kbit/s, which a slow line carries beside a game."""
WORTH = 0.5
"""Least chance for which packets are spent."""
ROUNDS_BURST, ROUNDS_RATE = 8.0, 1 / 60
"""Rounds of this node at once, and a second, over all members: a party of nine is done at once, one after another."""
HOST_BURST, HOST_RATE = 2.0, 1 / 600
"""Rounds against one host at once, and a second, over all members: two friends behind one router; and no more than
two rounds in ten minutes for a victim whose address a member gave as its own."""


class Part(enum.StrEnum):
    """What an end does in a round."""

    OPEN = "open"
    """Holds many sockets, each towards the other's one address: the end behind the symmetric router."""
    SPRAY = "spray"
    """Sends to random ports of the other's router from its one port."""


def chance(sockets: int = SOCKETS, probes: int = PROBES) -> float:
    """How likely at least one of so many different random ports is one of the open ones.

    :param sockets: open ports, of :data:`PORTS`.
    :param probes: different ports that are tried.
    """
    missed = 1.0
    for tried in range(min(probes, PORTS)):
        missed *= max(0, PORTS - sockets - tried) / (PORTS - tried)
    return 1.0 - missed


def chance_between_symmetric(here: int = PROBES, there: int = PROBES) -> float:
    """The same where both routers draw a port for each destination.

    A probe must then go to the very port from which one of the other end leaves, and leave from the very port to which
    that one goes: each pair of probes fits with 1 : :data:`PORTS` squared.

    :param here: probes of one end, each from a mapping of its own.
    :param there: those of the other.
    """
    return 1.0 - float((1.0 - 1.0 / PORTS**2) ** (here * there))


@cache
def part(own: NatKind, peer: NatKind) -> Part | None:
    """What this end does, or ``None`` where plain punching is enough or the chance is not worth the packets.

    A pair that stays on a relay though one end only is symmetric has a port-filtering router at the other: so an end
    whose own kind nobody could tell takes part as well.
    """
    filtering = (NatKind.PORT_RESTRICTED, NatKind.UNKNOWN)
    if own is NatKind.SYMMETRIC and peer in filtering:
        return Part.OPEN if chance() >= WORTH else None
    if own in filtering and peer is NatKind.SYMMETRIC:
        return Part.SPRAY if chance() >= WORTH else None
    if own is peer is NatKind.SYMMETRIC and chance_between_symmetric() >= WORTH:
        return Part.SPRAY
    return None


@attrs.define
class RoundBudget:
    """Which rounds may begin: one at a time, and few in an hour.

    :ivar running: a round of this node is under way.
    """

    running: bool = False
    _rounds: TokenBucket = attrs.field(factory=lambda: TokenBucket(ROUNDS_RATE, ROUNDS_BURST))
    _hosts: Budget[str] = attrs.field(factory=lambda: Budget(HOST_RATE, HOST_BURST))

    def begin(self, host: str, now: float) -> bool:
        """Take what a round against `host` costs; false when it may not begin now."""
        if self.running or not self._rounds.ready(now) or not self._hosts.allow(host, now):
            return False
        self.running = self._rounds.take(now)
        return self.running

    def end(self) -> None:
        """The round that runs is over."""
        self.running = False
