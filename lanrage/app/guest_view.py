"""What a node shows of guests, and where they could call."""

from __future__ import annotations

from typing import Any

from lanrage.app.guest_results import GuestShown
from lanrage.app.guest_serving import GuestServing
from lanrage.app.guest_session import SessionGuests
from lanrage.app.ledger_view import name_of
from lanrage.app.links import Links
from lanrage.app.party_session import PartySession
from lanrage.core.guest_config import Door, choose_door
from lanrage.core.links import PeerStatus
from lanrage.core.party_guests import Guest
from lanrage.core.replica import PartyReplica

NOT_SERVED = "its member's node serves no guests (guests.serve is deny there)"


def door_of(links: Links, identity: bytes) -> Door | None:
    """Where a member is best reached: this node by what it offers, another by the ways that this node knows of."""
    link = links.peers.get(identity)
    if link is None:
        return choose_door(links.candidates(), links.nat)
    paths = link.plan.paths.values()
    return choose_door(tuple(path.candidate for path in paths), link.peer_nat)


def able(links: Links, serving: GuestServing | None) -> set[bytes]:
    """Identities of members who are there, say that they serve guests, and can be reached from anywhere."""
    ready = {who for who, link in links.peers.items() if link.ready and serving is not None and serving.of(who)}
    doors = {who: door_of(links, who) for who in ready}
    return {who for who, door in doors.items() if door is not None and not door.doubt}


async def peers_of(session: PartySession | None) -> dict[bytes, PeerStatus]:
    """WireGuard's peers by key; none without a session."""
    if session is None or session.tunnel is None:
        return {}
    return (await session.tunnel.status()).peers


def listed(guests: SessionGuests | None) -> list[tuple[Guest, str]]:
    """All guests that have not ended by address, with why they take no part."""
    if guests is None:
        return []
    serving = guests.serving

    def rests(guest: Guest) -> str:
        return NOT_SERVED if serving is not None and serving.of(guest.server) is False else ""

    both = [*((guest, rests(guest)) for guest in guests.known), *guests.resting]
    return sorted(both, key=lambda each: each[0].address)


def shown(guest: Guest, why: str, replica: PartyReplica, own: bytes, peer: PeerStatus | None, now: float) -> GuestShown:
    """A guest for the user.

    :param why: it rests.
    :param own: this node's identity.
    :param peer: what WireGuard here knows of it.
    :param now: seconds since the epoch, of this machine's clock.
    """
    here: dict[str, Any] = {}
    if peer is not None and guest.server == own:
        seen = max(0.0, now - peer.latest_handshake) if peer.latest_handshake else None
        here = {"seen_s": seen, "received_bytes": peer.rx_bytes, "sent_bytes": peer.tx_bytes}
    server = name_of(replica, guest.server)
    return GuestShown(
        guest.name, str(guest.address), server, float(guest.expires), guest.server == own, resting=why, **here
    )
