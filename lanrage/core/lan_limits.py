"""How much may be carried: token buckets for each game, member and the party; a storm sheds what repeats itself first.

No known LAN game broadcasts more than a few dozen datagrams a second. What is above these bounds is a fault, or a
hostile member: it must neither hold a player's processor nor keep the others' announcements from arriving.
"""

from __future__ import annotations

from collections.abc import Hashable
from ipaddress import IPv4Address

import attrs

from lanrage.core.budget import Budget
from lanrage.core.lan_frames import Drop, Frame, Udp
from lanrage.core.rate import TokenBucket

ARRIVALS_RATE, ARRIVALS_BURST = 1000.0, 4000.0
"""Datagrams a second, and at once, taken from one member: five times the busiest game's broadcasts. Without a bound one
member's flood holds this machine's processor and every game's socket."""

GAME_RATE, GAME_BURST = 300.0, 600.0
"""Frames a second, and at once, of one game: a sweep over 256 ports by a searching game fits twice."""

MACHINE_RATE, MACHINE_BURST = 600.0, 1200.0
"""Likewise of all games of one machine."""

PARTY_RATE, PARTY_BURST = 3000.0, 3000.0
"""Likewise of all members together, as they arrive at one machine: about a third of what its processor can take."""

SCARCE = 0.5
"""Below this share of a bucket repeats are shed, so that something new still finds room."""

REPEAT_SECONDS = 1.0
"""The same datagram within this time is a repeat: no announcement needs to be heard more often."""

REPEATS_KEPT = 4096
"""Datagrams remembered as seen in that time, twice over: more than the party's bucket lets pass."""


@attrs.define
class Repeats:
    """Which datagrams were seen within :data:`REPEAT_SECONDS` to twice that; two generations bound the memory."""

    _young: set[Hashable] = attrs.field(factory=set)
    _old: set[Hashable] = attrs.field(factory=set)
    _turned: float = 0.0

    def note(self, key: Hashable, now: float) -> bool:
        """Remember a datagram; whether it is a repeat."""
        if now - self._turned >= REPEAT_SECONDS or len(self._young) >= REPEATS_KEPT:
            self._old = self._young if now - self._turned < 2 * REPEAT_SECONDS else set()
            self._young, self._turned = set(), now
        known = key in self._young or key in self._old
        self._young.add(key)
        return known

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def game_of(frame: Frame) -> int:
    """What stands for a game: the port that its datagrams go to; 0 for IPX."""
    return frame.content.destination_port if isinstance(frame.content, Udp) else 0


def _datagram(frame: Frame) -> Hashable:
    content = frame.content
    if isinstance(content, Udp):
        return hash((content.source, content.source_port, content.destination_port, content.payload))
    return hash((frame.source_mac, content.body))


@attrs.define
class LanLimits:
    """Decides what of the frames that the rules let through is too much."""

    _games_out: Budget[int] = attrs.field(factory=lambda: Budget(GAME_RATE, GAME_BURST))
    _machine: TokenBucket = attrs.field(factory=lambda: TokenBucket(MACHINE_RATE, MACHINE_BURST))
    _games_in: Budget[tuple[IPv4Address, int]] = attrs.field(factory=lambda: Budget(GAME_RATE, GAME_BURST))
    _members: Budget[IPv4Address] = attrs.field(factory=lambda: Budget(MACHINE_RATE, MACHINE_BURST))
    _party: TokenBucket = attrs.field(factory=lambda: TokenBucket(PARTY_RATE, PARTY_BURST))
    _repeats_out: Repeats = attrs.field(factory=Repeats)
    _repeats_in: Repeats = attrs.field(factory=Repeats)

    def outgoing(self, frame: Frame, now: float) -> Drop | None:
        """Judge a frame of this machine's games.

        :return: why it is shed, or ``None``; then its tokens are taken.
        """
        game = self._games_out.bucket(game_of(frame))
        again = self._repeats_out.note(_datagram(frame), now)
        if again and min(game.share(now), self._machine.share(now)) < SCARCE:
            return Drop.STORM
        if not game.take(now):
            return Drop.GAME_LIMIT
        return None if self._machine.take(now) else Drop.MEMBER_LIMIT

    def incoming(self, frame: Frame, origin: IPv4Address, now: float) -> Drop | None:
        """Judge a frame of a member; a member that sends little is not shed because of others that send much.

        :return: why it is shed, or ``None``; then its tokens are taken.
        """
        game, member = self._games_in.bucket((origin, game_of(frame))), self._members.bucket(origin)
        again = self._repeats_in.note(_datagram(frame), now)
        if again and min(game.share(now), member.share(now)) < SCARCE:
            return Drop.STORM
        modest = member.share(now) >= SCARCE
        if not game.take(now):
            return Drop.GAME_LIMIT
        if not member.take(now):
            return Drop.MEMBER_LIMIT
        return None if self._party.take(now) or modest else Drop.PARTY_LIMIT
