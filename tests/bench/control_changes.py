"""Which changes the bench measures; a new one is a class of a few lines here.

A change is made by one player by one request or several, and heard by the other members of its party; the correlation
id that a request and its notices share tells which change a notice is of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lanrage.wire.control import LeaveParty, RequestBody, SendSignal
from lanrage.wire.control_ledger import SetStatus
from tests.bench.control_fleet import Player
from tests.bench.control_parties import Group

PAYLOAD = bytes(64)
"""Of a signal."""


class Change(Protocol):
    """A kind of change."""

    name: str

    def make(self, group: Group, turn: int) -> tuple[Player, list[RequestBody], int]:
        """Who asks, what, and how many notices it leads to.

        :param turn: how often this group had its turn before.
        """


class Signals:
    """A signal to every other member: no durability; each is a request of its own, so this costs more than a status."""

    name = "signals"

    def make(self, group: Group, turn: int) -> tuple[Player, list[RequestBody], int]:
        """See :class:`Change`."""
        player = group.members[turn % len(group.members)]
        bodies = [SendSignal(group.party_id, other.identity, PAYLOAD) for other in group.members if other is not player]
        return player, list(bodies), len(bodies)


class Status:
    """A new status text: no durability, one request."""

    name = "status"

    def make(self, group: Group, turn: int) -> tuple[Player, list[RequestBody], int]:
        """See :class:`Change`."""
        player = group.members[turn % len(group.members)]
        return player, [SetStatus(group.party_id, f"turn {turn}")], len(group.members) - 1


class Rejoin:
    """The second player leaves, and at its group's next turn joins again: both durable."""

    name = "leave and join"

    def make(self, group: Group, turn: int) -> tuple[Player, list[RequestBody], int]:
        """See :class:`Change`."""
        player = group.players[1]
        if player in group.members:
            group.members.remove(player)
            return player, [LeaveParty(group.party_id)], len(group.members)
        heard = len(group.members)
        group.members.append(player)
        return player, [group.joins[player.identity]], heard


fast: Callable[[], Change] = Status
"""The class of changes whose notices leave before the flush."""
durable: Callable[[], Change] = Rejoin
"""The class of changes whose notices leave after their group commit."""
