"""Games that are bound to a real address, with the machine in memory."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.lan_flow import Outflow
from lanrage.app.lan_translated import KEEP_SECONDS, MOST_LOOKS, Translations
from lanrage.core.bound_rules import UdpSocket
from lanrage.core.lan_counters import LanCounters
from lanrage.core.lan_frames import BROADCAST_MAC, Frame
from lanrage.core.translations import MAX_PLACES
from lanrage.errors import Unreachable
from lanrage.wire.packets import write_frame
from tests.fakes_sockets import MemorySockets, MemoryTable
from tests.strategies_lan import ME, PEER, REAL, lan_of, udp

TUNNEL, ETH = 5, 4
ANY = IPv4Address(0)
GAME = UdpSocket(REAL, 6000)


class World:
    """The part and its neighbours."""

    def __init__(self) -> None:
        self.clock, self.sockets, self.table = Clock(), MemorySockets(), MemoryTable()
        self.part = Translations(self.clock, ME, lambda: TUNNEL, self.sockets, self.table)
        self.part.start()

    def sends(self, port: int = 6000) -> Deferred[None] | None:
        """A game sends from the real address."""
        return self.part.look_at(udp(REAL, source_port=port))

    def ticks(self) -> None:
        """A second goes by."""
        self.clock.advance(KEEP_SECONDS)


class TranslatedTests(SynchronousTestCase):
    """One machine."""

    def setUp(self) -> None:
        self.world = World()

    def tearDown(self) -> None:
        """Nothing is left."""
        self.successResultOf(self.world.part.stop())
        self.assertEqual((self.world.clock.getDelayedCalls(), self.world.table.places), ([], {}))

    def test_life(self) -> None:
        """From its first datagram on, until the socket is gone."""
        world = self.world
        world.sockets.opened = [GAME]
        world.sends()
        world.ticks()
        self.assertEqual((world.table.places, world.part.counters()), ({6000: REAL}, {"sockets_translated": 1}))
        world.sockets.opened = []
        world.ticks()
        self.assertEqual((world.table.places, world.part.counters()), ({}, {"sockets_translated": 0}))

    def test_ordinary_games(self) -> None:
        """A game on any address needs none, and is asked about once a second at most, however much it sends."""
        world = self.world
        world.sockets.opened = [UdpSocket(ANY, 6000)]
        for _ in range(100):
            self.assertIsNone(world.sends())
        self.assertEqual((world.sockets.questions, world.table.places), (1, {}))
        world.ticks()
        world.sockets.opened = [GAME]
        world.sends()
        self.assertEqual(world.table.places, {6000: REAL})

    def test_taken_over(self) -> None:
        """A socket on any address that comes to the port ends it: it hears the party address itself."""
        world = self.world
        world.sockets.opened = [GAME]
        world.sends()
        world.sockets.opened = [GAME, UdpSocket(ANY, 6000)]
        world.ticks()
        self.assertEqual(world.table.places, {})

    def test_bounds(self) -> None:
        """A storm of ports neither asks nor translates without end."""
        world = self.world
        world.sockets.opened = [attrs.evolve(GAME, port=port) for port in range(7000, 8000)]
        for port in range(7000, 8000):
            world.sends(port)
        self.assertEqual((world.sockets.questions, len(world.table.places)), (MOST_LOOKS, MAX_PLACES))
        world.ticks()
        world.sends(7999)
        self.assertEqual(len(world.table.places), MAX_PLACES)

    def test_trouble(self) -> None:
        """A kernel that does not tell is no reason to translate, nor to stop asking."""
        world = self.world
        world.sockets.opened, world.sockets.error = [GAME], Unreachable("no")
        world.sends()
        world.ticks()
        self.assertEqual(world.table.places, {})
        world.sockets.error = None
        world.sends()
        self.assertEqual(world.table.places, {6000: REAL})

    def test_stopped(self) -> None:
        """A game that sends while the plane stops gets no table that nobody would take back."""
        world = self.world
        world.sockets.opened = [GAME]
        self.successResultOf(world.part.stop())
        self.assertIsNone(world.sends())
        self.assertEqual((world.table.places, world.part.places, world.sockets.questions), ({}, {}, 0))
        world.part.start()
        world.sends()
        self.assertEqual(world.table.places, {6000: REAL})

    def test_waits(self) -> None:
        """The datagram leaves when the kernel has the rule, so that no answer is faster; one that breaks is told."""
        world = self.world
        sent: list[str] = []

        def send(data: bytes, to: str) -> int:
            del data
            sent.append(to)
            return 0

        world.table.waits = Deferred()
        world.sockets.opened = [GAME]
        flow = Outflow(lan_of(ME, PEER), 7, send, LanCounters(), own={REAL})
        flow.stages.look = lambda datagram, card, now: world.part.look_at(datagram)
        frame = write_frame(Frame(BROADCAST_MAC, bytes(6), udp(REAL, source_port=6000)))
        flow.from_capture(ETH, frame, 0.0)
        self.assertEqual(sent, [])
        world.table.waits.callback(None)
        self.assertEqual(sent, [str(PEER)])
        flow.from_capture(ETH, frame, 1.0)
        self.assertEqual(len(sent), 2)


class LifeMachine(RuleBasedStateMachine):
    """Against a plain model: after a second, exactly those places stand whose sockets need them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.sent: set[int] = set()

    @rule(
        opened=st.lists(
            st.builds(UdpSocket, st.sampled_from([REAL, ANY, ME]), st.integers(1, 3), st.sampled_from([0, ETH])),
            max_size=4,
        )
    )
    def games(self, opened: list[UdpSocket]) -> None:
        """Games come and go."""
        self.world.sockets.opened = opened

    @rule(port=st.integers(1, 3))
    def send(self, port: int) -> None:
        """A game sends."""
        self.world.sends(port)
        self.sent.add(port)

    @rule()
    def second(self) -> None:
        """A second goes by: what is there is needed, and what was sent from and is needed is there from now on."""
        self.world.ticks()
        places = set(self.world.table.places)
        assert places <= self.sent
        assert places == {port for port in places if self.needed(port)}
        for port in list(self.sent):
            self.world.sends(port)
            assert (port in self.world.table.places) == self.needed(port)

    def needed(self, port: int) -> bool:
        """The rule, in other words."""
        here = [each.address for each in self.world.sockets.opened if each.port == port and not each.device]
        return REAL in here and ANY not in here and ME not in here

    @invariant()
    def consistent(self) -> None:
        """The table is what the part believes."""
        assert self.world.table.places == self.world.part.places

    def teardown(self) -> None:
        """End."""
        self.world.part.stop()


LifeTests = LifeMachine.TestCase
LifeTests.settings = settings(max_examples=50, stateful_step_count=25)
