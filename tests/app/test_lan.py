"""The LAN plane as a service: what it opens, closes and counts."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan import HOUSEKEEPING_SECONDS, LanPlane
from lanrage.core.lan_frames import BROADCAST_MAC, Drop, Frame
from lanrage.core.links import LocalAddress
from lanrage.errors import BadInput, MissingRight
from lanrage.wire.frames import tunnel_bytes
from lanrage.wire.packets import write_frame
from tests.fakes_lan import MemoryCapture, MemoryCard, MemoryPort, MemoryWays
from tests.strategies_lan import GROUP, ME, PEER, REAL, THIRD, beacon, udp

ADDRESS = IPv4Interface("10.66.0.1/24")
CAPTURED = write_frame(Frame(BROADCAST_MAC, bytes(6), udp(REAL)))


class PlaneTests(SynchronousTestCase):
    """One plane with its neighbours in memory."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.card, self.port, self.capture, self.ways = MemoryCard(), MemoryPort(), MemoryCapture(), MemoryWays()
        self.known: list[LocalAddress] = []
        self.address_error: Exception | None = None
        self.plane = LanPlane(
            self.clock,
            self.card,
            self.port,
            ADDRESS,
            7,
            own_addresses=self.addresses,
            capture=self.capture,
            groups=lambda: self.ways,
        )

    async def addresses(self) -> list[LocalAddress]:
        """This machine's real addresses."""
        if self.address_error is not None:
            raise self.address_error
        return self.known

    def start(self) -> None:
        """Start, with one other member."""
        self.successResultOf(self.plane.startService())
        self.plane.set_members([PEER])

    def stop(self) -> None:
        """Stop, and look that nothing is left."""
        self.successResultOf(self.plane.stopService())
        self.assertEqual(
            [
                self.card.opened,
                self.port.receive,
                self.capture.receive,
                self.ways.running,
                self.clock.getDelayedCalls(),
            ],
            [None, None, None, False, []],
        )

    def test_life(self) -> None:
        """Start opens all with the party address, stop closes all; both again."""
        for _ in range(2):
            self.start()
            self.assertEqual(self.card.opened, ADDRESS)
            self.assertTrue(self.ways.running)
            self.stop()

    def test_both_ways(self) -> None:
        """The card's callback sends, the port's callback injects; multicast also goes to its ways."""
        self.start()
        assert self.card.receive is not None
        assert self.port.receive is not None
        self.card.receive(beacon(source=ME))
        self.assertEqual([to for to, _ in self.port.sent], [str(PEER)])
        other_card, other_port = MemoryCard(), MemoryPort()
        other = LanPlane(self.clock, other_card, other_port, IPv4Interface("10.66.0.2/24"), 8)
        self.successResultOf(other.startService())
        other.set_members([ME])
        assert other_card.receive is not None
        other_card.receive(beacon(destination=GROUP))
        self.port.receive(other_port.sent[0][1], str(PEER))
        self.assertEqual(self.card.written, [beacon(destination=GROUP)])
        self.assertEqual([each.destination for each in self.ways.delivered], [GROUP])
        counters = self.plane.counters()
        self.assertEqual((counters["forwarded_packets"], counters["injected_packets"]), (1, 1))
        self.card.full = True
        other_card.receive(beacon())
        self.port.receive(other_port.sent[1][1], str(PEER))
        self.assertEqual(self.plane.counters()["dropped_queue_full"], 1)
        self.successResultOf(other.stopService())
        self.stop()

    def test_carried_bytes(self) -> None:
        """Both ways count as WireGuard counts them; who left begins anew."""
        self.start()
        self.plane.frame_from_card(beacon(source=ME))
        ((_, data),) = self.port.sent
        self.plane.datagram_from_member(data, str(PEER))
        self.assertEqual(2 * tunnel_bytes(len(data)), self.plane.carried_bytes(PEER))
        self.plane.set_members([])
        self.assertEqual(0, self.plane.carried_bytes(PEER))
        self.stop()

    def test_carries_nothing(self) -> None:
        """With the capture off this machine's games stay here, and the others' are heard."""
        card, port = MemoryCard(), MemoryPort()
        silent = LanPlane(self.clock, card, port, ADDRESS, 7, carries=False)
        self.successResultOf(silent.startService())
        silent.set_members([PEER])
        silent.frame_from_card(beacon(source=ME))
        self.assertEqual(port.sent, [])
        self.assertTrue(silent.inject(beacon(), PEER))
        self.assertEqual(card.written, [beacon()])
        self.successResultOf(silent.stopService())

    def test_guarded(self) -> None:
        """A datagram for a group is brought to a real card only where members reach the port."""
        self.start()
        self.plane.lets_in = lambda port: port != 6000
        for port in (6000, 6001):
            self.assertTrue(self.plane.inject(beacon(destination=GROUP, destination_port=port), PEER))
        self.assertEqual([each.destination_port for each in self.ways.delivered], [6001])
        self.stop()

    def test_counters(self) -> None:
        """The names of the counters are a closed set, there from the start; the port's strangers are among them."""
        names = set(self.plane.counters())
        expected = {"forwarded_packets", "packets_deduplicated", "injected_packets", "dropped_packets"}
        expected |= {"leased_packets", "unwanted_packets", "addresses_rewritten", "addresses_unknown"}
        expected |= {"dedup_audited", "dedup_false_positives"}
        self.assertEqual(names, expected | {f"dropped_{reason.value}" for reason in Drop})
        self.start()
        self.port.strangers = 3
        assert self.port.receive is not None
        self.port.receive(b"?", str(THIRD))
        counters = self.plane.counters()
        self.assertEqual((counters["dropped_stranger"], counters["dropped_packets"], set(counters)), (4, 4, names))
        self.stop()

    def test_members(self) -> None:
        """Members' own address and addresses outside the party are left out; who is removed gets nothing."""
        self.start()
        assert self.card.receive is not None
        self.plane.set_members([ME, PEER, THIRD, REAL, IPv4Address("10.66.1.9")])
        self.card.receive(beacon(source=ME))
        self.assertEqual([to for to, _ in self.port.sent], [str(PEER), str(THIRD)])
        self.plane.set_members([])
        self.card.receive(beacon(source=ME))
        self.assertEqual(len(self.port.sent), 2)
        self.stop()

    def test_own_addresses(self) -> None:
        """A new address of a real card is known within seconds; a failure to read them keeps the old ones."""
        self.start()
        assert self.capture.receive is not None
        self.capture.receive(4, CAPTURED)
        self.assertEqual((self.port.sent, self.plane.counters()["dropped_source"]), ([], 1))
        self.known = [LocalAddress("eth0", 4, REAL, IPv4Network("192.168.1.0/24"), True)]
        self.clock.advance(HOUSEKEEPING_SECONDS)
        self.capture.receive(4, CAPTURED)
        self.assertEqual(len(self.port.sent), 1)
        self.address_error = MissingRight("no")
        self.clock.advance(HOUSEKEEPING_SECONDS)
        self.address_error = ZeroDivisionError()
        self.clock.advance(HOUSEKEEPING_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.address_error = None
        self.clock.advance(HOUSEKEEPING_SECONDS)
        self.capture.receive(4, CAPTURED)
        self.assertEqual(len(self.port.sent), 2)
        self.stop()

    def test_failed_start(self) -> None:
        """A taken port ends the start with its error, and the card is gone again."""
        self.port.fails = BadInput("LAN port", "taken")
        self.assertIs(self.failureResultOf(self.plane.startService()).value, self.port.fails)
        self.assertIsNone(self.card.opened)

    def test_stop_while_starting(self) -> None:
        """A stop ends a start that still waits."""
        self.card.waits = Deferred()
        starting = self.plane.startService()
        self.successResultOf(self.plane.stopService())
        self.failureResultOf(starting, CancelledError)
        self.assertIsNone(self.port.receive)

    def test_failed_close(self) -> None:
        """A part that fails to close is logged, and the others are closed."""
        self.start()

        def fail() -> None:
            raise ZeroDivisionError

        self.plane._opened.append(fail)
        self.stop()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bare(self) -> None:
        """Without capture and ways for multicast the LAN card alone is served."""
        plane = LanPlane(self.clock, self.card, self.port, ADDRESS, 7)
        self.successResultOf(plane.startService())
        plane.set_members([PEER])
        assert self.port.receive is not None
        self.successResultOf(plane.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
