"""Leases as a part of two real LAN planes, joined in memory; and their setting."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LAN, LanSettings
from lanrage.app.lan_leases import LanLeases
from lanrage.core.frame_rules import canonical
from lanrage.core.leases import Beat, Grant
from lanrage.errors import BadInput
from lanrage.wire.frames import Kind, encode_part, split
from lanrage.wire.leases import encode
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.strategies_lan import ME, PEER, THIRD, beacon, udp


class PlanesTests(SynchronousTestCase):
    """A game at one member, a lobby at the other."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.cards: dict[IPv4Address, MemoryCard] = {}
        self.ports: dict[IPv4Address, MemoryPort] = {}
        self.planes: dict[IPv4Address, LanPlane] = {}
        for number, me in enumerate((ME, PEER)):
            self.cards[me], self.ports[me] = MemoryCard(), MemoryPort()
            self.planes[me] = self.plane(me, number)
            self.successResultOf(self.planes[me].startService())
        for me, other in ((ME, PEER), (PEER, ME)):
            self.planes[me].set_members([other])

    def plane(self, me: IPv4Address, nonce: int, leases: bool = True) -> LanPlane:
        """With its neighbours in memory."""
        return LanPlane(
            self.clock,
            self.cards[me],
            self.ports[me],
            IPv4Interface(f"{me}/24"),
            nonce,
            parts=lambda plane: (LanLeases(self.clock, plane, nonce),) if leases else (),
        )

    def tearDown(self) -> None:
        for plane in self.planes.values():
            self.successResultOf(plane.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def flush(self) -> None:
        """Let the carrier bring all that was sent."""
        while any(port.sent for port in self.ports.values()):
            for me, other in ((ME, PEER), (PEER, ME)):
                sent, self.ports[me].sent = self.ports[me].sent, []
                for _, data in sent:
                    self.planes[other].datagram_from_member(data, str(me))

    def play(self, seconds: int, frame: bytes | None = None) -> None:
        """A second each: the game says its line, if there is one."""
        for _ in range(seconds):
            for _ in range(8):
                self.clock.advance(0.125)
                self.flush()
            if frame is not None:
                self.planes[ME].frame_from_card(frame)
            self.flush()

    def test_lease(self) -> None:
        """The lobby hears each second, the carrier hardly anything; after the end, two more and no third."""
        self.play(60, beacon(source=ME))
        self.assertEqual(self.cards[PEER].written, [beacon(source=ME)] * 60)
        mine, theirs = self.planes[ME].counters(), self.planes[PEER].counters()
        self.assertEqual((mine["forwarded_packets"], mine["leased_packets"]), (3, 57))
        self.assertEqual((mine["leases_live"], mine["leases_granted"], theirs["leases_held"]), (1, 1, 1))
        self.assertEqual((mine["leases_renewed"], theirs["leases_replayed"]), (3, 57))
        self.play(10)
        self.assertEqual(len(self.cards[PEER].written), 62)
        self.assertEqual(self.planes[ME].counters()["leases_cancelled"], 1)
        self.assertEqual(self.planes[PEER].counters()["leases_held"], 0)

    def test_dead_path(self) -> None:
        """What the link knows stops the repetition at once."""
        self.play(10, beacon(source=ME))
        self.planes[PEER].path_dead = lambda member: member == ME
        self.play(5, beacon(source=ME))
        self.assertEqual(len(self.cards[PEER].written), 10)

    def test_counters_from_the_start(self) -> None:
        """Their names are there before anything happened."""
        names = {name for name in self.planes[ME].counters() if name.startswith("leases_")}
        words = ("live", "held", "granted", "renewed", "cancelled", "replayed")
        self.assertEqual(names, {f"leases_{word}" for word in words})

    def tell(self, message: bytes) -> None:
        """The peer sends this as a message about leases."""
        for part in split(message, PEER, 1, 1 << 40, kind=Kind.LEASE):
            self.planes[ME].datagram_from_member(encode_part(part), str(PEER))

    def test_refused(self) -> None:
        """A lease of another's frame, or of a port that steers a machine, is refused and counted; likewise bytes."""
        for number, frame in enumerate((udp(THIRD), udp(PEER, destination_port=1900))):
            self.clock.advance(1)
            message = encode(Grant(9, Beat(number, 0, 1.0, 0.0), True, canonical(frame)))
            part = next(split(message, PEER, 77, number, kind=Kind.LEASE))
            self.planes[ME].datagram_from_member(encode_part(part), str(PEER))
        self.tell(b"\xff\xff")
        self.play(10)
        self.assertEqual(self.planes[ME].counters()["dropped_lease"], 3)
        self.assertEqual(self.cards[ME].written, [])

    def test_off(self) -> None:
        """Without leases every frame is carried, and what others say of leases is refused."""
        self.successResultOf(self.planes[PEER].stopService())
        self.planes[PEER] = self.plane(PEER, 5, leases=False)
        self.successResultOf(self.planes[PEER].startService())
        self.planes[PEER].set_members([ME])
        self.play(100, beacon(source=ME))
        self.assertEqual(len(self.cards[PEER].written), 100)
        self.assertNotIn("leases_held", self.planes[PEER].counters())


class SettingTests(SynchronousTestCase):
    """``--lan-leases``."""

    def test_words(self) -> None:
        """On or off, on by default; another word names the option and the rule."""
        options = {name: default for name, _, default, _ in LAN}
        self.assertTrue(LanSettings.parse(options).leases)
        self.assertTrue(LanSettings().leases)
        self.assertFalse(LanSettings.parse(options | {"lan-leases": "off"}).leases)
        error = self.assertRaises(BadInput, LanSettings.parse, options | {"lan-leases": "maybe"})
        self.assertIn("lan-leases: 'maybe' is none of on, off", str(error))
