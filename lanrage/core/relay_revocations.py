"""Tickets that a relay no longer takes: those of a member who left or was thrown out (``docs/protocol-relay.rst``).

A revocation names party, holder and a moment: all tickets that end at or before it are void. A member who comes back
later is given tickets that end after it. Once the moment has come they have ended by themselves, so it is forgotten.
"""

from __future__ import annotations

import attrs

from lanrage.core.tickets import Ticket

REVOCATIONS_LIMIT = 65_536
"""Kept at once, about 15 MB; beyond it those that end soonest go: a control server throws out far fewer in an hour."""


@attrs.frozen
class Revocation:
    """Whose tickets are void.

    :param party_id: 16 bytes.
    :param holder: identity key.
    :param until: tickets that end at or before this moment, in seconds since the epoch.
    """

    party_id: bytes
    holder: bytes
    until: int


@attrs.define
class Revocations:
    """What was revoked and has not ended by itself."""

    limit: int = REVOCATIONS_LIMIT
    _until: dict[tuple[bytes, bytes], int] = attrs.field(init=False, factory=dict)

    def __len__(self) -> int:
        """Holders whose tickets are void."""
        return len(self._until)

    def add(self, revocation: Revocation, wall: float) -> None:
        """Take one in; a later moment replaces an earlier one.

        :param wall: seconds since the epoch.
        """
        key = (revocation.party_id, revocation.holder)
        if revocation.until <= wall:
            return
        if len(self._until) >= self.limit and key not in self._until:
            self.forget(wall)
            if len(self._until) >= self.limit:
                del self._until[min(self._until, key=self._until.__getitem__)]
        self._until[key] = max(revocation.until, self._until.get(key, 0))

    def covers(self, ticket: Ticket) -> bool:
        """Whether a ticket is void."""
        return ticket.expires <= self._until.get((ticket.party_id, ticket.holder), -1)

    def forget(self, wall: float) -> None:
        """Drop what has ended by itself."""
        self._until = {key: until for key, until in self._until.items() if until > wall}
