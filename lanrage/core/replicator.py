"""Which frames go to the host alone, to be passed on by it to the others (``docs/protocol-replicator.rst``).

The way around is taken only where both ends mean the same members: the host tells a digest of those it reaches and of
those that take its word, and whoever sees another party sends directly.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from ipaddress import IPv4Address

import attrs

from lanrage.core.lan_frames import PartyLan

DIGEST_BYTES = 4
HOST_SECONDS = 1.0
"""How often the host says that it passes frames on."""

HOST_STALE_SECONDS = 3.5
"""A host that was not heard for so long (three times lost) is behind a dead path: frames go directly."""

MEMBER_SECONDS = 10.0
"""How often a member says that it takes the host's word."""

MEMBER_STALE_SECONDS = 35.0

FEWEST = 3
"""Members that want a frame: for two, two direct copies cost what one and one more hop save."""


@attrs.frozen
class Standing:
    """What a member says of itself.

    :param accepts: takes frames of other members that the host passes on.
    :param passes_on: passes frames on; counts of the host alone.
    :param digest: of the party as it sees it, :data:`DIGEST_BYTES`.
    """

    accepts: bool
    passes_on: bool
    digest: bytes


@attrs.define
class Replication:
    """The party's members as far as the way around is concerned.

    :param lan: the party as this member sees it.
    """

    lan: PartyLan
    _known: dict[IPv4Address, tuple[Standing, float]] = attrs.field(factory=dict)

    def set_lan(self, lan: PartyLan) -> None:
        """The party changed."""
        self.lan = lan
        for member in self._known.keys() - set(lan.members.values()):
            del self._known[member]

    def take(self, member: IPv4Address, standing: Standing, now: float) -> None:
        """A member said this of itself."""
        self._known[member] = (standing, now)

    def standing(self, passes_on: bool, now: float) -> Standing:
        """What this member says of itself."""
        return Standing(True, passes_on, self._digest(now))

    def accepting(self, now: float) -> set[IPv4Address]:
        """The other members that take frames from the host."""
        return {
            member
            for member, (said, heard) in self._known.items()
            if said.accepts and now - heard <= MEMBER_STALE_SECONDS
        }

    def around(
        self, wanting: Collection[IPv4Address], host: IPv4Address | None, now: float
    ) -> tuple[Collection[IPv4Address], Collection[IPv4Address]]:
        """To whom a frame goes directly, and to whom with one hop more.

        :param wanting: members that want it.
        :param host: the party's host; this member itself where it is the host.
        """
        if len(wanting) < FEWEST or host is None or not self._ready(host, now):
            return wanting, ()
        accepting = self.accepting(now) | {host}
        directly = [member for member in wanting if member not in accepting]
        if len(directly) + 1 >= len(wanting):
            return wanting, ()
        return directly, (host,)

    def receivers(self, origin: IPv4Address, now: float) -> set[IPv4Address]:
        """As the host: to whom a frame of `origin` is passed on, if they want it; never to the origin."""
        return self.accepting(now) - {origin}

    def _ready(self, host: IPv4Address, now: float) -> bool:
        said, heard = self._known.get(host, (None, 0.0))
        if said is None or not said.passes_on or now - heard > HOST_STALE_SECONDS:
            return False
        return said.digest == self._digest(now)

    def _digest(self, now: float) -> bytes:
        """Of all members with this one, and of those that accept; a host that passes on accepts, too."""
        everybody = {self.lan.address, *self.lan.members.values()}
        accepting = {self.lan.address, *self.accepting(now)}
        made = blake2b(digest_size=DIGEST_BYTES)
        for member in sorted(everybody):
            made.update(member.packed + bytes([member in accepting]))
        return made.digest()
