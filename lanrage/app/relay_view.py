"""What the node shows of relays: plain values of its parts, in the shapes of :mod:`lanrage.app.relay_results`."""

from __future__ import annotations

from lanrage.app.relay_links import RelayLinks
from lanrage.app.relay_pair import RelayPair
from lanrage.app.relay_places import Place
from lanrage.app.relay_results import Health, RelayMemberShown, RelayPlaceShown, RelayShown, RelaysShown
from lanrage.core.relay_choice import Judged, reason
from lanrage.core.relay_distance import Distance
from lanrage.core.relay_registry import OVERLOADED


def relays(party_id: str, links: RelayLinks, own_key: bytes) -> RelaysShown:
    """All relays, and the order of them for each member.

    :param own_key: this node's WireGuard key.
    """
    distances = links.distances()
    shown = [_relay(place, distances.get(place.relay_id), links) for place in links.places]
    pairs = sorted(links.pairs.values(), key=lambda pair: pair.link.member.certificate.ip)
    return RelaysShown(party_id, links.region, shown, [_member(pair, links, own_key) for pair in pairs])


def _relay(place: Place, distance: Distance | None, links: RelayLinks) -> RelayShown:
    cooling = links.cooling(place.relay_id)
    bound = sum(1 for pair in links.pairs.values() if (seat := pair.seats.get(place.relay_id)) and seat.bound)
    return RelayShown(
        place.relay_id,
        place.address,
        place.info.region,
        place.info.load,
        _health(place, distance, cooling),
        distance.rtt_ms if distance is not None else None,
        round(100 * distance.loss, 1) if distance is not None else 0.0,
        bound,
        round(cooling, 1),
    )


def _health(place: Place, distance: Distance | None, cooling: float) -> Health:
    if place.info.draining:
        return "draining"
    if cooling:
        return "cooling"
    if distance is None:
        return "unknown"
    if distance.rtt_ms is None:
        return "silent"
    return "overloaded" if place.info.load >= OVERLOADED else "up"


def _member(pair: RelayPair, links: RelayLinks, own_key: bytes) -> RelayMemberShown:
    certificate = pair.link.member.certificate
    rows = [_place(row, pair, links) for row in pair.judged]
    return RelayMemberShown(certificate.name, certificate.address, own_key < pair.link.peer_key, rows)


def _place(row: Judged, pair: RelayPair, links: RelayLinks) -> RelayPlaceShown:
    seat = pair.seats.get(row.relay_id)
    cooling = links.cooling(row.relay_id)
    why = f"cooling down: {cooling:.0f} s left after a failure" if cooling else reason(row, pair.judged, pair.wanted)
    return RelayPlaceShown(
        row.relay_id,
        round(row.sum_ms, 1) if row.sum_ms is not None else None,
        round(row.cost, 1),
        row.relay_id in pair.wanted,
        seat is not None and seat.bound,
        seat is not None and seat.usable,
        seat is not None and pair.link.plan.active == seat.port,
        why,
    )
