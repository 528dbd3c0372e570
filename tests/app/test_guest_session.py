"""The guests of a session: served, reached, ended by the clock; each part as the others need it."""

from __future__ import annotations

from ipaddress import IPv4Network

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.guest_session import RETRY
from lanrage.core.exposure import Exposure
from lanrage.core.party_guests import Guest, Resting
from lanrage.errors import LanrageError
from tests.fakes_control import node_keys
from tests.guest_session_world import BEN, BENS, HOME, ME, World, made, now
from tests.strategies_guests import GUEST_KEYS


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
