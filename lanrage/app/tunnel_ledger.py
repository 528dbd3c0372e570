"""The party's ledger as the members tell each other of it inside the tunnel (:mod:`lanrage.app.party_channel`)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.app.control_link import ControlLink
from lanrage.app.guest_dismissals import Dismissals
from lanrage.core.party_guests import Guest, Resting, earliest, judge_guests
from lanrage.core.replica import PartyReplica


@attrs.frozen
class TunnelLedger:
    """What a replica holds; what other members bring goes the way of what the control server brings.

    :param time: seconds since the epoch, as the control server counts.
    :param serves: whether this node serves guests now.
    :param dismissals: what the ledger does not say yet.
    """

    _link: ControlLink
    _replica: PartyReplica
    _time: Callable[[], float]
    serves: Callable[[], bool]
    dismissals: Dismissals

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

    def guests(self) -> list[tuple[Guest, Resting | None]]:
        """See :class:`lanrage.app.guest_session.GuestSource`."""
        ledger, members = self._replica.ledger, self._replica.members.values()
        if ledger is None:
            return []
        return judge_guests(ledger.guests, [m.member.certificate for m in members], ledger.members, self.now())

    def now(self) -> float:
        """See :class:`lanrage.app.guest_session.GuestSource`."""
        ledger = self._replica.ledger
        return earliest(self._time(), ledger.at if ledger is not None else 0)

    def _name(self, sender: bytes) -> str:
        entry = self._replica.members.get(sender)
        return entry.member.certificate.name if entry is not None else "a member"
