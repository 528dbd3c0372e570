"""Who is let in: against a simple model, and each limit by itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.door_limits import BURST, HOST_LIMIT, MEMORY_LIMIT, RATE, DoorLimits

HOSTS = st.sampled_from(["", "a", "b", "c"])


class DoorLimitsTests(SynchronousTestCase):
    """The limits."""

    def test_one_host_does_not_take_all(self) -> None:
        """A host has so many at once; another still comes in, and one that ends makes room."""
        door = DoorLimits()
        said = [door.enter("a", n / RATE) for n in range(HOST_LIMIT + 1)]
        self.assertEqual([""] * HOST_LIMIT + ["limit"], said)
        self.assertEqual("", door.enter("b", 0.0))
        door.leave("a")
        self.assertEqual("", door.enter("a", 1000.0))
        self.assertEqual("limit", door.enter("a", 1001.0))

    def test_this_machine_is_not_counted(self) -> None:
        """What has no origin takes room in all, and nothing else."""
        door = DoorLimits(limit=2 * HOST_LIMIT)
        self.assertEqual({""}, {door.enter("", 0.0) for _ in range(2 * HOST_LIMIT)})
        self.assertEqual("limit", door.enter("", 0.0))
        door.leave("")
        self.assertEqual("", door.enter("", 0.0))

    def test_rate(self) -> None:
        """A host that comes and goes is slowed down; who is refused for that gets in again after a while."""
        door = DoorLimits()
        taken = 0
        while not door.enter("a", 5.0):
            door.leave("a")
            taken += 1
        self.assertEqual((int(BURST), "rate"), (taken, door.enter("a", 5.0)))
        self.assertEqual("", door.enter("b", 5.0))
        said = [door.enter("a", 6.0) for _ in range(int(RATE) + 1)]
        self.assertEqual([""] * int(RATE) + ["rate"], said)

    def test_memory_is_bounded(self) -> None:
        """However many hosts come by, so many are remembered, those that came last."""
        door = DoorLimits()
        for n in range(2 * MEMORY_LIMIT):
            self.assertEqual("", door.enter(str(n), 0.0))
            door.leave(str(n))
        self.assertEqual((MEMORY_LIMIT, 0), (len(door._buckets), len(door._hosts)))
        self.assertIn(str(2 * MEMORY_LIMIT - 1), door._buckets)
        self.assertEqual(0, door.count)

    def test_a_proxy_tells_whom_it_speaks_for(self) -> None:
        """A connection moves to its client's host, whose limits count; refused, it stays where it was."""
        door = DoorLimits()
        for n in range(HOST_LIMIT):
            self.assertEqual("", door.enter("", n / RATE))
            self.assertEqual("", door.move("", "client", n / RATE))
        self.assertEqual("", door.enter("", 20.0))
        self.assertEqual("limit", door.move("", "client", 20.0))
        self.assertEqual("", door.move("", "other", 20.0))
        for origin in ["client"] * HOST_LIMIT + ["other"]:
            door.leave(origin)
        self.assertEqual((0, 0), (door.count, len(door._hosts)))


class DoorLimitsMachine(RuleBasedStateMachine):
    """Connections come, move and go; the count is always that of those who are in."""

    def __init__(self) -> None:
        super().__init__()
        self.door = DoorLimits(limit=6)
        self.inside: list[str] = []
        self.now = 0.0

    @rule(origin=HOSTS, pause=st.floats(0, 1))
    def enter(self, origin: str, pause: float) -> None:
        """One comes."""
        self.now += pause
        refused = self.door.enter(origin, self.now)
        assert refused == ("limit" if len(self.inside) >= 6 else "")
        if not refused:
            self.inside.append(origin)

    @rule(data=st.data(), to=HOSTS)
    def move(self, data: Any, to: str) -> None:
        """One is another's."""
        if self.inside:
            at = data.draw(st.integers(0, len(self.inside) - 1))
            assert not self.door.move(self.inside[at], to, self.now)
            self.inside[at] = to

    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        """One goes."""
        if self.inside:
            self.door.leave(self.inside.pop(data.draw(st.integers(0, len(self.inside) - 1))))

    @invariant()
    def counts(self) -> None:
        """The door knows who is in."""
        assert self.door.count == len(self.inside)
        assert self.door._hosts == Counter(origin for origin in self.inside if origin)


TestDoorLimitsMachine = DoorLimitsMachine.TestCase
