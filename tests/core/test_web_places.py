"""Connections of the gateway for browsers: who has a place, and who gives one up."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_places import DEFAULT_LIMITS, GRACE_SECONDS, Place, PlaceLimits, WebPlaces

FEW = PlaceLimits(strangers=4, users=4, of_user=2)
USERS = st.integers(0, 4)


class PlacesLife(RuleBasedStateMachine):
    """Any users connect, log in and go, in any order."""

    seen: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.machine = WebPlaces(FEW)
        self.now = 0.0
        self.held: list[Place] = []

    def strangers(self) -> list[Place]:
        """Those without a login, the oldest first."""
        return [each for each in self.held if each.user is None]

    def ended(self, place: Place | None) -> None:
        """A connection was cut."""
        if place is not None:
            self.held.remove(place)

    @rule(peer=USERS | st.none())
    def come(self, peer: int | None) -> None:
        """There is room, or an older stranger goes, or nobody has had time yet; those with a login stay."""
        before = self.strangers()
        own = [each for each in before if each.peer == peer]
        found = self.machine.come(peer, self.now)
        self.ended(found.ended)
        old = [each for each in own or before if self.now - each.since >= GRACE_SECONDS]
        if len(before) < FEW.strangers:
            assert (found.place is not None, found.ended) == (True, None)
        elif found.ended is not None:
            theirs = [each for each in before if each.peer == found.ended.peer]
            assert found.ended is theirs[0] or found.ended is before[0]
            assert len(theirs) > len(own) + 1 or found.ended is old[0]
            self.seen.add("a stranger of many" if len(theirs) > len(own) + 1 else "an old stranger")
        else:
            assert found.place is None
            assert not old
            self.seen.add("no place for a stranger")
        if found.place is not None:
            self.held.append(found.place)

    @rule(peer=USERS, user=USERS, waits=st.booleans())
    def come_and_log_in(self, peer: int, user: int, waits: bool) -> None:
        """As a page does that was open before."""
        if waits:
            self.wait(GRACE_SECONDS)
        self.come(peer)
        if self.held and self.held[-1].user is None:
            self.show(self.held[-1], user)

    @rule(data=st.data(), user=USERS)
    def log_in(self, data: Any, user: int) -> None:
        """A token is shown over a connection, perhaps one that showed another's before."""
        if self.held:
            self.show(data.draw(st.sampled_from(self.held)), user)

    def show(self, place: Place, user: int) -> None:
        """Show the token; no stranger goes for it."""
        before = [each for each in self.held if each.user is not None and each is not place]
        own = [each for each in before if each.user == user]
        known = place.user
        found = self.machine.log_in(place, user)
        if found.place is None:
            assert place.user == known
            assert len(own) == FEW.of_user or len(before) == FEW.users
            self.seen.add("a user's share" if len(own) == FEW.of_user else "no place for a user")
            return
        assert place.user == user
        if found.ended is not None:
            assert len(before) == FEW.users
            assert sum(each.user == found.ended.user for each in before) > len(own) + 1
            self.seen.add("a user of many")
        self.ended(found.ended)
        if known != user:
            self.held.remove(place)
            self.held.append(place)

    @rule(data=st.data())
    def leave(self, data: Any) -> None:
        """A connection ends."""
        if self.held:
            gone = data.draw(st.sampled_from(self.held))
            self.held.remove(gone)
            self.machine.leave(gone)
            self.machine.leave(gone)

    @rule(seconds=st.sampled_from((0.1, GRACE_SECONDS)))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @invariant()
    def bounded(self) -> None:
        """Those that are known, in order, and never more than the limits."""
        assert list(self.machine) == self.held
        users = [each.user for each in self.held if each.user is not None]
        assert len(self.held) - len(users) <= FEW.strangers
        assert len(users) <= FEW.users
        assert all(users.count(user) <= FEW.of_user for user in users)


class TestPlacesLife(PlacesLife.TestCase):  # type: ignore[valid-type,misc]
    """The machine; and that its steps come to all places where a table is full."""

    settings = settings(max_examples=40, stateful_step_count=60)

    def runTest(self) -> None:
        """Run it."""
        PlacesLife.seen.clear()
        super().runTest()
        strangers = {"a stranger of many", "an old stranger", "no place for a stranger"}
        self.assertEqual(strangers | {"a user's share", "no place for a user", "a user of many"}, PlacesLife.seen)


class PlacesTests(SynchronousTestCase):
    """Single rules."""

    def test_a_stranger_gives_way_in_time(self) -> None:
        """One user's program fills all places: one more of his waits until the oldest had its seconds."""
        machine = WebPlaces()
        first = [machine.come(7, 0.0).place for _ in range(DEFAULT_LIMITS.strangers)]
        self.assertIsNone(machine.come(7, GRACE_SECONDS - 0.1).place)
        found = machine.come(7, GRACE_SECONDS)
        self.assertEqual((True, first[0]), (found.place is not None, found.ended))

    def test_another_user_does_not_wait(self) -> None:
        """Who has none gets one at once from who has all."""
        machine = WebPlaces()
        first = [machine.come(7, 0.0).place for _ in range(DEFAULT_LIMITS.strangers)]
        found = machine.come(8, 0.0)
        self.assertEqual((True, first[0]), (found.place is not None, found.ended))
        self.assertIn(found.place, machine)
        for _ in range(2 * DEFAULT_LIMITS.strangers):
            machine.come(7, GRACE_SECONDS)
        self.assertIn(found.place, machine)
