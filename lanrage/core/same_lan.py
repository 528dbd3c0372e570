"""Which members sit on one physical network with this machine: what they say there, and how long it holds.

Members on one network hear each other's broadcasts by it, and would hear them a second time by the party
(``docs/protocol-lan.rst``). So they look for each other on each real card. A probe names a nonce of its sender, and
proves to each member that its sender holds the pair's key and heard that member's own nonce on this very card a moment
ago. What was recorded elsewhere or earlier proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import IntFlag
from ipaddress import IPv4Address

import attrs

PROBE_SECONDS = 30.0
"""Seconds between two probes on a card; each of them has a nonce of its own."""

LIFE_SECONDS = 5 * PROBE_SECONDS + 5.0
"""A member is a neighbour for so long after this machine drew the nonce that it echoed. The echo of a nonce comes up to
two rounds after it was drawn, then three probes may be missed."""

FIRST_SECONDS = (1.0, 4.0)
"""What follows the first probe after a change: a switch or a radio may swallow what is said in the first moment."""

GAP_SECONDS = 1.0
"""The least time between two probes on one card: what strangers send must not make this machine noisy."""

ANSWER_SECONDS = 0.1
"""A member that must hear from us is answered after this time, with all others that came meanwhile."""

NONCE_BYTES = 8
NO_NONCE = bytes(NONCE_BYTES)
"""Echoed to a member that was not heard."""


class Says(IntFlag):
    """What a member says of itself in its probe."""

    NOTHING = 0
    BRIDGES = 1  # it lets devices of that network take part
    DEAF = 2  # its games do not hear that network: what is sent there must reach it by the party all the same


@attrs.define
class _Round:
    """A nonce of this machine on one card."""

    nonce: bytes
    born: float


@attrs.define
class _Card:
    """What this machine does on one card.

    :ivar rounds: the last two, the newer first.
    :ivar due: when the next probe is.
    :ivar soon: what waits to follow it, of :data:`FIRST_SECONDS`.
    """

    rounds: list[_Round]
    due: float
    soon: tuple[float, ...] = FIRST_SECONDS
    sent: float | None = None


@attrs.define
class Neighbour:
    """A member as heard on one card.

    :ivar nonce: its last one, and when it was heard.
    :ivar proven: its last one that came with a proof, likewise.
    :ivar until: it is a neighbour until then.
    :ivar host: its address there, of the last proof, as is what it says.
    """

    nonce: tuple[bytes, float]
    proven: tuple[bytes, float] = (NO_NONCE, 0.0)
    until: float = 0.0
    host: IPv4Address | None = None
    says: Says = Says.NOTHING


@attrs.frozen
class Heard:
    """A probe that holds.

    :param nonce: its sender's.
    :param host: where it came from.
    :param echo: this machine's nonce that it proves to have heard; ``None`` for none.
    """

    nonce: bytes
    host: IPv4Address
    says: Says = Says.NOTHING
    echo: bytes | None = None


@attrs.define
class SameLan:
    """The state of all cards.

    :param random: gives that many random bytes.
    """

    random: Callable[[int], bytes]
    _cards: dict[int, _Card] = attrs.field(factory=dict)
    _members: frozenset[IPv4Address] = frozenset()
    _seen: dict[tuple[int, IPv4Address], Neighbour] = attrs.field(factory=dict)

    def set_cards(self, indices: Collection[int], now: float) -> None:
        """These real cards are there now; what was known on others is forgotten, on new ones a probe is due.

        :param indices: interface indices.
        """
        for gone in self._cards.keys() - set(indices):
            del self._cards[gone]
        for new in set(indices) - self._cards.keys():
            self._cards[new] = _Card([_Round(self.random(NONCE_BYTES), now)], now)
        self._forget()

    def set_members(self, members: Collection[IPv4Address], now: float) -> None:
        """The other members, by party address; a new one is looked for at once."""
        new = set(members) - self._members
        self._members = frozenset(members)
        self._forget()
        if new:
            self.renew(now)

    def apart(self, member: IPv4Address, now: float) -> None:
        """The member says that it is on no network of this machine; whether that is so is soon seen."""
        for key in [key for key in self._seen if key[1] == member]:
            del self._seen[key]
        self.renew(now)

    def renew(self, now: float) -> None:
        """The network changed: probes are due on all cards."""
        for card in self._cards.values():
            card.due, card.soon = min(card.due, self._earliest(card, now)), FIRST_SECONDS

    # --- what to send -------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When a probe is due on some card; ``None`` while there is nobody to look for."""
        return min((card.due for card in self._cards.values()), default=None) if self._members else None

    def due(self, now: float) -> list[int]:
        """The cards on which a probe is due."""
        return [index for index, card in self._cards.items() if card.due <= now] if self._members else []

    def probe(self, index: int, now: float) -> tuple[bytes, list[tuple[IPv4Address, bytes]]]:
        """Send a probe on this card now.

        :return: this machine's nonce, and what to prove to each member: nonces of it that were heard, or
            :data:`NO_NONCE`.
        """
        card = self._cards[index]
        if now - card.rounds[0].born >= PROBE_SECONDS:
            card.rounds = [_Round(self.random(NONCE_BYTES), now), card.rounds[0]]
        card.sent, card.due = now, now + (card.soon or (PROBE_SECONDS,))[0]
        card.soon = card.soon[1:]
        echoes = [(member, echo) for member in sorted(self._members) for echo in self._echoes(index, member, now)]
        return card.rounds[0].nonce, echoes

    def own_nonces(self, index: int) -> list[bytes]:
        """Nonces of this machine whose echo proves something on this card."""
        return [each.nonce for each in self._cards[index].rounds] if index in self._cards else []

    # --- what was heard -----------------------------------------------------------------------------------------------

    def heard(self, index: int, member: IPv4Address, probe: Heard, now: float) -> None:
        """A member's probe came in on this card."""
        if index not in self._cards or member not in self._members:
            return
        card = self._cards[index]
        born = next((each.born for each in card.rounds if each.nonce == probe.echo), None)
        before = self._seen.get((index, member))
        seen = self._seen.setdefault((index, member), Neighbour((probe.nonce, now)))
        was, known = self.is_near(member, index, now), before is not None and before.nonce[0] == probe.nonce
        seen.nonce = (probe.nonce, now)
        if born is not None:
            seen.proven, seen.host, seen.says = (probe.nonce, now), probe.host, probe.says
            seen.until = max(seen.until, born + LIFE_SECONDS)
        if (born is None and not known) or was != self.is_near(member, index, now):
            card.due = min(card.due, self._earliest(card, now + ANSWER_SECONDS))

    # --- what is known ------------------------------------------------------------------------------------------------

    def hears(self, member: IPv4Address, index: int, now: float) -> bool:
        """Whether this member's games hear what is broadcast on this card."""
        seen = self._seen.get((index, member))
        return seen is not None and now < seen.until and not seen.says & Says.DEAF

    def is_near(self, member: IPv4Address, index: int, now: float) -> bool:
        """Whether this member is on the network of this card."""
        seen = self._seen.get((index, member))
        return seen is not None and now < seen.until

    def near(self, index: int, now: float) -> dict[IPv4Address, Neighbour]:
        """The neighbours on this card."""
        return {
            member: seen
            for (card, member), seen in self._seen.items()
            if card == index and self.is_near(member, card, now)
        }

    def all_near(self, now: float) -> set[IPv4Address]:
        """The members that are neighbours on some card."""
        return {member for (card, member) in self._seen if self.is_near(member, card, now)}

    # --- within -------------------------------------------------------------------------------------------------------

    def _echoes(self, index: int, member: IPv4Address, now: float) -> list[bytes]:
        """The nonce that was proven, and a newer one that was not: a replay must not push the true one out."""
        seen = self._seen.get((index, member))
        if seen is None:
            return [NO_NONCE]
        fresh = {nonce for nonce, at in (seen.proven, seen.nonce) if now - at < 2 * PROBE_SECONDS}
        return sorted(fresh - {NO_NONCE}) or [NO_NONCE]

    def _forget(self) -> None:
        self._seen = {
            key: seen for key, seen in self._seen.items() if key[0] in self._cards and key[1] in self._members
        }

    @staticmethod
    def _earliest(card: _Card, wanted: float) -> float:
        return wanted if card.sent is None else max(wanted, card.sent + GAP_SECONDS)
