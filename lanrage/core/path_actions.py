"""What a path plan wants done; the adapter carries it out in this order (:mod:`lanrage.core.path_plan`)."""

from __future__ import annotations

import attrs

from lanrage.core.candidates import Candidate
from lanrage.core.links import Endpoint
from lanrage.core.probe import Probe


@attrs.frozen
class SendProbe:
    """Send this probe."""

    probe: Probe
    to: Endpoint


@attrs.frozen
class SendOffer:
    """Tell the peer our candidates through the control server."""


@attrs.frozen
class ResetPeer:
    """Remove and add the peer in WireGuard: the keys of its former life are of no use."""


@attrs.frozen
class WriteEndpoint:
    """Set WireGuard's endpoint of the peer.

    The keepalive is switched on with it, so a peer without a session begins a handshake at once.

    :param fresh: remove the peer first and add it with its endpoint in one step. A packet to it may have begun a
        handshake that had nowhere to go, and WireGuard begins no other within five seconds (RekeyTimeout), unless the
        peer is new.
    """

    endpoint: Endpoint
    fresh: bool = False


@attrs.frozen
class Moved:
    """Traffic now takes another path; for logs and for the history."""

    path: Candidate
    reason: str


Action = SendProbe | SendOffer | ResetPeer | WriteEndpoint | Moved
