"""How a member is reached, in the words of all who tell of it."""

from __future__ import annotations

from lanrage.app.peer_link import PeerLink
from lanrage.app.results import PathKind
from lanrage.core.candidates import CandidateKind
from lanrage.core.path_reports import PathTold


def path_kind(link: PeerLink) -> PathKind:
    """``direct``, ``relay`` or ``relay-tcp`` once WireGuard's handshake came through, else ``none``."""
    path = link.plan.current
    if path is None or not link.ready:
        return "none"
    if not path.relayed:
        return "direct"
    return "relay-tcp" if path.candidate.kind is CandidateKind.RELAY_TCP else "relay"


def path_told(link: PeerLink) -> PathTold:
    """The path that the pair's traffic takes, as others are told of it."""
    path, kind = link.plan.current, path_kind(link)
    if path is None or kind == "none":
        return PathTold("none")
    quality = path.quality
    return PathTold(kind, quality.rtt, quality.jitter, quality.loss)
