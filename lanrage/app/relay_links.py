"""The relays of a party's pairs: which ones each pair uses, chosen by both ends' distances, and their seats there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.app.relay_pair import RelayPair, Surroundings
from lanrage.app.relay_places import Place, RelayPlaces
from lanrage.app.relay_seat import RelaySeat
from lanrage.app.relay_watch import RelayWatch
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.identity import NodeKeys
from lanrage.core.links import Endpoint
from lanrage.core.relay_choice import SEATS, Chooser, CoolDown, Weights, judge
from lanrage.core.relay_distance import Distance
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay import MAGIC

LOOK_INTERVAL = 2.0
"""Seconds between looks whether another relay is better, or one does not answer."""


def by_udp(link: PeerLink, port: Endpoint, usable: bool) -> None:
    """Tell a pair's plan of a relay's port that WireGuard itself can send to."""
    link.way(Candidate(CandidateKind.RELAY, port), usable)


class RelayLinks:
    """Binds ports of the chosen relays for each peer.

    :param send: from WireGuard's port.
    :param fetch_ticket: ``(identity of the member)``, through the control server.
    :param way: tells a pair's plan that a port became usable, or ceased to be.
    :ivar weights: of this end's choices; :meth:`prefer` changes them later.
    :ivar region: of relays that it prefers.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        keys: NodeKeys,
        send: Callable[[bytes, Endpoint], None],
        links: Links,
        fetch_ticket: Callable[[bytes], Deferred[bytes]],
        random: Callable[[int], bytes],
        way: Callable[[PeerLink, Endpoint, bool], None] = by_udp,
    ) -> None:
        self.weights, self.region = Weights(), ""
        self._reactor = reactor
        self._keys = keys
        self._links = links
        self._by_port: dict[Endpoint, RelaySeat] = {}
        self._around = Surroundings(reactor, keys, send, fetch_ticket, way, self._failed, self._by_port)
        self._places = RelayPlaces(reactor, self._choose_all)
        self._watch = RelayWatch(reactor, send, self._choose_all, random)
        self._cooling = CoolDown()
        self._pairs: dict[bytes, RelayPair] = {}
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor
        self._choosing = False

    # --- inputs -------------------------------------------------------------------------------------------------------

    def use(self, relays: tuple[RelayInfo, ...]) -> None:
        """Choose among these from now on."""
        self._places.use(relays)
        self.follow()

    def follow(self) -> None:
        """Bind for new peers, let go of those who left."""
        for identity in [key for key, pair in self._pairs.items() if self._links.peers.get(key) is not pair.link]:
            self._drop(identity)
        for identity, link in self._links.peers.items():
            if identity not in self._pairs:
                self._pairs[identity] = RelayPair(link, self._around, Chooser(self.weights))
                link.relay_talk.on_heard = self._choose_all
        self._choose_all()

    def prefer(self, region: str, weights: Weights) -> None:
        """Choose by these from now on; all pairs are judged anew."""
        self.region, self.weights = region, weights
        for pair in self._pairs.values():
            pair.chooser.weights = weights
        self._choose_all()

    def moved(self) -> None:
        """This machine's addresses changed: each binding is asked after at once, and distances are measured anew."""
        for pair in self._pairs.values():
            pair.moved()
        self._watch.moved()

    def received(self, payload: bytes, source: Endpoint) -> bool:
        """Bytes came in at WireGuard's port; false when they are nothing that a relay says to us."""
        if not payload.startswith(MAGIC):
            return self._watch.received(payload, source)
        seat = self._by_port.get(source)
        if seat is not None:
            seat.received(payload)
        return True

    def stop(self) -> None:
        """Give all ports back."""
        if self._loop.running:
            self._loop.stop()
        self._places.stop()
        self._watch.stop()
        for identity in list(self._pairs):
            self._drop(identity)

    # --- what it knows ------------------------------------------------------------------------------------------------

    def is_relay(self, endpoint: Endpoint) -> bool:
        """Whether packets from there came by a relay."""
        return endpoint in self._by_port or self._places.covers(endpoint)

    @property
    def address(self) -> str:
        """The first relay, for status; empty without one."""
        return next((place.address for place in self._places.all()), "")

    @property
    def places(self) -> list[Place]:
        """The relays whose address is known."""
        return self._places.all()

    @property
    def pairs(self) -> dict[bytes, RelayPair]:
        """By the member's identity."""
        return self._pairs

    @property
    def bound(self) -> int:
        """How many ports relays hold for us."""
        return sum(1 for seat in self._by_port.values() if seat.bound)

    def held(self) -> list[tuple[str, bool]]:
        """Each relay's address, and whether it holds a port for us."""
        bound = {seat.relay_id for seat in self._by_port.values() if seat.bound}
        return [(place.address, place.relay_id in bound) for place in self._places.all()]

    @property
    def ports(self) -> set[Endpoint]:
        """The relays' ports that are in use."""
        return set(self._by_port)

    def ticket(self, identity: bytes) -> bytes:
        """The ticket in use for the pair with this member; empty = none."""
        pair = self._pairs.get(identity)
        return pair.ticket if pair is not None else b""

    @property
    def asking(self) -> bool:
        """Some port was asked for."""
        return any(seat.asking for seat in self._by_port.values())

    def answers(self, identity: bytes | None = None) -> bool:
        """Whether a relay holds a port for the pair with this member (with any), and answers there."""
        pairs = [pair for key, pair in self._pairs.items() if identity in (None, key)]
        return any(seat.answered for pair in pairs for seat in pair.seats.values())

    def look(self) -> Callable[[], dict[str, bool | None]]:
        """Ask all relays now; the result tells which have answered since, by address, ``None`` = it was not asked.

        One that does not answer such questions, an old one, is there while it answers at its ports.
        """
        since = self._reactor.seconds()
        self._watch.look()

        def answered() -> dict[str, bool | None]:
            heard = self._watch.heard()
            seated = {seat.relay_id for seat in self._by_port.values() if seat.answered}
            found: dict[str, bool | None] = dict.fromkeys((place.address for place in self._places.all()), None)
            for place in self._places.all():
                if place.relay_id in heard:
                    last, cool = heard[place.relay_id], self.cooling(place.relay_id)
                    old = last is None and place.relay_id in seated and not cool
                    found[place.address] = old or (last is not None and last >= since)
            return found

        return answered

    def cooling(self, relay_id: str) -> float:
        """Seconds that a relay is left alone after it failed."""
        return self._cooling.left(relay_id, self._reactor.seconds())

    def distances(self) -> dict[str, Distance]:
        """This node's to all relays, as the members are told.

        A relay that holds a binding of ours is there, whether it answers STUN or not: an old one does not.
        """
        now, measured = self._reactor.seconds(), self._watch.distances()
        held = {seat.relay_id for seat in self._by_port.values() if seat.answered}
        found: dict[str, Distance] = {}
        for place in self._places.all():
            distance, failed = measured.get(place.relay_id), self._cooling.left(place.relay_id, now) > 0
            if distance is None or (distance.rtt_ms is None and place.relay_id in held):
                continue
            found[place.relay_id] = Distance(distance.rtt_ms, distance.loss, failed)
        return found

    # --- within -------------------------------------------------------------------------------------------------------

    def _failed(self, relay_id: str) -> None:
        self._cooling.failed(relay_id, self._reactor.seconds())
        self._choose_all()

    def _look(self) -> None:
        now = self._reactor.seconds()
        for pair in list(self._pairs.values()):
            pair.look(now)
        self._choose_all()

    def _choose_all(self) -> None:
        """Choose for each pair; what the choice itself sets off does not choose again."""
        if self._choosing:
            return
        self._choosing = True
        try:
            self._cooling.keep(place.relay_id for place in self._places.all())
            mine = self.distances()
            for pair in list(self._pairs.values()):
                self._choose(pair, mine)
        finally:
            self._choosing = False
        places = self._places.all() if self._pairs else []
        self._watch.use(places)
        if places and not self._loop.running:
            self._loop.start(LOOK_INTERVAL, now=False)
        elif not places and self._loop.running:
            self._loop.stop()

    def _choose(self, pair: RelayPair, mine: dict[str, Distance]) -> None:
        places, talk = self._places.all(), pair.link.relay_talk
        ending = {seat.relay_id for seat in self._by_port.values() if seat.draining}
        relays = [evolve(place.relay, draining=True) if place.relay_id in ending else place.relay for place in places]
        keys = b"".join(pair.pair)
        pair.judged = judge(relays, mine, talk.theirs, keys, self.weights, self.region)
        own = pair.chooser.update(pair.judged, self._reactor.seconds())
        decides = self._keys.wireguard.public < pair.link.peer_key
        seats = own if decides else self._follow(talk.their_seats, own)
        pair.sit([place for place in map(self._places.get, seats) if place is not None])
        news = len(places) > 1 and _tell(talk.mine, mine)
        if news or not talk.mine:
            talk.mine = mine
        if decides and talk.seats != own:
            talk.seats, news = own, news or len(places) > SEATS
        if news:
            pair.link.offer()

    def _follow(self, told: Iterable[str], own: tuple[str, ...]) -> tuple[str, ...]:
        """The other end's choice, as far as those relays are known here; our own where it is not heard."""
        known = [relay_id for relay_id in told if self._places.get(relay_id) is not None]
        return tuple(dict.fromkeys([*known, *own]))[:SEATS]

    def _drop(self, identity: bytes) -> None:
        pair = self._pairs.pop(identity)
        pair.link.relay_talk.on_heard = _nothing
        pair.stop(known=self._links.peers.get(identity) is pair.link)


def _tell(before: dict[str, Distance], now: dict[str, Distance]) -> bool:
    """Whether the other end should hear of our distances now."""
    if before.keys() != now.keys():
        return True
    return any(now[relay_id].differs(distance) for relay_id, distance in before.items())


def _nothing() -> None:
    return None
