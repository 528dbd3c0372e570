"""The guests of a session: served, reached, ended by the clock; each part as the others need it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.guarding import Guarding
from lanrage.app.guest_session import RETRY, GuestPlaces, SessionGuests
from lanrage.app.lan_guests import LanGuests
from lanrage.core.exposure import Exposure
from lanrage.core.party_guests import Guest, Resting
from lanrage.core.play_ports import PlayPorts
from lanrage.errors import LanrageError
from tests.fakes_control import node_keys
from tests.fakes_guard import MemoryGuard
from tests.fakes_guests import MemoryChannel, MemorySide, MemorySource
from tests.fakes_links import MemoryMachine, MemoryTunnel, MemoryWorld
from tests.joined_planes import Room
from tests.strategies_guests import GUEST_KEYS, NETWORK

ME, BEN = (node_keys(name).identity.public for name in ("me", "ben"))
HOME, BENS = IPv4Address("10.66.0.1"), IPv4Address("10.66.0.2")


@attrs.define
class Certified:
    """As much of a member's link as guests need."""

    ip: IPv4Address
    revoked: bool = False

    @property
    def member(self) -> Certified:
        """Itself."""
        return self

    @property
    def certificate(self) -> Certified:
        """Itself."""
        return self


@attrs.define
class MemoryLinks:
    """See :class:`lanrage.app.links.Links`."""

    peers: dict[bytes, Certified] = attrs.field(factory=dict)
    guests: dict[bytes, tuple[IPv4Address, ...]] = attrs.field(factory=dict)
    machine: MemoryMachine = attrs.field(factory=MemoryMachine)

    async def set_guests(self, guests: dict[bytes, tuple[IPv4Address, ...]]) -> None:
        """See :meth:`Links.set_guests`."""
        before, self.guests = self.guests, guests
        routed = {each for some in guests.values() for each in some}
        for gone in {each for some in before.values() for each in some} - routed:
            await self.machine.remove_member_route(gone, "wg-test")
        for each in routed:
            await self.machine.add_member_route(each, "wg-test", HOME)


class StuckTunnel(MemoryTunnel):
    """One that does not always do as it is told.

    :ivar stuck: keys of peers that cannot be removed.
    """

    stuck: frozenset[bytes] = frozenset()

    async def remove_peer(self, public_key: bytes) -> None:
        """See :class:`ITunnel`."""
        if public_key in self.stuck:
            raise LanrageError("the device is busy")
        await super().remove_peer(public_key)


class World:
    """A session's parts, with Ben as the other member."""

    def __init__(self, exposure: Exposure = Exposure.GUARDED) -> None:
        self.clock = Clock()
        self.source = MemorySource(self.clock.seconds)
        self.side = MemorySide()
        self.room = Room(None, 1, lambda room, plane, sockets: [LanGuests(plane, self.side, 1)])
        self.plane = self.room.guests[0].plane
        self.machine = MemoryMachine()
        self.links = MemoryLinks({BEN: Certified(BENS)}, machine=self.machine)
        self.tunnel = StuckTunnel(MemoryWorld(), "wg-test")
        now(self.tunnel.create(b"k" * 32, 0, 1280))
        self.guard = MemoryGuard()
        self.guarding = Guarding(exposure, PlayPorts(), self.guard)
        now(self.guarding.start())
        self.channel = MemoryChannel()
        parts: Any = (self.tunnel, self.machine, self.links, self.plane, self.guarding, self.channel)
        places = GuestPlaces(ME, HOME, *parts)
        self.again = self.look
        self.guests = SessionGuests(self.clock, self.source, places, lambda: self.again())

    def look(self) -> None:
        """Follow."""
        now(self.guests.follow())

    @property
    def peers(self) -> dict[bytes, tuple[Any, ...]]:
        """What WireGuard lets in, by key."""
        return {key: peer.allowed for key, peer in now(self.tunnel.status()).peers.items()}

    def close(self) -> None:
        """Nothing may be left in the clock."""
        now(self.guests.stop())
        now(self.links.set_guests({}))  # what goes through members is the links' to take away
        assert (self.peers, self.machine.routes) == ({}, {})
        assert not self.clock.getDelayedCalls()
        assert (self.channel.extras, self.source.dismissals.running) == ([], False)
        self.room.close()


def now(work: Any) -> Any:
    """The result of what waits for nothing."""
    results: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def made(number: int, server: bytes = ME, life: int = 100) -> Guest:
    """A guest; the clock begins at 0."""
    return Guest(GUEST_KEYS[number], f"guest {number}", NETWORK[254 - number], server, life, ME)


class SessionTests(SynchronousTestCase):
    """One session."""

    def setUp(self) -> None:
        """Without guests."""
        self.world = World()
        self.addCleanup(self.world.close)

    def follow(self, *guests: Guest) -> None:
        """The ledger has these."""
        self.world.source.all = list(guests)
        self.world.look()

    def test_own(self) -> None:
        """A guest of this node: peer, route, firewall and frames, and all of it gone at its end."""
        world, guest = self.world, made(0)
        self.follow(guest)
        self.assertEqual({guest.key: (IPv4Network(guest.address),)}, world.peers)
        self.assertEqual({guest.address: ("wg-test", HOME)}, world.machine.routes)
        rules = world.guard.rules
        assert rules is not None
        self.assertEqual((HOME, {guest.address}), (rules.home, rules.guests))
        self.assertEqual({guest.address}, world.side.heard)
        world.clock.advance(100)
        rules = world.guard.rules
        assert rules is not None
        self.assertEqual(({}, {}, frozenset()), (world.peers, world.machine.routes, rules.guests))
        self.assertFalse(world.side.is_open)

    def test_others(self) -> None:
        """A guest of a member: reached through it, its frames taken from it alone; no one is served here."""
        guest = made(0, BEN)
        self.follow(guest, made(1, node_keys("gone").identity.public))
        self.assertEqual({BEN: (guest.address,)}, {k: v for k, v in self.world.links.guests.items() if k == BEN})
        self.assertEqual({guest.address: BENS}, dict(self.world.plane.lan.guests))
        self.assertEqual({}, self.world.peers)
        self.world.links.peers[BEN].revoked = True
        self.world.look()
        self.assertEqual({}, dict(self.world.plane.lan.guests))

    def test_another_key(self) -> None:
        """A guest that was removed and added again: the old key lets nobody in."""
        self.follow(made(0))
        self.follow(attrs.evolve(made(1), name="guest 0", address=made(0).address))
        self.assertEqual({GUEST_KEYS[1]}, set(self.world.peers))

    def test_dismissed(self) -> None:
        """What was dismissed here stays out, although the ledger still has it, and so what an earlier session left."""
        self.world.source.dismissals.left = frozenset({GUEST_KEYS[2]})
        self.follow(made(0), made(1), made(2), made(3, BEN))
        self.assertEqual({GUEST_KEYS[0], GUEST_KEYS[1]}, set(self.world.peers))
        for key in (GUEST_KEYS[0], GUEST_KEYS[3]):
            now(self.world.source.dismissals.add(key))
        self.world.look()
        self.assertEqual({GUEST_KEYS[1]}, set(self.world.peers))
        self.assertEqual({}, dict(self.world.plane.lan.guests), "nor is it reached through its member")
        now(self.world.source.dismissals.told(GUEST_KEYS[0]))  # the ledger refused it: it is a guest as before
        self.world.look()
        self.assertEqual({GUEST_KEYS[0], GUEST_KEYS[1]}, set(self.world.peers))

    def test_denied(self) -> None:
        """A node that serves no guests lets none in, says so, and serves them when it is allowed again."""
        self.follow(made(0), made(1, BEN))
        self.world.source.allows = False
        self.world.look()
        self.assertEqual({}, self.world.peers)
        rules = self.world.guard.rules
        assert rules is not None
        self.assertEqual((frozenset(), False), (rules.guests, self.world.side.is_open))
        self.assertEqual({made(1).address: BENS}, dict(self.world.plane.lan.guests), "another's are his affair")
        self.assertIn("guests.serve", self.world.guests.trouble)
        self.world.source.allows = True
        self.world.look()
        self.assertEqual(({GUEST_KEYS[0]}, ""), (set(self.world.peers), self.world.guests.trouble))

    def test_resting(self) -> None:
        """Who rests is let in no more, is named with the reason, and comes back."""
        self.follow(made(0), made(1, BEN))
        self.world.source.resting = {GUEST_KEYS[0], GUEST_KEYS[1]}
        self.world.look()
        self.assertEqual(({}, {}), (self.world.peers, dict(self.world.plane.lan.guests)))
        self.assertEqual(
            [(made(n, s), Resting.BRINGER.value) for n, s in ((0, ME), (1, BEN))], self.world.guests.resting
        )
        self.world.source.resting.clear()
        self.world.look()
        self.assertEqual(({GUEST_KEYS[0]}, []), (set(self.world.peers), self.world.guests.resting))

    def test_half_begun(self) -> None:
        """A guest whose beginning failed, and then the way back, too, is known: it does not stay in once it is gone."""
        world = self.world
        world.machine.foreign.add(made(0).address)
        world.tunnel.stuck = frozenset({GUEST_KEYS[0]})
        self.follow(made(0))
        self.assertEqual({GUEST_KEYS[0]}, set(world.peers))
        world.tunnel.stuck = frozenset()
        self.follow()
        self.assertEqual({}, world.peers)

    def test_look_that_failed(self) -> None:
        """Whatever a look came to, the next one comes by itself: an end must not wait for news of the party."""
        self.follow(made(0))
        self.world.source.broken = ValueError("a bug")
        with self.assertRaises(ValueError):
            self.world.look()
        self.world.clock.advance(RETRY)
        self.world.again = lambda: None  # the session's other parts failed first: nobody looks
        self.world.clock.advance(100)
        self.assertEqual({GUEST_KEYS[0]}, set(self.world.peers))
        self.world.again = self.world.look
        self.world.clock.advance(RETRY)
        self.assertEqual({}, self.world.peers)

    def test_slept_through(self) -> None:
        """A machine that slept past several ends, or whose clock was set, lets nobody in when it wakes."""
        self.follow(made(0, life=50), made(1, life=7200), made(2, life=90_000))
        self.world.clock.advance(86_400)
        self.assertEqual({GUEST_KEYS[2]}, set(self.world.peers))

    def test_stop_that_fails(self) -> None:
        """One guest that cannot be ended keeps no other in, and no call is left."""
        self.follow(made(0), made(1))
        self.world.tunnel.stuck = frozenset({GUEST_KEYS[0]})
        now(self.world.guests.stop())
        self.assertEqual({GUEST_KEYS[0]}, set(self.world.peers))
        self.assertEqual([], self.world.clock.getDelayedCalls())
        self.world.tunnel.stuck = frozenset()
        now(self.world.tunnel.remove_peer(GUEST_KEYS[0]))
        now(self.world.machine.remove_member_route(made(0).address, "wg-test"))

    def test_stuck(self) -> None:
        """A guest that WireGuard did not let go of stays judged as a guest, never as a member, until it is gone."""
        world = self.world
        self.follow(made(0), made(1))
        world.tunnel.stuck = frozenset({GUEST_KEYS[0]})
        self.follow()
        self.assertEqual({GUEST_KEYS[0]}, set(world.peers), "the others are ended all the same")
        rules = world.guard.rules
        assert rules is not None
        self.assertIn(made(0).address, rules.guests)
        self.assertIn("busy", world.guests.trouble)
        world.tunnel.stuck = frozenset()
        world.clock.advance(RETRY)
        self.assertEqual(({}, ""), (world.peers, world.guests.trouble))

    def test_moved(self) -> None:
        """An address that goes from a guest of one member to a guest of another is routed still."""
        own, others = made(0), attrs.evolve(made(1, BEN), address=made(0).address)
        for before, after in ((own, others), (others, own)):
            self.follow(before)
            self.follow(after)
            self.assertEqual({own.address: ("wg-test", HOME)}, self.world.machine.routes)
        self.follow()

    def test_no_firewall(self) -> None:
        """Where the firewall does not hold, nobody gets in; it is tried again."""
        self.world.guard.broken = LanrageError("no nftables")
        self.follow(made(0))
        self.assertEqual({}, self.world.peers)
        self.assertIn("no nftables", self.world.guests.trouble)
        self.world.guard.broken = None
        self.world.clock.advance(RETRY)
        self.assertEqual(({GUEST_KEYS[0]}, ""), (set(self.world.peers), self.world.guests.trouble))

    def test_unguarded(self) -> None:
        """Where all is exposed and nothing guards, guests are not served: they would reach other networks."""
        world = World(Exposure.ALL)
        self.addCleanup(world.close)
        world.guarding.trouble = "no nftables"
        world.source.all = [made(0)]
        world.look()
        self.assertEqual({}, world.peers)
        self.assertIn("firewall", world.guests.trouble)

    def test_route_taken(self) -> None:
        """A guest whose address this machine routes elsewhere is none, and does not keep others out for good."""
        self.world.machine.foreign.add(made(0).address)
        self.follow(made(0))
        self.assertEqual({}, self.world.peers)
        self.world.machine.foreign.clear()
        self.world.clock.advance(RETRY)
        self.assertEqual({GUEST_KEYS[0]}, set(self.world.peers))


class SessionMachine(RuleBasedStateMachine):
    """Guests come, go and end in any order, while parts fail and heal."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(number=st.integers(0, 7), server=st.sampled_from([ME, BEN]), life=st.integers(1, 60))
    def bring(self, number: int, server: bytes, life: int) -> None:
        """A record comes."""
        others = [guest for guest in self.world.source.all if guest.key != GUEST_KEYS[number]]
        self.world.source.all = [*others, made(number, server, int(self.world.clock.seconds()) + life)]
        self.world.look()

    @rule(number=st.integers(0, 7))
    def dismiss(self, number: int) -> None:
        """A record ends one."""
        self.world.source.all = [guest for guest in self.world.source.all if guest.key != GUEST_KEYS[number]]
        self.world.look()

    @rule(number=st.integers(0, 7), rests=st.booleans())
    def rest(self, number: int, rests: bool) -> None:
        """Who brought it leaves, or comes back."""
        (self.world.source.resting.add if rests else self.world.source.resting.discard)(GUEST_KEYS[number])
        self.world.look()

    @rule(allows=st.booleans())
    def setting(self, allows: bool) -> None:
        """The node serves guests, or does not."""
        self.world.source.allows = allows
        self.world.look()

    @rule(number=st.integers(0, 7), stuck=st.booleans())
    def device(self, number: int, stuck: bool) -> None:
        """WireGuard does not let go of a peer, or does again."""
        self.world.tunnel.stuck = frozenset({GUEST_KEYS[number]}) if stuck else frozenset()

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.world.clock.advance(seconds)

    @rule(broken=st.booleans())
    def firewall(self, broken: bool) -> None:
        """It breaks, or heals."""
        self.world.guard.broken = LanrageError("no nftables") if broken else None

    @invariant()
    def nobody_else(self) -> None:
        """Nobody gets in whose time is over or who was dismissed, and nobody past the firewall."""
        living = {guest.key: guest for guest, why in self.world.source.guests() if why is None}
        own = {key for key, guest in living.items() if guest.server == ME and self.world.source.allows}
        peers = {key: allowed for key, allowed in self.world.peers.items() if key in own}
        stuck = set(self.world.peers) - own
        assert not stuck or (self.world.guests.trouble and self.world.clock.getDelayedCalls())
        rules = self.world.guard.rules
        assert rules is not None
        for key, allowed in peers.items():
            assert allowed == (IPv4Network(living[key].address),)
            assert living[key].address in rules.guests
        assert {living[key].address for key in peers} <= set(self.world.machine.routes)
        if self.world.guard.broken is None and not self.world.guests.trouble and not stuck:
            assert set(peers) == own
            assert self.world.side.heard == {living[key].address for key in own}

    def teardown(self) -> None:
        """Nothing is left."""
        self.world.tunnel.stuck = frozenset()
        self.world.close()


SessionMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
MachineTests = SessionMachine.TestCase
