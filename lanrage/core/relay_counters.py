"""What a relay counts."""

from __future__ import annotations

import enum

import attrs


class Drop(enum.Enum):
    """Why a relay did not do what a datagram asked for."""

    UNBOUND = "unbound"
    """Data from an address without a binding."""
    NO_PEER = "no_peer"
    """Data whose other end is not bound."""
    LIMITED = "limited"
    """Data above the binding's rate."""
    CONTROL_LIMITED = "control_limited"
    """A control message above the host's rate."""
    MALFORMED = "malformed"
    """Bytes with the control magic that are no message, or a source that cannot be answered."""
    LONG = "long"
    """A datagram longer than any that WireGuard sends."""
    UNEXPECTED = "unexpected"
    """A message that only a relay sends, or that is of no binding."""
    COOKIE = "cookie"
    """A cookie of another address, or too old a one."""
    TICKET = "ticket"
    """A ticket that the control server did not sign."""
    EXPIRED = "expired"
    """A ticket whose time is over."""
    HOLDER = "holder"
    """A signature that is not the holder's."""
    FULL = "full"
    """A limit on bindings."""
    QUEUED = "queued"
    """Data of a client that sends more than its share while the relay is busy."""
    REVOKED = "revoked"
    """A ticket of a member who left or was thrown out."""
    DRAINING = "draining"
    """A new pair while the relay is about to stop."""
    UNSENT = "unsent"
    """The kernel did not take the datagram."""


@attrs.define
class RelayCounters:
    """Since the start.

    :ivar bound: bindings made.
    :ivar measured: STUN requests answered.
    :ivar dropped: by reason.
    """

    forwarded_packets: int = 0
    forwarded_bytes: int = 0
    bound: int = 0
    measured: int = 0
    dropped: dict[Drop, int] = attrs.field(factory=lambda: dict.fromkeys(Drop, 0))

    def drop(self, reason: Drop) -> None:
        """Count one."""
        self.dropped[reason] += 1

    def add(self, reason: Drop, number: int) -> None:
        """Count several."""
        self.dropped[reason] += number

    def as_dict(self) -> dict[str, int]:
        """Names and numbers, for status and log."""
        plain = {
            "bound": self.bound,
            "measured": self.measured,
            "packets": self.forwarded_packets,
            "bytes": self.forwarded_bytes,
        }
        return plain | {f"dropped_{reason.value}": number for reason, number in self.dropped.items()}
