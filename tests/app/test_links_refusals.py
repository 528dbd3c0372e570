"""What strangers and liars send to a member's links, and how WireGuard's state is read."""

from __future__ import annotations

from ipaddress import IPv4Network

import attrs
import msgspec
from twisted.internet.defer import Deferred

from lanrage.app.link_counters import LinkCounters
from lanrage.app.offering import OFFER_BURST, OFFER_SPAN
from lanrage.app.status_watch import STATUS_INTERVAL
from lanrage.core.budget import MEMBER_BURST, PROBE_BURST, PROBE_RATE
from lanrage.core.candidates import CandidateKind
from lanrage.core.identity import PairKeys
from lanrage.core.links import Endpoint, LocalAddress
from lanrage.core.network_changes import Happening
from lanrage.core.probe import Probe, ProbeKind
from lanrage.errors import Unreachable
from lanrage.wire import probes, signals
from tests.app.links_case import LinksCase, one
from tests.fakes_links import MemoryMachine


class FailingMachine(MemoryMachine):
    """A machine whose addresses cannot be read for a while."""

    error: Exception | None = None

    async def local_addresses(self) -> list[LocalAddress]:
        """See :meth:`lanrage.interfaces.IMachine.local_addresses`."""
        if self.error is not None:
            raise self.error
        return await super().local_addresses()


class RefusalTests(LinksCase):
    """Strangers and liars."""

    def test_probes(self) -> None:
        """Malformed, unknown, forged and reflected probes are counted by reason, and none is answered."""
        anna, bert = self.two()
        party = self.world.kit.party_id
        keys = PairKeys.between(anna.keys.wireguard, bert.keys.wireguard.public, party)
        tag = probes.sender_tag(party, bert.keys.wireguard.public)
        mine = probes.sender_tag(party, anna.keys.wireguard.public)
        source = Endpoint("198.51.100.66", 5)

        def ping(sender: bytes, key: bytes) -> bytes:
            return probes.encode(Probe(ProbeKind.PING, sender, b"s" * 8, b"t" * 8), key, None)

        wrong = [
            b"LRNG",
            ping(tag, keys.probe)[:-1] + b"?" * 100,
            ping(b"nobody!!", keys.probe),
            ping(mine, keys.probe),
            ping(tag, b"another key of thirty-two bytes!"),
        ]
        for payload in wrong:
            anna.links.probe_received(payload, source)
        expected = LinkCounters(probes_malformed=2, probes_unknown=2, probes_forged=1)
        self.assertEqual(expected, anna.links.counters)
        self.world.run(1.0)
        self.assertNotIn(source, self.world.underlay.sent)

    def test_probe_of_a_former_session(self) -> None:
        """One whose session is not the peer's offered one is not answered; it asks for an offer."""
        anna, bert = self.two()
        party = self.world.kit.party_id
        keys = PairKeys.between(anna.keys.wireguard, bert.keys.wireguard.public, party)
        tag = probes.sender_tag(party, bert.keys.wireguard.public)
        source = Endpoint("198.51.100.66", 5)
        self.world.run(3.0)
        self.world.signals.clear()
        ours = anna.links.peers[bert.keys.identity.public].plan.session
        ping = Probe(ProbeKind.PING, tag, b"s" * 8, b"t" * 8)
        anna.links.probe_received(probes.encode(ping, keys.probe, ours), source)
        self.world.run(0.01)
        self.assertEqual([(anna.name, bert.name)], self.world.signals)
        self.assertNotIn(source, self.world.underlay.sent)

    def test_offers_are_bounded(self) -> None:
        """However many probes of an unknown session come, only so many offers go out; the last is never lost."""
        anna, bert = self.two()
        self.world.run(OFFER_SPAN + 1)
        self.world.signals.clear()
        for _ in range(200):
            anna.links.online(bert.keys.identity.public)
        self.world.run(OFFER_SPAN - 0.1)
        self.assertEqual(2, len(self.world.signals))
        for _ in range(400):
            anna.links.offer_to_all()
            self.world.run(0.01)
        self.assertLessEqual(len([s for s in self.world.signals if s[0] == anna.name]), OFFER_BURST * 4)

    def test_signals(self) -> None:
        """From nobody, by another key, of another direction: refused and counted."""
        anna, bert = self.two()
        keys = PairKeys.between(anna.keys.wireguard, bert.keys.wireguard.public, self.world.kit.party_id)
        mine, theirs = anna.keys.wireguard.public, bert.keys.wireguard.public
        ours = anna.links.peers[bert.keys.identity.public].plan.session
        offer = signals.Offer.of(b"s" * 8, ours, ())

        def sealed(key: bytes, sender: bytes, receiver: bytes) -> bytes:
            return signals.seal(offer, key, sender=sender, receiver=receiver, nonce=b"n" * 12)

        before = dict(anna.tunnel.peers)
        good = sealed(keys.seal, theirs, mine)
        anna.links.signalled(b"nobody" * 5 + b"..", good)
        anna.links.signalled(bert.keys.identity.public, sealed(keys.seal, mine, theirs))
        anna.links.signalled(bert.keys.identity.public, sealed(b"x" * 32, theirs, mine))
        anna.links.signalled(bert.keys.identity.public, good[:20])
        self.assertEqual(LinkCounters(signals_refused=4), anna.links.counters)
        self.assertEqual(before, anna.tunnel.peers)
        anna.links.signalled(bert.keys.identity.public, good)
        self.assertEqual(b"s" * 8, anna.links.peers[bert.keys.identity.public].plan.peer_session)

    def test_victims(self) -> None:
        """A peer's offer aims no probe at multicast, loopback, the party, foreign private networks or ourselves."""
        anna, bert = self.two()
        bad = ["224.0.0.1", "127.0.0.1", "255.255.255.255", "10.66.0.9", "192.168.9.9", anna.host.inner, "2001:db8::1"]
        rows = tuple(signals.CandidateRow(CandidateKind.LOCAL, host, 5) for host in [*bad, "203.0.113.66"])
        keys = PairKeys.between(anna.keys.wireguard, bert.keys.wireguard.public, self.world.kit.party_id)
        ours = anna.links.peers[bert.keys.identity.public].plan.session
        offer = signals.Offer(b"s" * 8, ours, rows)
        mine, theirs = anna.keys.wireguard.public, bert.keys.wireguard.public
        payload = signals.seal(offer, keys.seal, sender=theirs, receiver=mine, nonce=b"n" * 12)
        anna.links.signalled(bert.keys.identity.public, payload)
        self.world.run(20.0)
        sent = self.world.underlay.sent
        self.assertEqual([], [host for host in bad if Endpoint(host, 5) in sent])
        self.assertLessEqual(sent[Endpoint("203.0.113.66", 5)], 5)

    def test_budget(self) -> None:
        """However many peers name one address: what goes there is bounded, what is over is counted."""
        anna, _ = self.two()
        victim = Endpoint("203.0.113.66", 5)
        for _ in range(1000):
            anna.links.send_probe(b"LRNG", victim)
        self.assertEqual(PROBE_BURST, self.world.underlay.sent[victim])
        self.assertEqual(1000 - PROBE_BURST, anna.links.counters.probes_over_budget)
        for _ in range(100):
            self.world.run(0.1)
            for _ in range(100):
                anna.links.send_probe(b"LRNG", victim)
        self.assertLessEqual(self.world.underlay.sent[victim], PROBE_BURST + PROBE_RATE * 10 + 1)

    def test_a_house_full_of_friends(self) -> None:
        """Fifteen who play behind one router, ten pings and as many pongs a second each, for ten seconds."""
        anna, _ = self.two()
        for _ in range(100):
            for port in range(1, 16):
                for _ in range(2):
                    self.assertTrue(anna.links.send_probe(b"LRNG", Endpoint("203.0.113.66", port), bytes([port])))
            self.world.run(0.1)
        self.assertFalse(all(anna.links.send_probe(b"LRNG", Endpoint("203.0.113.66", p)) for p in range(100, 700)))

    def test_one_member_of_many_addresses(self) -> None:
        """Over all addresses at which it answers a member gets no more than its own share."""
        anna, _ = self.two()
        sent = [anna.links.send_probe(b"LRNG", Endpoint(f"203.0.113.{n % 250}", 5), b"carl") for n in range(1000)]
        self.assertEqual(MEMBER_BURST, sum(sent))
        self.assertTrue(anna.links.send_probe(b"LRNG", Endpoint("203.0.113.251", 5), b"dora"))

    def test_held_back(self) -> None:
        """What a limit holds back is no loss, and no opening ping: when there is room the path opens after all."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        room, real = [False], anna.links.send_probe
        sender = bert.keys.identity.public

        def limited(payload: bytes, to: Endpoint, member: bytes | None = None) -> bool:
            return room[0] and real(payload, to, member)

        anna.links.send_probe = limited  # type: ignore[method-assign]
        for player in (anna, bert):
            player.follow([anna.member, bert.member])
        self.world.run(8.0)
        self.assertEqual("none", anna.path(bert))
        room[0] = True
        self.world.run(2.0)
        self.assertEqual("direct", anna.path(bert))
        path = anna.links.peers[sender].plan.current
        assert path is not None
        room[0] = False
        self.world.run(100.0)
        room[0] = True
        self.assertEqual((0, True), (path.missed, path.proven))
        self.assertEqual(0.0, path.quality.long.share(self.world.clock.seconds()) or 0.0)

    def test_unusable_key(self) -> None:
        """A member whose WireGuard key is of low order gets no link, and the others are not harmed."""
        anna, bert, carl = (self.world.player(name, number) for number, name in enumerate(("anna", "bert", "carl"), 1))
        certificate = msgspec.structs.replace(carl.member.certificate, wireguard_key=bytes(32))
        bad = attrs.evolve(carl.member, certificate=certificate)
        for player in (anna, bert):
            player.follow([anna.member, bert.member, bad])
        self.world.run(0.5)
        self.assertEqual({bert.keys.identity.public}, set(anna.links.peers))
        self.assertEqual("direct", anna.path(bert))


class StatusTests(LinksCase):
    """WireGuard's state is read, one read at a time."""

    def test_reads_never_overlap(self) -> None:
        """A slow device is read again only when it has answered, and at least each second or so."""
        anna, bert = self.two()
        anna.tunnel.slow = 0.7
        anna.tunnel.reads = 0
        for _ in range(20):
            anna.links.check_soon(0.05)
            self.world.run(0.5)
        self.assertFalse(anna.tunnel.overlapped)
        self.assertTrue(10 / (2 * 0.7 + STATUS_INTERVAL) < anna.tunnel.reads <= 10 / 0.7 + 1)
        self.assertEqual("direct", anna.path(bert))

    def test_device_gone(self) -> None:
        """A device that somebody removed is told in the log, without a traceback, and the reads go on."""
        anna, bert = self.two()
        Deferred.fromCoroutine(anna.tunnel.destroy())
        self.world.run(3.0)
        self.assertEqual([], self.flushLoggedErrors())
        anna.host.tunnel = anna.tunnel
        self.world.underlay.world.devices[anna.tunnel.host, anna.tunnel.name] = anna.tunnel
        reads = anna.tunnel.reads
        self.world.run(1.1)
        self.assertGreater(anna.tunnel.reads, reads)
        self.assertEqual({bert.address}, anna.links.ready_addresses())

    def test_addresses_cannot_be_read(self) -> None:
        """A failing look at the machine's addresses is told, and the next one counts."""
        anna, bert = self.two()
        machine = anna.links._here._machine = FailingMachine(anna.machine.addresses)
        for error in (Unreachable("the kernel does not answer"), RuntimeError("a bug")):
            machine.error = error
            for _ in range(3):
                anna.events.tell(Happening.ADDRESS)
                self.world.run(1.0)
        self.assertEqual([RuntimeError], [type(failure.value) for failure in self.flushLoggedErrors()])
        machine.error = None
        machine.addresses.append(LocalAddress("wlan0", 3, one("198.51.100.77"), IPv4Network("198.51.100.0/24"), True))
        self.world.signals.clear()
        anna.events.tell(Happening.ADDRESS)
        self.world.run(5.0)
        self.assertIn((anna.name, bert.name), self.world.signals)
