"""What the LAN plane did and refused, by reason; every counter exists from the start."""

from __future__ import annotations

import errno
from collections import Counter

import attrs

from lanrage.core.lan_frames import Drop
from lanrage.core.payload_addresses import Repeated

SEND_ERRORS = {
    errno.ENOKEY: Drop.NO_PEER,
    errno.EDESTADDRREQ: Drop.NO_PEER,
    errno.ENETUNREACH: Drop.UNREACHABLE,
    errno.EHOSTUNREACH: Drop.UNREACHABLE,
    errno.ENETDOWN: Drop.UNREACHABLE,
    errno.ENODEV: Drop.UNREACHABLE,
    errno.ENXIO: Drop.UNREACHABLE,
    errno.EADDRNOTAVAIL: Drop.UNREACHABLE,
    errno.EAGAIN: Drop.QUEUE_FULL,
    errno.ENOBUFS: Drop.QUEUE_FULL,
}
"""What the kernel's refusals on the way out mean; any other is :attr:`Drop.SEND`."""


@attrs.define
class LanCounters:
    """Counts since the start.

    :ivar forwarded: frames handed to the tunnel, counted once for each member.
    :ivar deduplicated: copies not carried or not injected.
    :ivar injected: frames that this machine received from members.
    :ivar leased: frames not carried, counted once for each member that repeats them by itself.
    :ivar carried: bytes of datagrams to and from each member, by its party address.
    :ivar repeated: datagrams by what became of this machine's address inside them.
    :ivar unwanted: frames not carried, counted once for each member that has no use for them.
    """

    forwarded: int = 0
    deduplicated: int = 0
    injected: int = 0
    leased: int = 0
    unwanted: int = 0
    carried: Counter[str] = attrs.field(factory=Counter)
    repeated: Counter[Repeated] = attrs.field(factory=Counter)
    drops: Counter[Drop] = attrs.field(factory=Counter)

    def drop(self, reason: Drop, count: int = 1) -> None:
        """Count a refusal."""
        self.drops[reason] += count

    def refused_send(self, error: int) -> None:
        """Count a datagram that the kernel did not take, by its error number."""
        self.drop(SEND_ERRORS.get(error, Drop.SEND))

    def as_dict(self) -> dict[str, int]:
        """All counters by name; the names do not depend on what happened."""
        named = {f"dropped_{reason.value}": self.drops[reason] for reason in Drop}
        return {
            "forwarded_packets": self.forwarded,
            "packets_deduplicated": self.deduplicated,
            "injected_packets": self.injected,
            "leased_packets": self.leased,
            "unwanted_packets": self.unwanted,
            "addresses_rewritten": self.repeated[Repeated.REWRITTEN],
            "addresses_unknown": self.repeated[Repeated.UNKNOWN],
            "dropped_packets": sum(named.values()),
        } | named
