"""A relay that drains, and one that is told whose tickets are void."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay import BindRequest, Bound, Draining, Refusal, Rejected
from lanrage.core.relay_bindings import Answers
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_revocations import Revocation
from tests.core.relay_desk import ANNA, BEN, EVE, Desk
from tests.core.relay_world import HOUR, PARTY, WALL, MemoryRelay, RelayWorld, holder, node, ticket
from tests.core.test_relay_client import joined


class DrainTests(SynchronousTestCase):
    """The relay is about to stop."""

    def test_word_of_it(self) -> None:
        """All that are bound are told, and again with each refresh; the time that is left goes down."""
        desk = Desk()
        desk.pair()
        table, now = desk.relay.table, desk.relay.now
        told = table.drain(now + 5, now)
        self.assertEqual(
            {to: message.seconds for to, message in told if isinstance(message, Draining)}, {ANNA: 5, BEN: 5}
        )
        desk.relay.now += 3.5
        [message] = [message for to, message in told if to == ANNA and isinstance(message, Draining)]
        [(_, bound), (to, again)] = desk.say(ANNA, BindRequest(message.transaction))
        self.assertIsInstance(bound, Bound)
        self.assertEqual((to, again), (ANNA, Draining(message.transaction, 2)))
        self.assertTrue(desk.passes(ANNA, BEN))

    def test_no_new_pairs(self) -> None:
        """But an end that a pair lacks, or that has another address, is let in."""
        desk = Desk()
        desk.bind(ANNA, "anna", "ben")
        desk.relay.table.drain(desk.relay.now + 5, desk.relay.now)
        [(to, answer)] = desk.bind(EVE, "eve", "carl")
        self.assertEqual((to, getattr(answer, "reason", None)), (EVE, Refusal.DRAINING))
        self.assertEqual(desk.drops(Drop.DRAINING), 1)
        self.assertIsInstance(desk.bind(BEN, "ben", "anna")[0][1], Bound)
        self.assertTrue(desk.passes(BEN, ANNA))

    def test_a_long_time(self) -> None:
        """What does not fit into the byte is cut."""
        desk = Desk()
        desk.bind(ANNA, "anna", "ben")
        [(_, message)] = desk.relay.table.drain(desk.relay.now + 9999, desk.relay.now)
        self.assertEqual(getattr(message, "seconds", None), 255)

    def test_nodes(self) -> None:
        """A binding stays usable while the relay drains; at its end it is not, and is asked for again."""
        world, anna, ben = joined()
        world.relay._ports.say(world.relay.table.drain(world.relay.now + 3, world.relay.now))
        self._deliver(world)
        self.assertTrue(anna.binding.draining and anna.binding.usable and ben.binding.draining)
        world.run(2)
        self.assertTrue(anna.binding.draining and anna.binding.usable)
        world.relay._ports.say(world.relay.table.drain(world.relay.now, world.relay.now))
        self._deliver(world)
        self.assertFalse(anna.binding.usable or anna.binding.bound)
        world.relay.restart()
        self.assertTrue(world.run(2.5, lambda: anna.binding.usable and ben.binding.usable))
        self.assertFalse(anna.binding.draining)

    def test_a_new_pair_gives_up(self) -> None:
        """Only another relay helps."""
        relay = MemoryRelay()
        relay.table.drain(relay.now + 5, relay.now)
        world = RelayWorld(relay, [node("anna", "ben", ANNA)])
        world.start()
        world.run(1)
        self.assertEqual(world.nodes[0].binding.failed, "draining")

    @staticmethod
    def _deliver(world: RelayWorld) -> None:
        sent, world.relay._sent[:] = list(world.relay._sent), []
        for line, datagram in sent:
            world._post(line, datagram, False)
        world.run(0.1)


class RevocationTests(SynchronousTestCase):
    """The control server threw Anna out."""

    def revoke(self, desk: Desk, name: str, party: bytes = PARTY, life: float = HOUR) -> Answers:
        """What the relay says to whom."""
        revocation = Revocation(party, holder(name).public, int(WALL + life))
        return desk.relay.table.revoke(revocation, desk.relay.now, WALL)

    def test_the_binding_ends(self) -> None:
        """At once; both ends are told, and the other end's binding stays."""
        desk = Desk()
        desk.pair()
        [(to, bound), (out, refused)] = self.revoke(desk, "anna")
        self.assertEqual((to, getattr(bound, "peer_present", None)), (BEN, False))
        self.assertEqual((out, getattr(refused, "reason", None)), (ANNA, Refusal.REVOKED))
        self.assertEqual(desk.data(ANNA)[0][0], ANNA)
        self.assertEqual(desk.data(BEN), [])
        self.assertEqual((len(desk.relay.table), desk.drops(Drop.REVOKED)), (1, 1))

    def test_the_ticket_is_void(self) -> None:
        """From anywhere, until it would have ended; a later one serves."""
        desk = Desk()
        self.assertEqual(self.revoke(desk, "anna"), [])
        [(_, refused)] = desk.bind(ANNA, "anna", "ben")
        self.assertIsInstance(refused, Rejected)
        later = ticket("anna", "ben", life=HOUR + 1)
        [(_, bound)] = desk.say(ANNA, desk.proof(ANNA, "anna", "ben", later))
        self.assertIsInstance(bound, Bound)

    def test_others_stay(self) -> None:
        """Other holders, other parties, tickets that end later."""
        desk = Desk()
        desk.pair()
        self.assertEqual(self.revoke(desk, "eve"), [])
        self.assertEqual(self.revoke(desk, "anna", bytes(16)), [])
        self.assertEqual(self.revoke(desk, "anna", life=HOUR - 1), [])
        self.assertTrue(desk.passes(ANNA, BEN))

    def test_forgotten(self) -> None:
        """When the tickets have ended by themselves."""
        desk = Desk()
        self.revoke(desk, "anna")
        desk.relay.table.expire(desk.relay.now, WALL + HOUR + 1)
        self.assertEqual(len(desk.relay.table._revoked), 0)

    def test_the_node_wants_another_ticket(self) -> None:
        """It may be a member again by then."""
        world, anna, _ = joined()
        revocation = Revocation(PARTY, holder("anna").public, int(WALL + HOUR))
        world.relay._ports.say(world.relay.table.revoke(revocation, world.relay.now, WALL))
        DrainTests._deliver(world)
        self.assertEqual((anna.binding.failed, anna.binding.usable), ("revoked", False))
