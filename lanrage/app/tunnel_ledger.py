"""The party's ledger as the members tell each other of it inside the tunnel (:mod:`lanrage.app.party_channel`)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.app.control_link import ControlLink
from lanrage.core.party_guests import Guest, guests_now
from lanrage.core.replica import PartyReplica


@attrs.frozen
class TunnelLedger:
    """What a replica holds; what other members bring goes the way of what the control server brings.

    :param now: seconds since the epoch, as the control server counts.
    """

    _link: ControlLink
    _replica: PartyReplica
    now: Callable[[], float]

    def head(self) -> tuple[int, bytes]:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        ledger = self._replica.ledger
        return (ledger.epoch, ledger.head) if ledger is not None else (0, bytes(32))

    def records_after(self, epoch: int) -> tuple[bytes, ...]:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        ledger = self._replica.ledger
        return ledger.after(epoch) if ledger is not None else ()

    def received(self, sender: bytes, blobs: tuple[bytes, ...]) -> None:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        self._link.brought(blobs, self._name(sender))

    def told(self, sender: bytes, epoch: int, hash_: bytes) -> None:
        """See :class:`lanrage.app.party_channel.PartyLedger`."""
        self._link.headed(epoch, hash_, self._name(sender))

    def guests(self) -> list[Guest]:
        """See :class:`lanrage.app.guest_session.GuestSource`."""
        ledger, members = self._replica.ledger, self._replica.members.values()
        if ledger is None:
            return []
        return guests_now(ledger.guests, [m.member.certificate for m in members], ledger.members, self.now())

    def _name(self, sender: bytes) -> str:
        entry = self._replica.members.get(sender)
        return entry.member.certificate.name if entry is not None else "a member"
