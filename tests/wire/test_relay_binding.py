"""A binding goes on with another ticket: no moment without a path, on a good and on a bad network."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from lanrage.core.identity import SigningKey
from lanrage.core.relay_client import REFRESH
from lanrage.core.relay_cookies import Line
from tests.core.relay_world import HOUR, MemoryRelay, Node, RelayWorld, node, ticket
from tests.strategies_relay import fates

ANNA, BEN = Line("192.0.2.1", 51820, 7800), Line("198.51.100.2", 4242, 7801)
SHORT_LIFE = 300.0
"""Seconds; longer than what comes before the test looks whether the ticket is out of use."""
PATIENCE = 120.0
"""Seconds in which also the worst network that is drawn lets everything through."""


def joined(fate: Callable[[], list[float]] = lambda: [0.02], life: float = HOUR) -> tuple[RelayWorld, Node, Node]:
    """Two ends that are bound (Anna by a ticket of this life), and then the network as it will be."""
    anna, ben = node("anna", "ben", ANNA, ticket("anna", "ben", life=life)), node("ben", "anna", BEN)
    world = RelayWorld(MemoryRelay(), [anna, ben])
    world.start()
    assert world.run(1, lambda: anna.binding.usable and ben.binding.usable)
    world.fate = fate
    return world, anna, ben


def test_a_renewed_ticket_carries_on() -> None:
    """Past the first ticket's end, and never unusable."""
    world, anna, ben = joined()
    for end, names in ((anna, ("anna", "ben")), (ben, ("ben", "anna"))):
        world.run(10)
        world.send(end, end.binding.renew(ticket(*names, life=3 * HOUR), world.relay.now))
    assert not world.run(2.5 * HOUR, lambda: not (anna.binding.usable and ben.binding.usable))
    assert len(world.relay.table) == 2
    assert world.relay.table.counters.bound == 4


def test_without_another_ticket_it_ends_and_says_so() -> None:
    """With the ticket's time; the other end learns by its next refresh that it is alone."""
    world, anna, ben = joined()
    world.send(ben, ben.binding.renew(ticket("ben", "anna", life=3 * HOUR), world.relay.now))
    assert world.run(HOUR + 10, lambda: bool(anna.binding.failed))
    assert (anna.binding.failed, anna.binding.usable, anna.binding.deadline()) == ("expired", False, None)
    assert world.run(REFRESH + 0.1, lambda: not ben.binding.usable)
    assert ben.binding.bound


def test_a_refused_successor_leaves_the_binding_alone() -> None:
    """The ticket in use serves to its end."""
    world, anna, _ = joined()
    forged = ticket("anna", "ben", key=SigningKey(b"F" * 32))
    world.send(anna, anna.binding.renew(forged, world.relay.now))
    assert not world.run(600, lambda: not anna.binding.usable)
    assert anna.binding.failed == ""


def test_a_stop_while_renewing_leaves_nothing() -> None:
    """No deadline, and no binding at the relay."""
    world, anna, _ = joined()
    world.send(anna, anna.binding.renew(ticket("anna", "ben", life=2 * HOUR), world.relay.now))
    world.send(anna, anna.binding.stop())
    world.run(0.1)
    assert anna.binding.deadline() is None
    assert not anna.binding.bound
    assert len(world.relay.table) == 1


@given(fates(), st.floats(0, 30))
@settings(max_examples=30)
def test_a_bad_network_only_delays_it(fate: Callable[[], list[float]], wait: float) -> None:
    """The relay's binding ends up being the renewed one, and both ends know it."""
    world, anna, ben = joined(fate, SHORT_LIFE)
    world.run(wait)
    world.send(anna, anna.binding.renew(ticket("anna", "ben", life=3 * HOUR), world.relay.now))
    world.run(PATIENCE)
    world.fate = lambda: [0.02]
    assert world.run(PATIENCE, lambda: anna.binding.usable and ben.binding.usable)
    assert not world.run(SHORT_LIFE, lambda: bool(anna.binding.failed))
