"""What the node shows of itself: plain values of its parts, in the shapes of :mod:`lanrage.app.results`."""

from __future__ import annotations

from typing import Literal

import attrs

from lanrage import __version__
from lanrage.app import bridge_node, games_view, ledger_view, ready_view
from lanrage.app.doctor import collect_local
from lanrage.app.machinery import Devices
from lanrage.app.nat_watch import NatWatch
from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.app.path_kind import path_kind
from lanrage.app.relay_links import RelayLinks
from lanrage.app.results import (
    CardShown,
    ControlShown,
    Joined,
    MemberShown,
    NatShown,
    PartyName,
    PartyShown,
    RelayTcpShown,
    StatusShown,
    TunnelShown,
    WebShown,
)
from lanrage.core.diagnosis import (
    CardFacts,
    ControlFacts,
    LocalFacts,
    MappingFacts,
    MemberFacts,
    NatFacts,
    NodeFacts,
    RelayFacts,
    TunnelFacts,
)
from lanrage.core.identity import fingerprint
from lanrage.core.ledger import Standing
from lanrage.core.links import TUNNEL_MTU, Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.party_prefix import member_address
from lanrage.core.path import Path
from lanrage.core.replica_changes import ReplicaMember


def party(life: PartyLife, now: float) -> PartyShown:
    """The party with the links to its members.

    :param now: seconds since the epoch.
    :raises Refused: ``not_in_party``.
    """
    saved, replica, _ = life.current()
    charter = replica.charter
    ledger = replica.ledger
    members = sorted(replica.members.values(), key=lambda entry: entry.member.certificate.ip)
    return PartyShown(
        replica.party_id,
        ledger.name if ledger is not None else "",
        charter.subnet if charter is not None else "",
        replica.revision,
        saved.my_name,
        [_member(entry, life, now) for entry in members],
        replica.epoch,
        charter.takeover if charter is not None else "never",
        ledger_view.alarms(replica),
        ready_view.shown(life),
    )


def entered(life: PartyLife) -> Joined:
    """What a founder or joiner is told first."""
    _, replica, _ = life.current()
    ledger, session = replica.ledger, life.session
    assert ledger is not None
    assert session is not None
    return Joined(replica.party_id, ledger.name, ledger.charter.subnet, str(session.address.ip), len(replica.members))


def status(life: PartyLife, missing: list[str], web: WebShown | None = None) -> StatusShown:
    """The node's state.

    :param missing: what it lacks, in sentences.
    :param web: the page beside it.
    """
    link, session, replica = life.link, life.session, life.replica
    ledger = replica.ledger if replica is not None else None
    return StatusShown(
        __version__,
        state(life),
        ControlShown(link.client.address, link.client.connected) if link is not None else None,
        _tunnel(session),
        _card(session),
        PartyName(ledger.charter.party_id, ledger.name) if ledger is not None else None,
        missing,
        _lan_counters(session),
        attrs.asdict(session.channel.counters) if session is not None and session.channel is not None else {},
        nat_shown(session.nat) if session is not None and session.nat is not None else None,
        _relay_tcp(session),
        attrs.asdict(session.punching.counters) if session is not None and session.punching is not None else {},
        _mapping(session),
        bridge_node.shown(session),
        games_view.sentences(life),
        games_view.tuning(life.games, session),
        web,
    )


def _lan_counters(session: PartySession | None) -> dict[str, int]:
    plane = session.lan.counters() if session is not None and session.lan is not None else {}
    return plane | (session.guarding.counters() if session is not None and session.guarding is not None else {})


def nat_shown(watch: NatWatch) -> NatShown:
    """What the node is behind."""
    found = watch.facts
    return NatShown(
        str(found.kind),
        str(found.mapping),
        str(found.filtering),
        found.hairpin,
        watch.lifetime,
        str(found.mapped) if found.mapped is not None else None,
        found.complete,
        round(watch.age, 1) if watch.age is not None else None,
    )


def state(life: PartyLife) -> str:
    """One word for what the node is at."""
    if life.saved is None:
        return "idle"
    if life.session is None:
        return "in-party-without-card"
    return "in-party" if life.link is not None and life.link.client.connected else "in-party-offline"


def local_facts(devices: Devices, port: int | None = None) -> LocalFacts:
    """The machine as this process sees it; blocks.

    :param port: WireGuard's, where this process does not hold it.
    """
    return collect_local((devices.tunnel, devices.card), port)


def facts(life: PartyLife, local: LocalFacts, missing: list[str], now: float) -> NodeFacts:
    """For the doctor."""
    session, link = life.session, life.link
    tunnel = _tunnel(session)
    control = None
    if link is not None:
        client = link.client
        control = ControlFacts(client.address, client.connected, client.failure or None, link.clock_offset)
    relays: list[RelayFacts] = []
    seen: tuple[Endpoint, ...] = ()
    if session is not None and session.relays is not None:
        relays = _relay_facts(session.relays)
    if session is not None and session.reflexive is not None:
        seen = session.reflexive.seen
    return NodeFacts(
        __version__,
        state(life),
        missing,
        local,
        TunnelFacts(tunnel.device, tunnel.kind, tunnel.port, _mtu(session)) if tunnel is not None else None,
        _card_facts(session),
        control,
        str(seen[0]) if seen else None,
        relays,
        _member_facts(life, now),
        _nat_facts(session),
        _udp_blocked(session),
        _mapping(session),
    )


def _mtu(session: PartySession | None) -> int:
    tuned = session.games.tuning if session is not None and session.games is not None else None
    return tuned.mtu if tuned is not None else TUNNEL_MTU


def _relay_facts(relays: RelayLinks) -> list[RelayFacts]:
    """One that holds a port for us answers; of another nobody knows."""
    distances, held = relays.distances(), dict(relays.held())
    found = []
    for place in relays.places:
        distance = distances.get(place.relay_id)
        rtt = distance.rtt_ms if distance is not None else None
        found.append(RelayFacts(place.address, held.get(place.address) or None, rtt))
    return found


def _nat_facts(session: PartySession | None) -> NatFacts | None:
    if session is None or session.nat is None:
        return None
    shown = nat_shown(session.nat)
    return NatFacts(shown.kind, shown.mapping, shown.filtering, shown.hairpin, shown.lifetime_s, shown.complete)


def _member(entry: ReplicaMember, life: PartyLife, now: float) -> MemberShown:
    certificate = entry.member.certificate
    me = entry.identity == life.keys.identity.public
    name, address, identity = certificate.name, certificate.address, fingerprint(entry.identity).hex()
    ledger = life.replica.ledger if life.replica is not None else None
    role = ledger.role(entry.identity) if ledger is not None else "member"
    standing: Literal["full", "provisional"] = "full" if entry.standing is Standing.FULL else "provisional"
    links = life.session.links if life.session is not None else None
    link = links.peers.get(entry.identity) if links is not None else None
    games = games_view.of_member(life.games, entry.identity, me)
    if link is None:
        online = entry.online or me
        return MemberShown(
            name, address, identity, online, me, "none", role=role, standing=standing, status=entry.status, games=games
        )
    seen = link.status
    return MemberShown(
        name,
        address,
        identity,
        entry.online,
        me,
        path_kind(link),
        rtt_ms=_milliseconds(link.plan.current),
        endpoint=str(link.plan.active) if link.plan.active is not None else None,
        handshake_age_s=max(0.0, now - seen.latest_handshake) if seen is not None and link.ready else None,
        rx_bytes=seen.rx_bytes if seen is not None else 0,
        tx_bytes=seen.tx_bytes if seen is not None else 0,
        join_to_path_ms=round(link.ready_after * 1000, 1) if link.ready_after is not None else None,
        moves=link.plan.moves,
        role=role,
        standing=standing,
        status=entry.status,
        games=games,
    )


def _milliseconds(path: Path | None) -> float | None:
    return round(path.rtt * 1000, 3) if path is not None and path.rtt is not None else None


def _tunnel(session: PartySession | None) -> TunnelShown | None:
    if session is None or session.tunnel is None:
        return None
    return TunnelShown(session.tunnel.name, session.tunnel.kind, session.listen_port)


def _relay_tcp(session: PartySession | None) -> RelayTcpShown | None:
    relay = session.relay_tcp if session is not None else None
    if relay is None or relay.state == "idle":
        return None
    return RelayTcpShown(relay.state, relay.peers, relay.dropped, relay.trouble)


def _udp_blocked(session: PartySession | None) -> bool:
    if session is None or session.links is None or session.relay_tcp is None:
        return False
    return session.links.nat is NatKind.BLOCKED or session.relay_tcp.silent


def _mapping(session: PartySession | None) -> MappingFacts | None:
    return session.mapping.facts() if session is not None and session.mapping is not None else None


def _card(session: PartySession | None) -> CardShown | None:
    if session is None:
        return None
    address = session.address.ip
    six = None if session.prefix is None else str(member_address(session.prefix, address))
    return CardShown(session.devices.card, str(address), six, session.without_ipv6)


def _card_facts(session: PartySession | None) -> CardFacts | None:
    card = _card(session)
    if card is None:
        return None
    counted = session.lan.counters() if session is not None and session.lan is not None else {}
    sockets, translated = counted.get("sockets_on_card", 0), counted.get("sockets_translated", 0)
    subnet = str(session.address.network) if session is not None else ""
    return CardFacts(card.name, card.address, sockets, translated, counted.get("routes_leased", 0), subnet)


def _member_facts(life: PartyLife, now: float) -> list[MemberFacts]:
    if life.replica is None:
        return []
    links = life.session.links.peers if life.session is not None and life.session.links is not None else {}
    found = []
    for entry in life.replica.members.values():
        m, link = _member(entry, life, now), links.get(entry.identity)
        if not m.me:
            resets = link.resets if link is not None else 0
            shown = (m.name, m.address, m.online, m.path, m.endpoint, m.rtt_ms, m.handshake_age_s)
            found.append(MemberFacts(*shown, resets=resets))
    return found
