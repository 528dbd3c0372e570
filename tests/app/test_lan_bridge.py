"""Bridged cards in memory: from the user's word to its end, by cards that come and go and a kernel that refuses."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.bridged_card import SETTLE_SECONDS, SHOWN_BURST, WAITING_LIMIT
from lanrage.app.lan_bridge import BRIDGES_LIMIT, LOOK_SECONDS
from lanrage.core.bridge_entries import Entry, Table
from lanrage.core.lan_frames import LIMITED_BROADCAST, Frame, Udp, destination_mac
from lanrage.core.links import LocalAddress
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused
from lanrage.wire.packets import read_frame, write_frame
from tests.fakes_physical import MemoryCardPort, MemorySwitch, MemoryTable
from tests.physical_world import HOME, Party
from tests.strategies_lan import beacon

CONSOLE, PHONE = HOME[50], HOME[60]
MACS = {CONSOLE: bytes.fromhex("020000000002"), PHONE: bytes.fromhex("020000000003")}


def broadcast(source: IPv4Address = CONSOLE, port: int = 3074, text: bytes = b"console") -> bytes:
    """What a device sends to all."""
    mac = MACS.get(source, bytes.fromhex("020000000009"))
    content = Udp(source, LIMITED_BROADCAST, port, 6000, text, 64)
    return write_frame(Frame(destination_mac(LIMITED_BROADCAST), mac, content))


class BridgeTests(SynchronousTestCase):
    """The first two share a network with a console, the third is elsewhere."""

    def setUp(self) -> None:
        """All know each other; nothing is bridged."""
        home = MemorySwitch()
        self.party = Party(home, home, MemorySwitch())
        self.one, self.two, self.three = self.party.hosts
        for started in self.party.start():
            self.successResultOf(started)
        self.party.pass_time(2.0)

    def tearDown(self) -> None:
        """Nothing is left."""
        for stopped in self.party.stop():
            self.successResultOf(stopped)
        self.assertEqual(self.party.clock.getDelayedCalls(), [])
        for host in self.party.hosts:
            self.assertFalse(any(table.standing for table in host.makers.tables))
            self.assertFalse(any(port.receive for port in host.makers.ports))

    def bridge(self, device: IPv4Address | None = CONSOLE, host: int = 0) -> tuple[MemoryCardPort, MemoryTable]:
        """A member bridges its card; the card and the table."""
        made = self.party.hosts[host]
        self.successResultOf(made.bridge.turn_on("eth0", device))
        return made.makers.ports[-1], made.makers.tables[-1]

    def heard(self, *frames: bytes, host: int = 0) -> list[list[bytes]]:
        """The card shows these, and each member's machine gets from the party."""
        before = [len(each.card.written) for each in self.party.hosts]
        for frame in frames:
            receive = self.party.hosts[host].makers.ports[-1].receive
            assert receive is not None
            receive(frame)
        self.party.carry()
        return [each.card.written[count:] for each, count in zip(self.party.hosts, before, strict=True)]

    def test_into_the_party(self) -> None:
        """A console's broadcast reaches the one elsewhere, once, as the bridging member's; the kernel knew before."""
        _, table = self.bridge()
        got = self.heard(broadcast())
        self.assertEqual([len(each) for each in got], [0, 0, 1])
        frame = read_frame(got[2][0])
        assert isinstance(frame, Frame)
        self.assertEqual(frame.content, Udp(self.one.address, LIMITED_BROADCAST, 3074, 6000, b"console"))
        added = [entry.table for changes in table.applied for entry in changes.add]
        self.assertEqual(added, [Table.DEVICES, Table.FRONT, Table.AT_PARTY, Table.AS_PARTY])
        self.assertEqual([len(each) for each in self.heard(broadcast(), broadcast())], [0, 0, 2])
        self.assertEqual(self.one.plane.counters()["bridge_carried"], 3)
        heard = [host.plane.incoming.hears_all() for host in self.party.hosts]
        self.assertEqual(heard, [True, False, False])

    def test_to_the_console(self) -> None:
        """A member's broadcast goes to the console's MAC alone, from this machine, and into this machine as before."""
        port, _ = self.bridge()
        self.heard(broadcast())
        self.three.plane.frame_from_card(beacon(source=self.three.address))
        self.party.carry()
        self.assertEqual(len(self.one.card.written), 1)
        (sent,) = port.sent
        frame = read_frame(sent)
        assert isinstance(frame, Frame)
        assert isinstance(frame.content, Udp)
        self.assertEqual((frame.destination_mac, frame.source_mac), (MACS[CONSOLE], port.mac))
        self.assertEqual((frame.content.source, frame.content.destination), (self.one.real.address, HOME[255]))

    def test_waits_for_the_kernel(self) -> None:
        """Nothing is sent before the kernel knows its port; what came meanwhile follows in order; a flood is shed."""
        _, table = self.bridge()
        table.waits = Deferred()
        got = self.heard(broadcast(text=b"1"), broadcast(text=b"2"), *[broadcast()] * (WAITING_LIMIT + 5))
        self.assertEqual([len(each) for each in got], [0, 0, 0])
        self.assertGreater(self.one.plane.counters()["bridge_shed"], 0)
        waits, table.waits = table.waits, None
        waits.callback(None)
        self.party.carry()
        texts = [frame[-1:] for frame in self.three.card.written[:2]]
        self.assertEqual(texts, [b"1", b"2"])

    def test_kernel_refuses(self) -> None:
        """A change that the kernel refuses ends the bridge, which is made anew at the next look."""
        _, table = self.bridge()
        table.refuses = LanrageError("no room")
        self.heard(broadcast())
        self.assertEqual([each.trouble for each in self.one.bridge.states()], ["no room"])
        self.party.pass_time(LOOK_SECONDS)
        self.assertEqual([len(self.one.makers.tables), table.standing], [2, False])
        self.assertEqual([each.trouble for each in self.one.bridge.states()], [""])
        self.assertEqual([len(each) for each in self.heard(broadcast())], [0, 0, 1])

    def test_card_blinks(self) -> None:
        """A card that was down between two looks has lost its socket: the bridge says so, and is made anew."""
        port, table = self.bridge()
        port.lost("the card eth0 went down")
        self.assertEqual([each.trouble for each in self.one.bridge.states()], ["the card eth0 went down"])
        self.party.pass_time(LOOK_SECONDS)
        self.assertEqual((len(self.one.makers.ports), port.receive, table.standing), (2, None, False))
        self.assertEqual([each.trouble for each in self.one.bridge.states()], [""])
        self.assertEqual([len(each) for each in self.heard(broadcast())], [0, 0, 1])

    def test_silent_console(self) -> None:
        """A named console that only listens is found by its MAC."""
        port, _ = self.bridge()
        self.one.makers.macs = MACS
        self.party.pass_time(LOOK_SECONDS)
        self.three.plane.frame_from_card(beacon(source=self.three.address))
        self.party.carry()
        self.assertEqual(len(port.sent), 1)

    def test_any_device(self) -> None:
        """Without a name all that play take part, after a moment; a member on the network is none of them."""
        self.bridge(None)
        self.assertEqual([len(each) for each in self.heard(broadcast())], [0, 0, 0])
        self.party.pass_time(SETTLE_SECONDS)
        got = self.heard(broadcast(), broadcast(PHONE), broadcast(self.two.real.address))
        self.assertEqual([len(each) for each in got], [0, 0, 2])
        self.assertEqual(self.one.plane.counters()["bridge_strangers"], 1)
        (state,) = self.one.bridge.states()
        self.assertEqual(set(state.devices), {CONSOLE, PHONE})
        fronts = [
            entry
            for changes in self.one.makers.tables[-1].applied
            for entry in changes.add
            if entry.table is Table.FRONT
        ]
        self.assertEqual(fronts, [])

    def test_two_bridges(self) -> None:
        """Of two members that bridge one network, one does; when it stops, the other takes over."""
        self.bridge(host=0)
        port, _ = self.bridge(host=1)
        self.party.pass_time(35.0)
        self.assertEqual([len(each) for each in self.heard(broadcast(), host=1)], [0, 0, 0])
        self.assertEqual([len(each) for each in self.heard(broadcast(), host=0)], [0, 0, 1])
        self.three.plane.frame_from_card(beacon(source=self.three.address))
        self.party.carry()
        self.assertEqual((len(port.sent), self.two.plane.counters()["bridge_left_to_another"]), (0, 1))
        self.assertTrue(self.two.bridge.states()[0].yields)
        self.assertTrue(self.successResultOf(self.one.bridge.turn_off("eth0")))
        self.party.pass_time(35.0)
        self.assertEqual([len(each) for each in self.heard(broadcast(), host=1)], [0, 0, 1])

    def test_flood(self) -> None:
        """A member's flood reaches a console within bounds."""
        port, _ = self.bridge()
        self.heard(broadcast())
        for number in range(2000):
            self.one.plane.inject(beacon(source=self.three.address, payload=b"%d" % number), self.three.address)
        self.assertLessEqual(len(port.sent), SHOWN_BURST + 2)
        self.assertGreater(self.one.plane.counters()["bridge_shed"], 900)

    def test_wrong(self) -> None:
        """What cannot be bridged is refused by name, and changes nothing."""
        elsewhere = IPv4Address("10.0.0.1")
        cases: list[tuple[str, IPv4Address | None, str]] = [
            ("eth7", None, "interface"),
            ("eth0", elsewhere, "device"),
            ("eth0", self.one.real.address, "device"),
            ("eth0", HOME[255], "device"),
        ]
        for name, device, field in cases:
            error = self.failureResultOf(self.one.bridge.turn_on(name, device), BadInput).value
            self.assertEqual(error.field, field)
        self.one.makers.missing = MissingRight("no nftables")
        self.failureResultOf(self.one.bridge.turn_on("eth0", None), MissingRight)
        self.assertEqual((self.one.bridge.states(), self.one.bridge.bridging(4)), ([], False))
        self.assertFalse(self.successResultOf(self.one.bridge.turn_off("eth0")))

    def test_cards_of_one_network(self) -> None:
        """Two cards in one network are bridged once; and there is an end of cards."""
        other = attrs.evolve(self.one.real, interface="wlan0", index=5, address=HOME[12])
        rest = [self.other_network(number) for number in range(BRIDGES_LIMIT)]
        self.one.cards = [self.one.real, other, *rest]
        self.bridge()
        self.failureResultOf(self.one.bridge.turn_on("wlan0", None), BadInput)
        outcomes = [self.one.bridge.turn_on(each.interface, None) for each in rest]
        for outcome in outcomes[:-1]:
            self.successResultOf(outcome)
        self.failureResultOf(outcomes[-1], BadInput)

    def other_network(self, number: int) -> LocalAddress:
        """Another card's address."""
        network = attrs.evolve(self.one.real, interface=f"eth{number + 1}", index=10 + number).network
        moved = type(network)((int(network.network_address) + 256 * (number + 1), 24))
        return LocalAddress(f"eth{number + 1}", 10 + number, moved[2], moved, True)

    def test_card_moves(self) -> None:
        """A card that goes takes its bridge down, which comes back with it; a new address makes it anew."""
        _, table = self.bridge()
        self.one.cards = []
        self.party.pass_time(LOOK_SECONDS)
        self.assertFalse(table.standing)
        (state,) = self.one.bridge.states()
        self.assertIn("eth0 is no card", state.trouble)
        self.one.cards = [attrs.evolve(self.one.real, address=HOME[99])]
        self.party.pass_time(LOOK_SECONDS)
        (state,) = self.one.bridge.states()
        self.assertEqual((state.trouble, state.address), ("", HOME[99]))
        self.assertTrue(self.one.makers.tables[-1].standing)

    def test_party_firewall(self) -> None:
        """It lets the card pass as long as the bridge stands."""
        passing: list[str] = []

        async def let_pass(card: str) -> None:
            passing.append(card)

        async def no_pass(card: str) -> None:
            passing.remove(card)

        self.one.bridge.guard, self.one.bridge.unguard = let_pass, no_pass
        self.bridge()
        self.assertEqual(passing, ["eth0"])
        self.bridge(None)
        self.assertEqual(passing, ["eth0"])
        self.successResultOf(self.one.bridge.turn_off("eth0"))
        self.assertEqual(passing, [])

    def two_bridges(self) -> list[MemoryTable]:
        """Two cards of the first one are bridged; their tables."""
        other = self.other_network(1)
        self.one.cards = [self.one.real, other]
        for name in ("eth0", other.interface):
            self.successResultOf(self.one.bridge.turn_on(name, None))
        return self.one.makers.tables[-2:]

    def test_taken_down_alone(self) -> None:
        """A part that fails when it is taken down, for whatever reason, keeps none of the others."""

        async def broken(card: str) -> None:
            raise ZeroDivisionError(card)

        tables = self.two_bridges()
        self.one.bridge.unguard = broken
        self.successResultOf(self.one.bridge.stop())
        self.assertEqual([table.standing for table in tables], [False, False])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.one.bridge.start()

    def test_followed_alone(self) -> None:
        """A card whose bridge cannot be followed, for whatever reason, keeps no other from being followed."""

        async def broken(card: str) -> None:
            if card == "eth0":
                raise ZeroDivisionError(card)

        self.two_bridges()
        self.one.bridge.guard = broken
        cards, self.one.cards = self.one.cards, []
        self.party.pass_time(LOOK_SECONDS)
        self.one.cards = cards
        self.party.pass_time(LOOK_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        states = [(each.address is not None, each.trouble) for each in self.one.bridge.states()]
        self.assertEqual(states, [(False, "ZeroDivisionError('eth0')"), (True, "")])

    def test_stopped(self) -> None:
        """What is asked for while the plane stops opens nothing."""
        _, table = self.bridge()
        table.closing = Deferred()
        stopped = self.one.bridge.stop()
        asked, looked = self.one.bridge.turn_on("eth0", None), self.one.bridge.want({"eth0": None})
        table.closing.callback(None)
        self.successResultOf(stopped)
        self.failureResultOf(asked, Refused)
        self.successResultOf(looked)
        self.assertEqual((len(self.one.makers.tables), self.one.plane.counters()["bridges"]), (1, 0))
        self.one.bridge.start()
        self.successResultOf(self.one.bridge.look())
        self.assertEqual(self.one.plane.counters()["bridges"], 1)

    def test_wanted_before(self) -> None:
        """What was wanted before a restart stands again, or says why not."""
        self.successResultOf(self.one.bridge.want({"eth0": CONSOLE, "eth7": None}))
        states = {each.interface: (each.device, bool(each.trouble)) for each in self.one.bridge.states()}
        self.assertEqual(states, {"eth0": (CONSOLE, False), "eth7": (None, True)})
        self.assertEqual(self.one.plane.counters()["bridges"], 1)

    def test_member_gone(self) -> None:
        """With a member go the ports that led to it."""
        _, table = self.bridge()
        self.heard(broadcast())
        self.three.plane.frame_from_card(beacon(source=self.three.address))
        self.party.carry()
        self.one.plane.set_members([self.two.address])
        removed = [entry for changes in table.applied for entry in changes.remove]
        self.assertIn(Entry(Table.AT_LAN, (5555,), (self.three.address, 5555)), removed)
        self.assertIn(Entry(Table.RECENT, (CONSOLE,), (self.three.address,)), removed)
