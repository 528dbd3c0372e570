"""Kinds of NAT, and what they mean for a path (RFC 4787, RFC 5780)."""

from __future__ import annotations

import enum


class NatKind(enum.StrEnum):
    """What stands between a node and the internet."""

    UNKNOWN = "unknown"
    """Not asked yet, or no reflector answered."""
    OPEN = "open"
    """The address that others see is one of a card's own, and nothing filters."""
    FULL_CONE = "full-cone"
    """One mapping for all; anybody may send to it."""
    ADDRESS_RESTRICTED = "address-restricted"
    """One mapping for all; hosts that were sent to may answer."""
    PORT_RESTRICTED = "port-restricted"
    """One mapping for all; addresses and ports that were sent to may answer."""
    SYMMETRIC = "symmetric"
    """A mapping for each destination."""
    BLOCKED = "blocked"
    """No UDP comes through, while the control server is reached."""
