"""The relay ports of a party's pairs: tickets fetched and renewed, plans told, all given back."""

from __future__ import annotations

from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.links import Links
from lanrage.app.relay_links import RelayLinks
from lanrage.app.relay_pair import TICKET_RENEWAL, TICKET_RETRY
from lanrage.core.candidates import Candidate
from lanrage.core.identity import AgreementKey, NodeKeys, fingerprint
from lanrage.core.links import Endpoint
from lanrage.core.relay_choice import Weights
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_talk import RelayTalk
from lanrage.core.tickets import Ticket, issue, pair_of
from lanrage.errors import Refused
from lanrage.wire.control import RelayInfo
from lanrage.wire.relay_binding import RelayBinding
from tests.core.relay_world import PARTY, RELAY, SERVER, WALL, MemoryRelay, holder, wireguard

HOST, PORT = "192.0.2.1", 51820
ANNA = NodeKeys(holder("anna"), AgreementKey(b"a" * 32))
PORTS = RelayInfo(RELAY, 7800, 7801)
LIFE = 3600


@attrs.define(eq=False)
class Link:
    """What is told to one pair's plan."""

    name: str
    told: list[tuple[Endpoint, bool]] = attrs.field(factory=list)
    relay_talk: RelayTalk = attrs.field(factory=RelayTalk)
    offers: int = 0
    operation: str = "join-1"

    @property
    def peer_id(self) -> str:
        """The member's fingerprint."""
        return fingerprint(self.identity).hex()

    @property
    def identity(self) -> bytes:
        """The member's identity."""
        return holder(self.name).public

    @property
    def peer_key(self) -> bytes:
        """The member's WireGuard key."""
        return wireguard(self.name)

    def offer(self) -> None:
        """Send our candidates, and what we say of relays."""
        self.offers += 1

    def way(self, candidate: Candidate, usable: bool) -> None:
        """The plan's input."""
        self.told.append((candidate.endpoint, usable))


@attrs.define
class Peers:
    """The links of a party."""

    peers: dict[bytes, Link] = attrs.field(factory=dict)


class RelayLinksTests(SynchronousTestCase):
    """Anna's end of her pairs; the relay is in memory, the other ends are the test's."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.relay = MemoryRelay()
        self.around = Peers()
        self.fetched: list[bytes] = []
        self.others: list[tuple[Line, RelayBinding]] = []
        self.refuse: Exception | None = None
        self.signer = SERVER
        self.relays = self.node(ANNA, self.send, self.around)

    def node(self, keys: NodeKeys, send: Any, around: Peers) -> RelayLinks:
        """The thing under test."""
        return RelayLinks(self.clock, keys, send, cast(Links, around), self.fetch, bytes)

    def fetch(self, identity: bytes) -> Deferred[bytes]:
        """The control server's answer."""
        self.fetched.append(identity)
        if self.refuse is not None:
            return fail(self.refuse)
        other = next(link for link in self.around.peers.values() if link.identity == identity)
        pair = pair_of(ANNA.wireguard.public, other.peer_key)
        expires = int(WALL + self.relay.now - 1000.0 + LIFE)
        return succeed(issue(Ticket(PARTY, ANNA.identity.public, pair, expires), self.signer))

    def send(self, payload: bytes, to: Endpoint) -> None:
        """Anna to the relay, and its answers back, in no time but not at once."""
        for line, answer in self.relay.datagram(Line(HOST, PORT, to.port), payload):
            if line.host == HOST:
                self.clock.callLater(0, self.relays.received, answer, Endpoint(RELAY, line.local))

    def wait(self, seconds: float) -> None:
        """Both clocks go on, and the other ends refresh."""
        for _ in range(int(seconds * 10)):
            self.relay.now += 0.1
            self.clock.advance(0.1)
            for line, binding in self.others:
                self.speak(line, binding, binding.tick(self.relay.now))

    def join(self, *names: str) -> list[Link]:
        """Members come."""
        links = [Link(name) for name in names]
        self.around.peers |= {link.identity: link for link in links}
        self.relays.follow()
        return links

    def present(self, name: str, number: int) -> None:
        """The other end binds, from its own address."""
        pair = pair_of(ANNA.wireguard.public, wireguard(name))
        blob = issue(Ticket(PARTY, holder(name).public, pair, int(WALL + 9 * LIFE)), SERVER)
        binding = RelayBinding(blob, pair, holder(name).sign, Endpoint(RELAY, 7800))
        line = Line("198.51.100.2", 4000 + number, 7800)
        self.others.append((line, binding))
        self.speak(line, binding, binding.start(self.relay.now))

    def speak(self, line: Line, binding: RelayBinding, datagrams: list[bytes]) -> None:
        """From another end to the relay, until there is nothing more to say."""
        while datagrams:
            answers = [each for datagram in datagrams for each in self.relay.datagram(line, datagram)]
            datagrams = [more for to, each in answers if to == line for more in binding.receive(each, self.relay.now)]
            for to, each in answers:
                if to.host == HOST:
                    self.relays.received(each, Endpoint(RELAY, to.local))

    def stop(self) -> None:
        """Nothing is left, here and there."""
        self.relays.stop()
        self.assertEqual(self.relays.bound, 0)
        self.clock.advance(0)  # what was on its way
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_each_peer_has_a_port_of_its_own(self) -> None:
        """And its plan hears of it when the other end is there, too; a third peer finds no port left."""
        self.relays.use((PORTS,))
        ben, carl, _ = self.join("ben", "carl", "dora")
        self.wait(0.3)
        self.assertEqual((self.relays.bound, len(self.fetched)), (2, 2))
        self.present("carl", 1)
        self.assertEqual((ben.told, carl.told), ([], [(Endpoint(RELAY, 7801), True)]))
        self.stop()
        self.assertEqual(carl.told[-1], (Endpoint(RELAY, 7801), False))

    def test_prefer(self) -> None:
        """Other weights count at once, for the pairs that are there and for those to come."""
        self.relays.use((PORTS,))
        self.join("ben")
        self.relays.prefer("eu", Weights(load=7.0))
        self.join("carl")
        self.assertEqual((self.relays.region, self.relays.weights), ("eu", Weights(load=7.0)))
        self.assertEqual([pair.chooser.weights.load for pair in self.relays.pairs.values()], [7.0, 7.0])
        self.stop()

    def test_who_leaves_gives_the_port_back(self) -> None:
        """For the next one; the relay's binding ends at once."""
        self.relays.use((PORTS,))
        ben, _ = self.join("ben", "carl")
        self.wait(0.3)
        del self.around.peers[ben.identity]
        self.relays.follow()
        self.assertEqual(len(self.relay.table), 1)
        self.join("dora")
        self.wait(0.3)
        self.assertEqual(self.relays.bound, 2)
        self.stop()
        self.assertEqual(len(self.relay.table), 0)

    def test_no_ticket_is_asked_for_again(self) -> None:
        """After a while, as long as it takes."""
        self.refuse = Refused("no_relay", "none")
        self.relays.use((PORTS,))
        self.join("ben")
        self.wait(TICKET_RETRY + 0.2)
        self.assertEqual(len(self.fetched), 2)
        self.refuse = None
        self.wait(TICKET_RETRY + 0.2)
        self.assertEqual(self.relays.bound, 1)
        self.stop()

    def test_a_refused_ticket_is_replaced(self) -> None:
        """A control server with a new key, for example."""
        self.signer = holder("mallory")
        self.relays.use((PORTS,))
        self.join("ben")
        self.wait(0.3)
        self.signer = SERVER
        self.wait(TICKET_RETRY + 0.2)
        self.assertEqual((self.relays.bound, len(self.fetched)), (1, 2))
        self.stop()

    def test_tickets_are_renewed_without_a_gap(self) -> None:
        """The plan hears nothing of it, hours after the first one ended."""
        self.relays.use((PORTS,))
        [ben] = self.join("ben")
        self.wait(0.3)
        self.present("ben", 1)
        self.wait(4 * (TICKET_RENEWAL + 1))
        self.assertEqual(len(self.fetched), 5)
        self.assertEqual(ben.told, [(Endpoint(RELAY, 7800), True)])
        self.assertEqual(self.relay.table.counters.bound, 6)
        self.stop()
