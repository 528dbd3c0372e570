"""What a member with valid keys may not make another's links do."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Interface

import attrs
from twisted.logger import capturedLogs
from zope.interface import implementer

from lanrage.app.link_limits import (
    DECISIONS_BURST,
    DECISIONS_RATE,
    HEARD_BURST,
    HEARD_RATE,
    SPOKEN_BURST,
    SPOKEN_RATE,
)
from lanrage.core.budget import HOST_BURST, HOST_RATE
from lanrage.core.candidates import CandidateKind
from lanrage.core.doors import HEARD
from lanrage.core.identity import PairKeys
from lanrage.core.links import Endpoint
from lanrage.core.network_changes import Happening
from lanrage.core.path_hearing import ASKS_BURST, ASKS_RATE
from lanrage.core.probe import Probe, ProbeKind
from lanrage.interfaces import IProbePort
from lanrage.wire import probes, signals
from tests.app.links_case import LinksCase

VICTIM, VICTIM6 = "203.0.113.99", "2001:db8:2::99"


@implementer(IProbePort)
@attrs.frozen
class WatchedPort:
    """Notes where to the port sends."""

    port: IProbePort
    sent: list[Endpoint]

    def open(self, port: int, receive: Callable[[bytes, Endpoint, str], None]) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.open`."""
        self.port.open(port, receive)

    def send(self, payload: bytes, to: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.send`."""
        self.sent.append(to)
        self.port.send(payload, to)

    def close(self) -> None:
        """See :meth:`lanrage.interfaces.IProbePort.close`."""
        self.port.close()


class HostileMemberTests(LinksCase):
    """Bert holds all keys that a member holds, and means no good."""

    def setUp(self) -> None:
        """The two, connected."""
        super().setUp()
        self.anna, self.bert = self.two()
        self.keys: PairKeys = self.anna.links.peers[self.bert.keys.identity.public].keys

    def _offer(self, number: int, ports: range, hosts: tuple[str, ...] = ()) -> None:
        rows = tuple(signals.CandidateRow(CandidateKind.REFLEXIVE, VICTIM, port) for port in ports)
        rows += tuple(signals.CandidateRow(CandidateKind.LOCAL, host, 7000) for host in hosts)
        session = self.anna.links.peers[self.bert.keys.identity.public].plan.session
        offer = signals.Offer(number.to_bytes(8, "big"), session, rows)
        mine, theirs = self.bert.keys.wireguard.public, self.anna.keys.wireguard.public
        sealed = signals.seal(offer, self.keys.seal, sender=mine, receiver=theirs, nonce=number.to_bytes(12, "big"))
        self.anna.links.signalled(self.bert.keys.identity.public, sealed)

    def test_aims_at_a_host(self) -> None:
        """Twenty ports of one victim with ever new sessions: what it gets from a member is bounded over all ports."""
        sent: list[Endpoint] = []
        self.anna.links._probe_port = WatchedPort(self.anna.links._probe_port, sent)
        seconds = 20
        for number in range(seconds * 50):
            self._offer(number + 1, range(1000 + number % 500, 1020 + number % 500))
            self.world.run(0.02)
        aimed = [to for to in sent if to.host == VICTIM]
        heard = seconds * HEARD_RATE + HEARD_BURST
        self.assertGreater(self.anna.links.counters.signals_over_budget, seconds * 50 - heard - 3)
        self.assertLessEqual(len(aimed), HOST_BURST + seconds * HOST_RATE)
        self.assertGreater(len(aimed), 20)

    def test_aims_at_a_host_by_many_names(self) -> None:
        """An IPv6 address with ever another scope is not ever another host: it is no candidate, nor is our own."""
        sent: list[Endpoint] = []
        own = IPv6Interface("2001:db8:1::7/64")
        self.anna.machine.six.append(own)
        self.anna.events.tell(Happening.ADDRESS)
        self.world.run(2)
        self.anna.links._probe_port = WatchedPort(self.anna.links._probe_port, sent)
        for number in range(60):
            names = [f"{VICTIM6}%{number * 16 + place}" for place in range(16)]
            self._offer(number + 1, range(1000, 1001), (*names, f"{own.ip}%{number}", f"::ffff:{VICTIM}"))
            self.world.run(0.5)
        self.assertEqual(0, self.anna.links.counters.signals_refused)
        self.assertEqual(set(), {to.host for to in sent if ":" in to.host})
        self._offer(99, range(0), (VICTIM6,))
        self.world.run(0.5)
        self.assertIn(VICTIM6, {to.host for to in sent})

    def test_inside_the_tunnel(self) -> None:
        """A probe that came through the tunnel makes no path: WireGuard would be sent into itself."""
        link = self.anna.links.peers[self.bert.keys.identity.public]
        before = dict(link.plan.paths)
        assert link.plan.peer_session is not None
        tag = probes.sender_tag(self.world.kit.party_id, self.bert.keys.wireguard.public)
        ping = Probe(ProbeKind.PING, tag, link.plan.peer_session, b"t" * 8)
        payload = probes.encode(ping, self.keys.probe, link.plan.session)
        self.anna.links.probe_received(payload, Endpoint(str(self.bert.address), 51820))
        self.assertEqual(1, self.anna.links.counters.probes_inside)
        self.assertEqual(list(before), list(link.plan.paths))

    def _probe(
        self, kind: ProbeKind, number: int, *, session: bytes = b"", to: bytes = b"", decision: int = 0
    ) -> bytes:
        """A probe of Bert's to Anna, of both present lives if not said otherwise."""
        plan = self.anna.links.peers[self.bert.keys.identity.public].plan
        assert plan.peer_session is not None
        tag = probes.sender_tag(self.world.kit.party_id, self.bert.keys.wireguard.public)
        probe = Probe(kind, tag, session or plan.peer_session, number.to_bytes(8, "big"), decision=decision)
        return probes.encode(probe, self.keys.probe, to or plan.session)

    def test_recorded_pings_of_another_life(self) -> None:
        """Many, sent from anywhere, they take one door beside the member's own, ask for few offers, make no path."""
        link = self.anna.links.peers[self.bert.keys.identity.public]
        paths, own = list(link.plan.paths), [Endpoint("203.0.113.7", port) for port in range(1, HEARD + 1)]
        for door in own:
            link.doors.heard(door)
        link.plan.hearing.left(b"formerly")
        seconds = 20
        for session, to, offers in ((b"formerly", b"", 0), (b"", b"our last", ASKS_BURST + seconds * ASKS_RATE + 1)):
            self.world.run(5.0)
            self.world.signals.clear()
            for number in range(seconds * 20):
                for port in (100 + number, 99):
                    ping = self._probe(ProbeKind.PING, number, session=session, to=to)
                    self.anna.links.probe_received(ping, Endpoint(VICTIM, port))
                self.world.run(0.05)
            self.assertLessEqual(len(self.world.signals), offers)
            self.assertEqual(bool(offers), bool(self.world.signals))
        self.assertEqual(paths, list(link.plan.paths))
        doors = link.doors.all(())
        self.assertLessEqual(set(own), set(doors))
        self.assertEqual(1, sum(door.host == VICTIM for door in doors))

    def test_recorded_probes_use_up_nothing(self) -> None:
        """A thousand copies a second, of this life from the member's own address and of others, harm nothing."""
        link = self.anna.links.peers[self.bert.keys.identity.public]
        source = link.plan.active
        assert source is not None
        known = [self._probe(ProbeKind.PING, 1), self._probe(ProbeKind.DECIDED, 2, decision=1)]
        known += [self._probe(ProbeKind.DECIDE, 1, to=b"our last", decision=9)]
        self.anna.links.probe_received(known[0], source)
        over, elsewhere = self.anna.links.counters.probes_over_budget, Endpoint(VICTIM, 9)
        for _ in range(2000):
            for payload in known:
                self.anna.links.probe_received(payload, source)
                self.anna.links.probe_received(payload, elsewhere)
            self.world.run(0.005)
        self.assertEqual(0, self.anna.links.counters.probes_too_many)
        self.assertEqual(over, self.anna.links.counters.probes_over_budget)
        self.assertGreater(self.anna.links.counters.probes_repeated, 2000)
        path = link.plan.current
        assert path is not None
        self.assertTrue(path.proven)
        self.assertEqual(0, path.quality.long.share(self.world.clock.seconds()) or 0)

    def test_decides_without_end(self) -> None:
        """A flood of decisions, for one path and the other, is followed at a bounded rate: few writes, few lines."""
        decider, other = self.anna, self.bert  # the lower key is Anna's
        keys = other.links.peers[decider.keys.identity.public].keys
        link = other.links.peers[decider.keys.identity.public]
        for player in (decider, other):
            player.use()
        self.world.run(3.0)
        sources = [endpoint for endpoint, path in link.plan.paths.items() if path.proven]
        self.assertEqual(2, len(sources))
        assert link.plan.peer_session is not None
        tag = probes.sender_tag(self.world.kit.party_id, decider.keys.wireguard.public)
        counting = decider.links.peers[other.keys.identity.public].plan
        moves, seconds = link.plan.moves, 10
        with capturedLogs() as events:
            for number in range(seconds * 200):
                count = counting.next_transaction()
                decide = Probe(ProbeKind.DECIDE, tag, link.plan.peer_session, count, decision=number + 100)
                payload = probes.encode(decide, keys.probe, link.plan.session)
                other.links.probe_received(payload, sources[number % 2])
                self.world.run(0.005)
        self.assertLessEqual(link.plan.moves - moves, DECISIONS_BURST + seconds * DECISIONS_RATE + 1)
        self.assertGreater(link.plan.moves - moves, 10)
        self.assertEqual(set(sources), {move.taken.endpoint for move in list(link.plan.history)[-10:]})
        told = [event for event in events if "path to" in (event.get("log_format") or "")]
        self.assertLessEqual(len(told), SPOKEN_BURST + seconds * SPOKEN_RATE + 1)
        self.assertGreater(other.links.counters.probes_too_many, seconds * 200 - 200)
