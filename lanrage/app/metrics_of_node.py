"""What a node tells of its party, its links and its LAN plane, as readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.app.peer_link import PeerLink
from lanrage.core.identity import fingerprint
from lanrage.core.metric_reading import Reading, label
from lanrage.core.path import Path

NAMED = {
    "forwarded_packets": "lanrage_lan_forwarded_frames_total",
    "injected_packets": "lanrage_lan_injected_frames_total",
    "leased_packets": "lanrage_lan_leased_frames_total",
    "unwanted_packets": "lanrage_lan_unwanted_frames_total",
    "packets_deduplicated": "lanrage_lan_deduplicated_frames_total",
    "dedup_audited": "lanrage_lan_dedup_audited_total",
    "dedup_false_positives": "lanrage_lan_dedup_false_positives_total",
    "guard_refused": "lanrage_guard_refused_packets_total",
    "guard_restored": "lanrage_guard_restored_total",
}
"""The LAN plane's counters that have a metric of their own."""
STANDING = frozenset(
    {
        *("lan_neighbours", "bridges", "sockets_on_card", "sockets_translated", "routes_leased"),
        *("open_ports", "open_groups", "leases_live", "leases_held"),
    }
)
"""Those that say what stands now; all others only grow."""
SUM, REASON = "dropped_packets", "dropped_"
"""The sum of the refusals, which is not told twice, and how each begins."""


def party(life: PartyLife | None, now: float) -> Iterator[Reading]:
    """The party and its members.

    :param now: seconds since the epoch, as WireGuard's handshakes are told.
    """
    session = life.session if life is not None else None
    yield Reading("lanrage_node_in_party", (), float(session is not None))
    connected = life is not None and life.link is not None and life.link.client.connected
    yield Reading("lanrage_node_control_connected", (), float(connected))
    if life is None or life.replica is None:
        return
    yield Reading("lanrage_party_members", (), float(len(life.replica.members)))
    if session is None or session.links is None:
        return
    online = {identity: entry.online for identity, entry in life.replica.members.items()}
    for identity, link in list(session.links.peers.items()):
        yield from peer(link, online.get(identity, False), now)
    for reason, count in attrs.asdict(session.links.counters).items():
        yield Reading("lanrage_link_refused_total", (reason,), float(count))


def peer(link: PeerLink, online: bool, now: float) -> Iterator[Reading]:
    """One member's link and its paths."""
    plan, seen, certificate = link.plan, link.status, link.member.certificate
    who = (certificate.address,)
    up = link.ready and plan.reached
    yield Reading("lanrage_peer_info", (*who, label(certificate.name), fingerprint(link.identity).hex()), 1.0)
    yield Reading("lanrage_peer_online", who, float(online))
    yield Reading("lanrage_peer_up", who, float(up))
    yield Reading("lanrage_peer_lost", who, float(online and not up))
    yield Reading("lanrage_peer_playing", who, float(plan.playing))
    yield Reading("lanrage_peer_moves_total", who, float(plan.moves))
    yield Reading("lanrage_peer_stalls_total", who, float(plan.stall.stalls))
    if seen is not None:
        yield Reading("lanrage_peer_received_bytes_total", who, float(seen.rx_bytes))
        yield Reading("lanrage_peer_sent_bytes_total", who, float(seen.tx_bytes))
        if seen.latest_handshake > 0:
            yield Reading("lanrage_peer_handshake_age_seconds", who, max(0.0, now - seen.latest_handshake))
    current = plan.current
    if current is not None and current.proven:
        yield Reading("lanrage_peer_relayed", who, float(current.relayed))
        yield from _quality("lanrage_peer_", who, current)
    yield from _paths(who, plan.paths.values())


def _paths(who: tuple[str, ...], paths: Iterable[Path]) -> Iterator[Reading]:
    """Of each kind the best open path alone: a member names many addresses, kinds are seven."""
    by_kind: dict[str, list[Path]] = {}
    for path in paths:
        if path.proven:
            by_kind.setdefault(str(path.candidate.kind), []).append(path)
    for kind, found in by_kind.items():
        yield Reading("lanrage_path_open", (*who, kind), float(len(found)))
        yield from _quality("lanrage_path_", (*who, kind), min(found, key=lambda path: path.order))


def _quality(prefix: str, labels: tuple[str, ...], path: Path) -> Iterator[Reading]:
    quality = path.quality
    rtt, score = quality.rtt, quality.score
    if rtt is None or score is None:
        return
    yield Reading(prefix + "rtt_seconds", labels, rtt)
    yield Reading(prefix + "jitter_seconds", labels, quality.jitter)
    yield Reading(prefix + "loss_ratio", labels, quality.loss)
    yield Reading(prefix + "quality_score", labels, score)


def lan(session: PartySession | None) -> Iterator[Reading]:
    """The LAN plane and the party firewall."""
    if session is None:
        return
    counted = session.lan.counters() if session.lan is not None else {}
    if session.guarding is not None:
        counted |= session.guarding.counters()
    for name, value in counted.items():
        if name in NAMED:
            yield Reading(NAMED[name], (), float(value))
        elif name in STANDING:
            yield Reading("lanrage_lan_standing", (name,), float(value))
        elif name.startswith(REASON) and name != SUM:
            yield Reading("lanrage_lan_dropped_frames_total", (name.removeprefix(REASON),), float(value))
        elif name != SUM:
            yield Reading("lanrage_lan_events_total", (name,), float(value))
    if session.lan is not None and session.links is not None:
        for link in session.links.peers.values():
            certificate = link.member.certificate
            carried = session.lan.carried_bytes(certificate.ip)
            yield Reading("lanrage_peer_lan_bytes_total", (certificate.address,), float(carried))
