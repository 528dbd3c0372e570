"""A node's binding at a relay: two nodes and the relay's table joined in memory, on a good and on a bad network."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.relay import Bound, Challenge, Refusal, Rejected, Unbind, Unknown
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_client import REFRESH, REFRESH_TRIES, RETRY_LAST, RelayClient
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import LIFETIME
from lanrage.core.tickets import pair_of
from lanrage.wire.relay import decode, encode
from tests.core.relay_world import MemoryRelay, Node, RelayWorld, holder, node, ticket, wireguard
from tests.strategies_relay import datagrams, fates

ANNA, BEN = Line("192.0.2.1", 51820, 7800), Line("198.51.100.2", 4242, 7801)
GONE = 0.1 * (2**REFRESH_TRIES - 1)
"""Seconds of unanswered refreshes until a relay is taken for gone."""


def two(limits: RelayLimits | None = None) -> tuple[RelayWorld, Node, Node]:
    """Anna and Ben at a relay, on a good network of 40 ms round trip."""
    anna, ben = node("anna", "ben", ANNA), node("ben", "anna", BEN)
    return RelayWorld(MemoryRelay(limits), [anna, ben]), anna, ben


def joined() -> tuple[RelayWorld, Node, Node]:
    """Both bound."""
    world, anna, ben = two()
    world.start()
    assert world.run(1, lambda: anna.binding.usable and ben.binding.usable)
    world.run(1)
    return world, anna, ben


class BindTests(SynchronousTestCase):
    """Binding, data, the ways a binding ends."""

    def test_both_bind_and_data_passes(self) -> None:
        """Two round trips bind both; each one's data reaches the other unchanged, out of the port that it bound."""
        world, anna, ben = two()
        world.start()
        self.assertTrue(world.run(0.2, lambda: anna.binding.usable and ben.binding.usable))
        world.send(anna, [b"\x04\x00\x00\x00from anna", b"LRNGprobe"])
        world.send(ben, [b"\x04\x00\x00\x00from ben"])
        world.run(0.1)
        self.assertEqual(
            (anna.got, ben.got), ([b"\x04\x00\x00\x00from ben"], [b"\x04\x00\x00\x00from anna", b"LRNGprobe"])
        )
        counters = world.relay.table.counters
        self.assertEqual((counters.forwarded_packets, counters.forwarded_bytes), (3, 13 + 9 + 12))

    def test_it_stays_for_hours_and_costs_little(self) -> None:
        """One refresh each 4 s and end: under 20 bytes a second each way."""
        world, anna, ben = joined()
        world.bytes_in = world.bytes_out = 0
        self.assertFalse(world.run(3000, lambda: not (anna.binding.usable and ben.binding.usable)))
        self.assertLess(world.bytes_in, 3000 * 20)
        self.assertLessEqual(world.bytes_out, world.bytes_in)
        self.assertEqual(world.relay.table.counters.bound, 2)

    def test_a_lost_word_of_the_peer_is_made_up_for(self) -> None:
        """The one who waits asks each second."""
        world, anna, ben = two()
        world.send(anna, anna.binding.start(world.relay.now))
        world.run(1, lambda: anna.binding.bound)
        world.send(ben, ben.binding.start(world.relay.now))
        passes = iter([True, True, True, False])  # CHALLENGE, BIND, BOUND to Ben, BOUND to Anna
        world.fate = lambda: [0.02] if next(passes, True) else []
        self.assertTrue(world.run(0.3, lambda: ben.binding.usable))
        world.run(0.1)
        self.assertFalse(anna.binding.peer_present)
        self.assertTrue(world.run(1.5, lambda: anna.binding.usable))

    def test_a_restarted_relay_is_bound_again(self) -> None:
        """Within a refresh when nothing is sent; within four round trips when data is."""
        for data, most in ((b"", REFRESH + 0.2), (b"\x04\x00\x00\x00data", 0.18)):
            self.assertLessEqual(self.bound_again(data), most)

    def bound_again(self, data: bytes) -> float:
        """Seconds from a restart until both are bound again."""
        world, anna, ben = joined()
        world.relay.restart()
        began = world.relay.now
        for each in (anna, ben):
            world.send(each, [data] if data else [])
        self.assertTrue(
            world.run(10, lambda: len(world.relay.table) == 2 and anna.binding.usable and ben.binding.usable)
        )
        return world.relay.now - began

    def test_another_address(self) -> None:
        """A node that has another address is bound there after three round trips, when it says so."""
        world, anna, ben = joined()
        anna.line = Line("203.0.113.77", 51820, 7800)
        world.send(anna, anna.binding.moved(world.relay.now))
        world.run(0.05)
        self.assertFalse(anna.binding.usable)
        self.assertTrue(world.run(0.12, lambda: anna.binding.usable and ben.binding.usable))
        world.send(ben, [b"\x04\x00\x00\x00data"])
        world.run(0.1)
        self.assertEqual([b"\x04\x00\x00\x00data"], anna.got)

    def test_not_bound_yet(self) -> None:
        """Before it is bound there is nothing to ask."""
        _, anna, _ = two()
        self.assertEqual([], anna.binding.moved(0.0))

    def test_a_silent_relay_is_noticed_and_met_again(self) -> None:
        """After unanswered refreshes it is not usable; it is asked every 2 s from then on."""
        world, anna, ben = joined()
        world.fate = list
        self.assertTrue(world.run(REFRESH + GONE + 0.1, lambda: not anna.binding.usable and not ben.binding.usable))
        world.run(300)
        self.assertEqual(len(world.relay.table), 2, "it heard nothing, not even of the end")
        world.relay.table.expire(world.relay.now)
        world.fate = lambda: [0.02]
        self.assertTrue(world.run(RETRY_LAST + 0.3, lambda: anna.binding.usable and ben.binding.usable))

    def test_stopping_tells_the_relay_and_the_relay_the_peer(self) -> None:
        """Nothing is sent after it."""
        world, anna, ben = joined()
        world.send(anna, anna.binding.stop())
        self.assertTrue(world.run(0.1, lambda: not ben.binding.peer_present))
        self.assertEqual((anna.binding.deadline(), anna.binding.stop(), len(world.relay.table)), (None, [], 1))

    def test_a_new_start_from_a_new_address(self) -> None:
        """The network changed: data follows."""
        world, anna, ben = joined()
        anna.line = Line("192.0.2.77", 1, ANNA.local)
        world.send(anna, anna.binding.start(world.relay.now))
        self.assertTrue(world.run(0.3, lambda: anna.binding.usable and ben.binding.usable))
        world.send(ben, [b"\x04\x00\x00\x00hello"])
        world.run(0.1)
        self.assertEqual(anna.got, [b"\x04\x00\x00\x00hello"])

    def test_an_address_that_changed_unnoticed(self) -> None:
        """A NAT gave another port: the next refresh finds out."""
        world, anna, ben = joined()
        anna.line = Line(ANNA.host, ANNA.port + 1, ANNA.local)
        world.run(REFRESH + 0.3)
        self.assertTrue(anna.binding.usable and ben.binding.usable)
        world.send(ben, [b"\x04\x00\x00\x00hello"])
        world.run(0.1)
        self.assertEqual(anna.got, [b"\x04\x00\x00\x00hello"])


class RefusalTests(SynchronousTestCase):
    """What a relay refuses."""

    def failure(self, blob: bytes) -> str:
        """What is said of a ticket."""
        anna = node("anna", "ben", ANNA, blob)
        world = RelayWorld(MemoryRelay(), [anna])
        world.start()
        world.run(5)
        self.assertEqual((anna.binding.usable, anna.binding.bound, anna.binding.deadline()), (False, False, None))
        return anna.binding.failed

    def test_only_another_ticket_helps(self) -> None:
        """It says which kind of refusal, and asks no more."""
        self.assertEqual(self.failure(ticket("anna", "ben", life=0)), "expired")
        self.assertEqual(self.failure(ticket("anna", "ben", key=holder("eve"))), "refused")
        self.assertEqual(self.failure(ticket("anna", "ben", owner="eve")), "refused")

    def test_an_ending_ticket_ends_the_binding(self) -> None:
        """The relay says so; with another ticket it starts again."""
        anna = node("anna", "ben", ANNA, ticket("anna", "ben", life=30))
        world = RelayWorld(MemoryRelay(), [anna])
        world.start()
        self.assertFalse(world.run(29, lambda: anna.binding.failed != ""))
        self.assertTrue(world.run(5, lambda: anna.binding.failed == "expired"))

    def test_a_full_relay_is_asked_again(self) -> None:
        """Every 2 s, until there is room."""
        world, anna, ben = two(RelayLimits(bindings=1))
        world.send(anna, anna.binding.start(world.relay.now))
        world.run(1)
        world.send(ben, ben.binding.start(world.relay.now))
        world.run(10)
        self.assertEqual((ben.binding.bound, ben.binding.failed), (False, ""))
        world.send(anna, anna.binding.stop())
        self.assertTrue(world.run(RETRY_LAST + 0.3, lambda: ben.binding.bound))


class ForgeryTests(SynchronousTestCase):
    """Words that are not the relay's, or come late."""

    def machine(self) -> tuple[RelayClient, bytes]:
        """A machine that just asked, and its transaction."""
        pair = pair_of(wireguard("anna"), wireguard("ben"))
        client = RelayClient(ticket("anna", "ben"), pair, holder("anna").sign)
        [asked] = client.start(1000.0)
        return client, asked.transaction  # type: ignore[union-attr]

    def test_another_transaction_says_nothing(self) -> None:
        """Nobody guesses 8 bytes."""
        client, _ = self.machine()
        for message in (
            Challenge(b"guessed!", b"c" * 16),
            Bound(b"guessed!", 9, 60, True),
            Rejected(b"guessed!", Refusal.TICKET),
        ):
            self.assertEqual(client.receive(message, 1000.1), [])
        self.assertEqual((client.bound, client.failed), (False, ""))

    def test_bound_without_having_bound(self) -> None:
        """A late BOUND of an earlier time is not believed before the ticket was shown."""
        client, transaction = self.machine()
        client.receive(Bound(transaction, 9, 60, True), 1000.1)
        self.assertFalse(client.bound)

    def test_an_overtaken_bound_does_not_undo_a_later_one(self) -> None:
        """The number tells."""
        client, transaction = self.machine()
        client.receive(Challenge(transaction, b"c" * 16), 1000.1)
        client.receive(Bound(transaction, 2, 60, True), 1000.2)
        client.receive(Bound(transaction, 1, 60, False), 1000.3)
        self.assertTrue(client.usable)

    def test_a_forged_unknown_costs_one_question(self) -> None:
        """A flood of them makes the node ask once, and what is bound stays in use."""
        world, anna, ben = joined()
        flood = [anna.binding.receive(encode(Unknown()), world.relay.now) for _ in range(1000)]
        sent = [datagram for datagrams in flood for datagram in datagrams]
        self.assertEqual(len(sent), 1)
        self.assertTrue(anna.binding.usable)
        world.send(anna, sent)
        self.assertFalse(world.run(10, lambda: not (anna.binding.usable and ben.binding.usable)))

    def test_a_late_challenge_does_not_unbind(self) -> None:
        """A copy that was overtaken."""
        world, anna, _ = joined()
        [asked] = [decode(each) for each in anna.binding.stop()]
        self.assertIsInstance(asked, Unbind)
        client, transaction = self.machine()
        client.receive(Challenge(transaction, b"c" * 16), world.relay.now)
        client.receive(Bound(transaction, 1, 60, True), world.relay.now)
        self.assertEqual(client.receive(Challenge(transaction, b"d" * 16), world.relay.now), [])
        self.assertTrue(client.usable)

    def test_each_start_has_a_transaction_of_its_own(self) -> None:
        """Also at one moment, and it is nothing that another could know."""
        client, first = self.machine()
        [again] = client.start(1000.0)
        self.assertNotEqual(first, again.transaction)  # type: ignore[union-attr]
        self.assertNotEqual(
            self.machine()[1], RelayClient(client.ticket, client.pair, holder("eve").sign).start(1000.0)
        )

    def test_secrets_are_not_shown(self) -> None:
        """Neither the ticket nor the transaction is in what a log would print."""
        client, transaction = self.machine()
        for secret in (repr(transaction), repr(client.ticket)[2:20]):
            self.assertNotIn(secret, repr(client))


@settings(max_examples=60)
@given(fates())
def test_two_nodes_meet_on_a_bad_network(fate: Callable[[], list[float]]) -> None:
    """Under loss, doubling and overtaking both bind; and they stay when the network is good again."""
    world, anna, ben = two()
    world.fate = fate
    world.start()
    assert world.run(60, lambda: anna.binding.usable and ben.binding.usable)
    world.run(30)
    assert world.bytes_out <= 2 * world.bytes_in, "the network doubles what the relay sends, not the relay"
    world.fate = lambda: [0.02]
    world.run(2 * RETRY_LAST + 0.5)
    assert not world.run(30, lambda: not (anna.binding.usable and ben.binding.usable))
    assert len(world.relay.table) == 2


@settings(max_examples=40)
@given(fates())
def test_a_restart_on_a_bad_network(fate: Callable[[], list[float]]) -> None:
    """Late words of before the restart confuse nobody for longer than a lifetime."""
    world, anna, ben = joined()
    world.fate = fate
    world.run(10)
    world.relay.restart()
    world.run(0.3)
    world.fate = lambda: [0.02]
    assert world.run(LIFETIME, lambda: world.relay.table.counters.bound >= 2)
    world.run(RETRY_LAST + 0.5)
    assert anna.binding.usable
    assert ben.binding.usable
    world.send(anna, [b"\x04\x00\x00\x00data"])
    world.run(0.1)
    assert ben.got == [b"\x04\x00\x00\x00data"]


@given(datagrams)
def test_any_bytes_from_the_relays_address_leave_a_binding_alive(datagram: bytes) -> None:
    """It answers with at most one datagram, and goes on."""
    world, anna, ben = joined()
    assert len(anna.binding.receive(datagram, world.relay.now)) <= 1
    assert not world.run(10, lambda: not (anna.binding.usable and ben.binding.usable))
