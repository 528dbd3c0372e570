"""Kinds of NAT, and what they mean for a path (RFC 4787, RFC 5780)."""

from __future__ import annotations

import enum

import attrs

from lanrage.core.links import Endpoint


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


class Mapping(enum.StrEnum):
    """On what the outside port of one inside port depends (RFC 4787, section 4.1)."""

    UNKNOWN = "unknown"
    NONE = "none"
    """The address seen from outside is one of a card's own: no NAT."""
    INDEPENDENT = "endpoint-independent"
    ADDRESS = "address-dependent"
    ADDRESS_AND_PORT = "address-and-port-dependent"


class Filtering(enum.StrEnum):
    """Whose packets come in at a mapping (RFC 4787, section 5)."""

    UNKNOWN = "unknown"
    INDEPENDENT = "endpoint-independent"
    ADDRESS = "address-dependent"
    ADDRESS_AND_PORT = "address-and-port-dependent"


@attrs.frozen
class Change:
    """From where else than it was asked a reflector shall answer (RFC 5780, section 7.2).

    :param address: from its other address.
    :param port: from its other port.
    """

    address: bool = False
    port: bool = False


@attrs.frozen
class NatFinding:
    """What a run of tests found.

    :param mapped: how WireGuard's port is seen from outside.
    :param hairpin: a packet to :attr:`mapped` from within comes back in; None = not known, or no NAT.
    :param complete: two addresses of a reflector were there. With one alone, two ports stand for them, and an
        "endpoint-independent" mapping and an "address-dependent" filtering are what is certain at least.
    """

    kind: NatKind = NatKind.UNKNOWN
    mapping: Mapping = Mapping.UNKNOWN
    filtering: Filtering = Filtering.UNKNOWN
    hairpin: bool | None = None
    mapped: Endpoint | None = None
    complete: bool = False


_CONES = {
    Filtering.INDEPENDENT: NatKind.FULL_CONE,
    Filtering.ADDRESS: NatKind.ADDRESS_RESTRICTED,
    Filtering.ADDRESS_AND_PORT: NatKind.PORT_RESTRICTED,
}


def kind_of(mapping: Mapping, filtering: Filtering, *, complete: bool = True) -> NatKind:
    """The kind by both behaviours: a mapping that depends on the other end is symmetric whatever is filtered.

    A machine with a public address behind a firewall that filters is met like one behind a cone that filters so.

    :param complete: see :class:`NatFinding`. Firewalls know whole tuples, so one that lets another port of the same
        address in lets in all.
    """
    if mapping in (Mapping.ADDRESS, Mapping.ADDRESS_AND_PORT):
        return NatKind.SYMMETRIC
    if mapping is Mapping.UNKNOWN:
        return NatKind.UNKNOWN
    if mapping is Mapping.NONE and (
        filtering is Filtering.INDEPENDENT or (filtering is Filtering.ADDRESS and not complete)
    ):
        return NatKind.OPEN
    return _CONES.get(filtering, NatKind.UNKNOWN)
