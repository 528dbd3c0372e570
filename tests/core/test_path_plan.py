"""The path plan: both ends agree, whatever the network does."""

from __future__ import annotations

import random
from functools import partial

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import COLD_INTERVAL, OPENING_GAPS
from lanrage.core.path_actions import ResetPeer, SendOffer, SendProbe
from lanrage.core.path_choice import PROOF_AGAIN
from lanrage.core.path_pace import CALM_RIVAL_INTERVAL
from lanrage.core.path_plan import PathPlan
from lanrage.core.path_rest import DEAD_REST_AGAIN
from lanrage.core.path_table import CALLERS_LIMIT, FORGET_BURST, PATH_LIMIT
from lanrage.core.probe import Probe, ProbeKind
from tests.core.pair_world import RELAY, PairWorld


def started(world: PairWorld, relay: bool = True) -> PairWorld:
    """Both ends offer, and where asked both have a relay port."""
    world.offer("a")
    world.offer("b")
    if relay:
        world.relay(True)
    return world


def _until(world: PairWorld, end: float, _sender: str, _relayed: bool) -> bool:
    """Packets pass until then."""
    return world.now < end


def _blocked(world: PairWorld, senders: str, start: float, sender: str, relayed: bool) -> bool:
    """From then on what these send by the direct path is lost."""
    return relayed or world.now < start or sender not in senders


class AgreementTests(SynchronousTestCase):
    """Who decides, who initiates, and that both write the same path."""

    def test_direct(self) -> None:
        """With an open network both ends are on the direct path within 300 ms, by one initiation of the decider."""
        world = started(PairWorld())
        world.run(0.3)
        self.assertEqual(world.agreed(), "direct")
        self.assertEqual((world.sides["a"].initiations, world.sides["b"].initiations), (1, 0))

    def test_game_that_sends_too_early(self) -> None:
        """A handshake that began before there was a path does not delay the real one."""
        world = PairWorld()
        world.talk_early("a")
        world.talk_early("b")
        started(world)
        world.run(0.3)
        self.assertEqual(world.agreed(), "direct")

    def test_relay_where_direct_is_closed(self) -> None:
        """Without a direct way the relay carries the pair within half a second."""
        world = started(PairWorld(delivers=lambda sender, relayed: relayed))
        world.run(0.6)
        self.assertEqual(world.agreed(), "relay")

    def test_relay_known_before_the_offer(self) -> None:
        """A relay port that was bound before the peer's first offer counts."""
        world = PairWorld(delivers=lambda sender, relayed: relayed)
        world.relay(True)
        world.offer("a")
        world.offer("b")
        world.run(0.6)
        self.assertEqual(world.agreed(), "relay")

    def test_upgrade(self) -> None:
        """A direct path that opens later is taken; the relay was not left before."""
        world = PairWorld(delivers=lambda sender, relayed: relayed or world.now > 5)
        started(world)
        world.run(5)
        self.assertEqual(world.agreed(), "relay")
        world.run(COLD_INTERVAL + 2)
        self.assertEqual(world.agreed(), "direct")

    def test_dead_direct_path(self) -> None:
        """Traffic is on the relay within three seconds after the direct path died, and stays."""
        world = PairWorld(rate=20, delivers=lambda sender, relayed: relayed or world.now < 10)
        started(world)
        world.run(10)
        self.assertEqual(world.agreed(), "direct")
        world.run(3)
        self.assertEqual(world.agreed(), "relay")

    def test_dead_direct_path_while_nothing_happens(self) -> None:
        """Without traffic the keepalives that do not come tell it, within forty seconds."""
        for blocked in ("a", "b", "ab"):
            world = PairWorld()
            world.delivers = partial(_blocked, world, blocked, 100.0)
            started(world)
            world.run(100)
            self.assertEqual(world.agreed(), "direct")
            world.run(60)
            self.assertEqual(world.agreed(), "relay", blocked)

    def test_all_paths_die(self) -> None:
        """When the path in use dies all others are asked: an end that nobody reaches knows it within four seconds."""
        for end in range(10, 20, 2):
            world = PairWorld(rate=20)
            world.delivers = partial(_until, world, end)
            started(world)
            world.run(end)
            self.assertEqual(world.agreed(), "direct")
            self.assertTrue(all(side.plan.reached for side in world.sides.values()))
            world.run(4)
            self.assertFalse(any(side.plan.reached for side in world.sides.values()))

    def test_moved(self) -> None:
        """A machine with another address asks every path at once, open or not."""
        world = started(PairWorld())
        world.run(5)
        plan = world.sides["a"].plan
        actions = plan.moved(world.now)
        pinged = {a.to for a in actions if isinstance(a, SendProbe) and a.probe.kind is ProbeKind.PING}
        self.assertEqual(set(plan.paths), pinged)
        self.assertEqual(2, len(pinged))

    def test_direct_path_that_heals(self) -> None:
        """A path that was open once and opens again is back in use within six seconds."""
        world = PairWorld(rate=20, delivers=lambda sender, relayed: relayed or not 10 < world.now < 40)
        started(world)
        world.run(40)
        self.assertEqual(world.agreed(), "relay")
        world.run(6)
        self.assertEqual(world.agreed(), "direct")

    def test_one_way_path_is_none(self) -> None:
        """A path that carries one direction only is never taken."""
        world = started(PairWorld(delivers=lambda sender, relayed: relayed or sender == "a"))
        world.run(60)
        self.assertEqual(world.agreed(), "relay")
        self.assertTrue(all(m.path.kind is CandidateKind.RELAY for s in world.sides.values() for m in s.history))

    def test_restart_of_either_end(self) -> None:
        """A peer that begins anew is met with a reset peer and reached again within a second."""
        for name in "ab":
            world = started(PairWorld())
            world.run(2)
            world.restart(name)
            world.offer(name)
            world.run(1)
            self.assertEqual(world.agreed(), "direct", name)
            self.assertEqual(world.sides[world.other(name)].resets, 1, name)

    def test_roaming_is_corrected(self) -> None:
        """WireGuard's endpoint, moved by an old packet, is written back."""
        world = started(PairWorld())
        world.run(2)
        for side in world.sides.values():
            side.wireguard = RELAY[side.name]
        world.run(1)
        self.assertEqual(world.agreed(), "direct")

    def test_roaming_without_end(self) -> None:
        """An endpoint that is moved again and again is corrected six times at once, then once a minute, for ever."""
        world = started(PairWorld())
        world.run(2)
        side, counts = world.sides["a"], []
        for _ in range(300):
            side.wireguard = RELAY["a"]
            world.run(1.0)
            counts.append(side.plan.keeper.corrected)
        self.assertEqual([1, 2, 3, 4, 5, 6, 6], counts[:7])
        self.assertEqual(6 + 300 // 60, counts[-1])

    def test_lost_first_handshake(self) -> None:
        """A handshake that does not come is started anew before WireGuard would (5 s)."""
        world = started(PairWorld())
        while not world.sides["a"].initiations:
            world.run(0.01)
        world._queue.clear()  # the handshake and all probes under way are lost
        world.run(3)
        self.assertEqual(world.agreed(), "direct")

    @given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.3), both=st.booleans())
    def test_lossy_network(self, seed: int, loss: float, both: bool) -> None:
        """Under random loss, duplication and a relay, both ends agree in the end, and only the decider initiates."""
        source = random.Random(seed)
        world = PairWorld(
            seed=seed,
            delivers=lambda sender, relayed: world.now > 20 or source.random() >= loss,
            duplicates=lambda: source.random() < 0.1,
        )
        started(world, relay=both)
        world.run(20 + COLD_INTERVAL + 2 * DEAD_REST_AGAIN + PROOF_AGAIN * CALM_RIVAL_INTERVAL + 20)
        self.assertEqual(world.agreed(), "direct")


class CautionTests(SynchronousTestCase):
    """What a peer may not make us do."""

    def plan(self) -> PathPlan:
        """The deciding end of a pair."""
        source = random.Random(1)
        return PathPlan(True, b"t" * 8, b"s" * 8, source.randbytes)

    def test_five_unanswered_pings(self) -> None:
        """An address that never answers gets five pings in the first two seconds, then one each half minute."""
        plan = self.plan()
        victim = Candidate(CandidateKind.REFLEXIVE, Endpoint("192.0.2.1", 9))
        sent = [a for a in plan.offer(b"p" * 8, b"s" * 8, [victim], 0.0) if isinstance(a, SendProbe)]
        for step in range(1, 200):
            sent += [a for a in plan.tick(step / 100) if isinstance(a, SendProbe)]
        self.assertEqual(len(sent), len(OPENING_GAPS))
        for step in range(200, 9000):
            sent += [a for a in plan.tick(step / 100) if isinstance(a, SendProbe)]
        self.assertLessEqual(len(sent), len(OPENING_GAPS) + 3)

    def test_paths_are_bounded(self) -> None:
        """Pings from ever new addresses do not fill memory."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        for number in range(1, 500):
            ping = Probe(ProbeKind.PING, b"q" * 8, b"p" * 8, number.to_bytes(8, "big"), knows=True)
            plan.probe(ping, Endpoint("192.0.2.1", number), 0.0, relayed=False)
        self.assertEqual(len(plan.paths), CALLERS_LIMIT)

    def test_a_peer_that_roams(self) -> None:
        """One that has had more addresses than fit is met at its next one; the path in use is never forgotten."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        places = [Endpoint("192.0.2.1", number) for number in range(1, 2 * PATH_LIMIT)]
        now = 0.0
        for place in places:
            ping = Probe(ProbeKind.PING, b"q" * 8, b"p" * 8, place.port.to_bytes(8, "big"), knows=True)
            plan.probe(ping, place, now, relayed=False)
            self.assertIn(place, plan.paths)
            self.assertTrue(place == places[0] or plan.active in plan.paths)
            plan.active = plan.active or place
            now += 60.0
        self.assertEqual(len(plan.paths), CALLERS_LIMIT + 1)

    def test_forgets_slowly(self) -> None:
        """A peer that names ever new addresses does not have them all pinged."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        seen = set()
        for number in range(1, 500):
            ping = Probe(ProbeKind.PING, b"q" * 8, b"p" * 8, number.to_bytes(8, "big"), knows=True)
            plan.probe(ping, Endpoint("192.0.2.1", number), number / 100, relayed=False)
            seen |= set(plan.paths)
        self.assertLessEqual(len(seen), PATH_LIMIT + FORGET_BURST + 1)

    def test_late_offer(self) -> None:
        """An offer of a former session resets nothing and asks for nothing."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        self.assertIn(ResetPeer(), plan.offer(b"r" * 8, b"s" * 8, [], 1.0))
        self.assertEqual([], plan.offer(b"p" * 8, b"s" * 8, [], 2.0))
        self.assertEqual(b"r" * 8, plan.peer_session)

    def test_seen_elsewhere(self) -> None:
        """The decider that is seen at another address decides anew, so that the other end follows it there."""
        plan = self.plan()
        place = Candidate(CandidateKind.REFLEXIVE, Endpoint("192.0.2.1", 9))
        actions = plan.offer(b"p" * 8, b"s" * 8, [place], 0.0)
        moves = []
        for second, port in enumerate((1, 1, 2, 2), start=1):
            pings = [a.probe for a in actions if isinstance(a, SendProbe) and a.probe.kind is ProbeKind.PING]
            seen = Endpoint("198.51.100.1", port)
            for ping in pings:
                pong = Probe(ProbeKind.PONG, b"q" * 8, b"p" * 8, ping.transaction, observed=seen, knows=True)
                actions = plan.probe(pong, place.endpoint, second - 0.9, relayed=False)
            decisions = [a.probe for a in actions if isinstance(a, SendProbe) and a.probe.kind is ProbeKind.DECIDE]
            for decide in decisions:
                moves.append((second, decide.decision))
                agreed = attrs.evolve(decide, kind=ProbeKind.DECIDED, tag=b"q" * 8, session=b"p" * 8, knows=True)
                plan.probe(agreed, place.endpoint, second - 0.8, relayed=False)
            actions = plan.tick(second + 0.2)
        self.assertEqual([(1, 1), (3, 2)], moves)

    def test_unknown_session(self) -> None:
        """A probe of another session changes nothing and asks for an offer."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        decide = Probe(ProbeKind.DECIDE, b"q" * 8, b"o" * 8, b"x" * 8, decision=7, knows=True)
        self.assertEqual(plan.probe(decide, Endpoint("192.0.2.1", 9), 0.0, relayed=False), [SendOffer()])
        self.assertEqual((plan.paths, plan.active), ({}, None))

    def test_the_decider_takes_no_decisions(self) -> None:
        """Only one end decides: the other's decision is ignored."""
        plan = self.plan()
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        decide = Probe(ProbeKind.DECIDE, b"q" * 8, b"p" * 8, b"x" * 8, decision=7, knows=True)
        self.assertEqual(plan.probe(decide, Endpoint("192.0.2.1", 9), 0.0, relayed=False), [])
        self.assertIsNone(plan.active)

    def test_old_decision(self) -> None:
        """A decision that comes late does not undo a newer one."""
        plan = PathPlan(False, b"t" * 8, b"s" * 8, random.Random(1).randbytes)
        plan.offer(b"p" * 8, b"s" * 8, [], 0.0)
        for count, (number, port) in enumerate(((2, 20), (1, 10))):
            place = Endpoint("192.0.2.1", port)
            ping = Probe(ProbeKind.PING, b"q" * 8, b"p" * 8, bytes([0] * 7 + [count]), knows=True)
            plan.probe(ping, place, 0.0, relayed=False)
            for transaction in list(plan.paths[place].outstanding):
                pong = Probe(ProbeKind.PONG, b"q" * 8, b"p" * 8, transaction, place, knows=True)
                plan.probe(pong, place, 0.0, relayed=False)
            decide = Probe(ProbeKind.DECIDE, b"q" * 8, b"p" * 8, b"x" * 8, decision=number, knows=True)
            plan.probe(attrs.evolve(decide, transaction=bytes([0] * 7 + [count + 10])), place, 0.0, relayed=False)
            self.assertTrue(plan.paths[place].proven)
        self.assertEqual(plan.active, Endpoint("192.0.2.1", 20))
