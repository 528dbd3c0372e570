"""The relay over TCP as a party's session uses it: opened when UDP is silent, given up when it is not needed."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError

from lanrage.app.links import Links
from lanrage.app.relay_links import RelayLinks
from lanrage.app.relay_names import RelayNames
from lanrage.app.relay_tcp import LINGER, LOOK_INTERVAL, REDIAL_LAST, Door, RelayTcp
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.identity import AgreementKey, NodeKeys, fingerprint
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.path import Path
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_talk import RelayTalk
from lanrage.core.tcp_need import GIVE_UP, HOLD, PATIENCE
from lanrage.core.tickets import Ticket, issue, pair_of
from lanrage.net.control_client import Dialling
from lanrage.net.relay_tcp_client import OPEN_TIMEOUT, dial
from tests.core.relay_world import PARTY, SERVER, WALL, holder, wireguard
from tests.log_tape import start_tape
from tests.net.relay_tcp_world import ADDRESS, GAME, NAMED, PIN, RelayTcpCase

ANNA = NodeKeys(holder("anna"), AgreementKey(b"a" * 32))
OWN = ("192.0.2.77", 51820)
"""Anna's address as the relay sees it by UDP, when UDP comes through."""


@attrs.define(eq=False)
class Plan:
    """What RelayTcp reads of a pair's plan."""

    peer_session: bytes | None = b"life one"
    paths: dict[Endpoint, Path] = attrs.field(factory=dict)

    def proven(self, kind: CandidateKind, host: str = "198.51.100.2") -> None:
        """Another way is open."""
        endpoint = Endpoint(host, 1)
        path = self.paths[endpoint] = Path(Candidate(kind, endpoint), 0.0)
        path.sent(b"ping", 0.0)
        path.pong(b"ping", 0.01)


@attrs.define(eq=False)
class Link:
    """One member's link."""

    name: str
    plan: Plan = attrs.field(factory=Plan)
    relay_talk: RelayTalk = attrs.field(factory=RelayTalk)
    operation: str = ""
    told: list[tuple[CandidateKind, bool]] = attrs.field(factory=list)
    endpoints: list[Endpoint] = attrs.field(factory=list)

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
        """Nobody hears it."""

    def way(self, candidate: Candidate, usable: bool) -> None:
        """The plan's input."""
        self.told.append((candidate.kind, usable))
        self.endpoints.append(candidate.endpoint)


@attrs.define
class Around:
    """The links of a party."""

    peers: dict[bytes, Link] = attrs.field(factory=dict)
    nat: NatKind = NatKind.UNKNOWN
    listen_port: int = 51820


@attrs.define(eq=False)
class Loopback:
    """A loopback port, in memory."""

    endpoint: Endpoint
    heard: Any
    got: list[bytes] = attrs.field(factory=list)
    closed: bool = False

    def deliver(self, datagram: bytes) -> None:
        """To WireGuard."""
        self.got.append(datagram)

    def close(self) -> None:
        """Close it."""
        self.closed = True


class RelayTcpTests(RelayTcpCase):
    """Anna, behind a router that may let no UDP through, and Bert, who is bound by UDP."""

    def setUp(self) -> None:
        """Bert is Anna's only peer; no UDP of hers arrives."""
        super().setUp()
        self.around, self.bert_link = Around(), Link("bert")
        self.around.peers[self.bert_link.identity] = self.bert_link
        self.open_udp, self.door = False, True
        self.ports: list[Loopback] = []
        self.no_ports = False
        links = cast(Links, self.around)
        self.udp = RelayLinks(self.clock, ANNA, self.by_udp, links, self.fetch, bytes)
        how = Dialling(self.net.endpoint)
        self.tcp = RelayTcp(
            self.clock, ANNA, links, self.udp, self.fetch, bytes,
            door=lambda: Door(ADDRESS, PIN) if self.door else None,
            connect=partial(dial, how=how), loopback=self.loopback,
        )  # fmt: skip
        pair = pair_of(ANNA.wireguard.public, wireguard("bert"))
        blob = issue(Ticket(PARTY, holder("bert").public, pair, int(WALL + 9000)), SERVER)
        self.bert.binding = attrs.evolve(self.bert.binding, ticket=blob, pair=pair)
        self.udp.use((NAMED,))
        self.tcp.use((NAMED,))
        self.addCleanup(self.end)

    def end(self) -> None:
        """After the stop nothing is left."""
        self.tcp.stop()
        self.udp.stop()
        self.net.settle()
        self.assertTrue(all(port.closed for port in self.ports))
        self.gone()

    def fetch(self, identity: bytes) -> Deferred[bytes]:
        """The control server's answer."""
        link = self.around.peers[identity]
        pair = pair_of(ANNA.wireguard.public, link.peer_key)
        return succeed(issue(Ticket(PARTY, ANNA.identity.public, pair, int(WALL + 9000)), SERVER))

    def by_udp(self, datagram: bytes, relay: Endpoint) -> None:
        """From WireGuard's own port, past Anna's router or not."""
        if not self.open_udp:
            return
        answers = self.clock.relay.datagram(Line(*OWN, relay.port), datagram)
        self.clock.carry([each for each in answers if each[0].host != OWN[0]])
        for line, answer in answers:
            if line.host == OWN[0]:
                self.clock.callLater(0, self.udp.received, answer, Endpoint(NAMED.host, line.local))

    def loopback(self, reactor: Any, wireguard_port: int, heard: Any) -> Any:
        """A port on loopback."""
        self.assertEqual((self.clock, 51820), (reactor, wireguard_port))
        if self.no_ports:
            raise CannotListenError("127.0.0.1", 0, OSError("none left"))
        self.ports.append(Loopback(Endpoint("127.0.0.1", 40000 + len(self.ports)), heard))
        return self.ports[-1]

    def wait(self, seconds: float) -> None:
        """Time passes for all."""
        for _ in range(round(seconds * 20)):
            self.clock.relay.now += 0.05
            self.net.settle(0.05)
            told = [each for each in self.clock.bert if each.startswith(b"LRRL")]
            self.clock.bert[:] = [each for each in self.clock.bert if each not in told]
            now = self.clock.relay.now
            answers = [answer for each in told for answer in self.bert.binding.receive(each, now)]
            self.to_relay([*answers, *self.bert.binding.tick(now)])
            self.net.settle()

    def bert_comes(self) -> None:
        """Bert binds by UDP."""
        self.to_relay(self.bert.binding.start(self.clock.relay.now))

    def joined(self) -> Loopback:
        """Anna and Bert meet over TCP."""
        self.bert_comes()
        self.wait(PATIENCE + 4 * LOOK_INTERVAL)
        self.assertEqual([(CandidateKind.RELAY_TCP, True)], self.bert_link.told)
        return self.ports[-1]

    def test_opens(self) -> None:
        """After a second of silence the pair has a way, which carries both directions; it counts as relayed. The relay
        hears by which operation."""
        self.bert_link.operation, tape = "join-1", start_tape(self)
        self.clock.relay.table.names = RelayNames(lambda: self.clock.relay.now)
        self.bert_comes()
        self.wait(PATIENCE - LOOK_INTERVAL)
        self.assertEqual(("idle", [], False), (self.tcp.state, self.bert_link.told, self.tcp.silent))
        port = self.joined()
        self.assertEqual(("open", 1, True), (self.tcp.state, self.tcp.peers, self.tcp.silent))
        self.assertTrue(self.tcp.is_relay(port.endpoint))
        self.assertFalse(self.tcp.is_relay(Endpoint("127.0.0.1", 1)))
        port.heard(GAME)
        self.to_relay([GAME + b"!"])
        self.net.settle()
        self.net.settle()
        self.assertEqual([GAME + b"!"], port.got)
        self.assertIn(GAME, self.clock.bert)
        self.assertEqual(0, self.tcp.dropped)
        bound = [line for line in tape.of("relay", "correlation_id") if line[2]]
        self.assertEqual([("info", "an end of a pair is bound at port {port}", "join-1")], bound)

    def test_at_once(self) -> None:
        """Where it is known that no UDP comes through, nothing is waited for."""
        self.around.nat = NatKind.BLOCKED
        self.bert_comes()
        self.wait(2 * LOOK_INTERVAL)
        self.assertEqual([(CandidateKind.RELAY_TCP, True)], self.bert_link.told)

    def test_udp_answers(self) -> None:
        """Where the relay answers by UDP, there is no connection."""
        self.open_udp = True
        self.bert_comes()
        self.wait(10.0)
        self.assertEqual([(CandidateKind.RELAY, True)], self.bert_link.told)
        self.assertEqual((0, []), (self.net.joined, self.ports))

    def test_reached_otherwise(self) -> None:
        """A peer on the same LAN needs no relay, and one that was never heard gets none."""
        self.bert_link.plan.proven(CandidateKind.LOCAL)
        self.wait(5.0)
        self.bert_link.plan.paths.clear()
        self.bert_link.plan.peer_session = None
        self.wait(5.0)
        self.assertEqual((0, "idle"), (self.net.joined, self.tcp.state))

    def test_udp_comes_back(self) -> None:
        """The binding by UDP takes over, and the one over TCP does not fight for it; the connection goes later."""
        self.joined()
        self.open_udp = True
        self.wait(2.0)
        self.tcp.look()
        self.assertTrue(self.udp.answers(self.bert_link.identity))
        self.assertIn((CandidateKind.RELAY_TCP, False), self.bert_link.told)
        self.assertEqual(
            (CandidateKind.RELAY, True), [t for t in self.bert_link.told if t[0] == CandidateKind.RELAY][-1]
        )
        self.assertEqual(0, self.tcp.peers)
        self.wait(LINGER + 1.0)
        self.assertEqual(("idle", 0), (self.tcp.state, self.bridges.guests.count))
        self.assertTrue(self.udp.answers(self.bert_link.identity))

    def test_udp_ends(self) -> None:
        """A peer that is reached no more makes us ask the relay, and its silence leads to TCP within two seconds."""
        self.open_udp = True
        self.bert_comes()
        self.bert_link.plan.proven(CandidateKind.PEER)
        self.wait(5.0)
        self.open_udp = False
        self.bert_link.plan.paths.clear()
        self.wait(2.0)
        self.assertEqual(1, self.tcp.peers)
        self.assertEqual((CandidateKind.RELAY_TCP, True), self.bert_link.told[-1])

    def test_a_direct_path(self) -> None:
        """A direct path ends the need, after a while."""
        self.joined()
        self.bert_link.plan.proven(CandidateKind.LOCAL)
        self.wait(HOLD - 1.0)
        self.assertEqual(1, self.tcp.peers)
        self.wait(1.5)
        self.assertEqual((0, (CandidateKind.RELAY_TCP, False)), (self.tcp.peers, self.bert_link.told[-1]))
        self.assertFalse(self.bert.binding.usable)

    def test_nobody_answers(self) -> None:
        """A peer that does not come to the relay holds no connection for ever."""
        self.wait(5.0)
        self.assertEqual("open", self.tcp.state)
        self.wait(GIVE_UP + LINGER)
        self.assertEqual(("idle", [], 0), (self.tcp.state, self.bert_link.told, self.bridges.guests.count))

    def test_connection_lost(self) -> None:
        """With the connection the way is gone; another is dialled."""
        self.joined()
        next(iter(self.factory.connections)).cut()
        self.net.settle()
        self.assertEqual((CandidateKind.RELAY_TCP, False), self.bert_link.told[-1])
        self.assertIn("closed the connection", self.tcp.trouble)
        self.wait(3.0)
        self.assertEqual(((CandidateKind.RELAY_TCP, True), ""), (self.bert_link.told[-1], self.tcp.trouble))
        self.assertEqual([True, False], [port.closed for port in self.ports])

    def test_no_server(self) -> None:
        """A server that cannot be reached is tried again, ever more seldom; with no control link, not at all."""
        self.door = False
        self.wait(5.0)
        self.assertEqual(([], "waiting"), (self.net.dialled, self.tcp.state))
        self.door = True
        del self.net.servers[ADDRESS]
        self.wait(25.0)
        times = [at for at, _ in self.net.dialled]
        gaps = [b - a for a, b in pairwise(times)]
        self.assertEqual(sorted(gaps), gaps)
        self.assertLess(len(times), 8)
        self.assertLessEqual(max(gaps), REDIAL_LAST)
        self.assertIn("cannot be reached", self.tcp.trouble)

    def test_a_server_without(self) -> None:
        """A server that offers no relay over TCP is named in the trouble."""
        self.factory.bridges = None
        self.wait(3.0)
        self.assertIn("no relay over TCP", self.tcp.trouble)

    def test_stopped_while_dialling(self) -> None:
        """The stop ends a try."""
        self.net.silent.add(ADDRESS)
        self.wait(2.0)
        self.assertEqual("connecting", self.tcp.state)
        self.tcp.stop()
        self.assertEqual("waiting", self.tcp.state)
        self.net.settle(OPEN_TIMEOUT)  # the memory's transport does not tell that it was cut

    def test_no_port(self) -> None:
        """Where there is no port on loopback, there is no way, and nothing else breaks."""
        self.no_ports = True
        self.bert_comes()
        self.wait(3.0)
        self.assertEqual(([], 0), (self.bert_link.told, self.tcp.peers))

    def test_member_leaves(self) -> None:
        """A member that is gone is told nothing more, and its port is closed."""
        port = self.joined()
        self.around.peers.clear()
        self.udp.follow()
        self.wait(1.0)
        self.assertEqual((True, 1, 0), (port.closed, len(self.bert_link.told), self.tcp.peers))

    def test_moved(self) -> None:
        """An address that this machine does not use any more ends the connection at once, and another is dialled."""
        self.joined()
        self.tcp.moved()  # the connection's address in memory is none of this machine's
        self.net.settle()
        self.wait(1.0)
        self.assertEqual(2, self.net.joined)
        self.assertEqual((CandidateKind.RELAY_TCP, True), self.bert_link.told[-1])
