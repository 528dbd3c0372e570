"""The table of servers: who comes, who goes and when, and that nobody pushes out what others offer."""

from __future__ import annotations

from collections import Counter

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_server import ServerFacts
from lanrage.core.server_browser import GHOST_SECONDS, MANUAL_LIMIT, MEMBER_LIMIT, TOTAL_LIMIT, ServerTable
from lanrage.core.server_changes import ServerAdded, ServerChanged, ServerRemoved
from lanrage.core.server_entry import (
    ANSWER_SECONDS,
    HEARD_ONCE_SECONDS,
    MISSES,
    Found,
    Joinable,
    Origin,
    Server,
)
from tests.strategies_servers import ADDRESSES, sighting

BEN = sighting()
KEY = BEN.key
CLOSING = attrs.evolve(BEN, facts=attrs.evolve(BEN.facts, closing=True))


class TableCase(SynchronousTestCase):
    """An empty table."""

    def setUp(self) -> None:
        self.table = ServerTable()

    def changes(self) -> list[type]:
        """What happened since the last call."""
        happened, self.table.changes = self.table.changes, []
        return [type(change) for change in happened]

    def only(self) -> Server:
        """The one server that there is."""
        (server,) = self.table.all()
        return server


class AnnouncedTests(TableCase):
    """What is heard."""

    def test_comes_and_lapses(self) -> None:
        """Two and a half periods and half a second after the last announcement it is gone; before a period is known,
        after 30 s."""
        self.table.heard(BEN, 0.0)
        self.assertEqual(([ServerAdded], HEARD_ONCE_SECONDS), (self.changes(), self.only().until()))
        for beat in range(1, 5):
            self.table.heard(BEN, 1.5 * beat)
        self.assertEqual((1.5, 6.0 + 2.5 * 1.5 + 0.5), (self.only().period, self.only().until()))
        self.table.expire(10.2)
        self.assertEqual([], self.changes())
        self.table.expire(10.25)
        self.assertEqual(([ServerRemoved], ()), (self.changes(), self.table.all()))

    def test_known_period(self) -> None:
        """A game whose profile tells the period lapses by it from the first announcement on."""
        self.table.heard(attrs.evolve(BEN, period=2.0), 0.0)
        self.assertEqual(2.5 * 2.0 + 0.5, self.only().until())
        self.table.heard(attrs.evolve(BEN, period=2.0), 2.0)
        self.assertEqual((2.0, 7.5), (self.only().period, self.only().until()))

    def test_a_lost_announcement(self) -> None:
        """Makes the period look longer, never shorter: rather a second too long in the list than flickering."""
        for at in (0.0, 2.0, 4.0, 8.0, 8.05):
            self.table.heard(BEN, at)
        period = self.only().period
        assert period is not None
        self.assertTrue(2.0 < period <= 4.0, period)

    def test_facts(self) -> None:
        """What is new is told, what is not said stays, the same again is no change."""
        self.table.heard(BEN, 0.0)
        self.changes()
        self.table.heard(BEN, 1.0)
        self.assertEqual([], self.changes())
        self.table.heard(attrs.evolve(BEN, facts=ServerFacts("quake3", "", map="q3dm17", players=0)), 2.0)
        self.assertEqual([ServerChanged], self.changes())
        seen = self.only().facts
        self.assertEqual(("Arena", "q3dm17", 0), (seen.name, seen.map, seen.players))

    def test_goodbye(self) -> None:
        """It is gone at once; what leases repeat of it does not count for a while, an answer of it does."""
        self.table.heard(BEN, 0.0)
        self.table.heard(CLOSING, 1.0)
        self.assertEqual([ServerAdded, ServerRemoved], self.changes())
        self.table.heard(BEN, 1.0 + GHOST_SECONDS - 0.1)
        self.assertEqual((), self.table.all())
        self.table.heard(BEN, 1.0 + GHOST_SECONDS)
        self.assertEqual([ServerAdded], self.changes())


class DetectedTests(TableCase):
    """What members' nodes say."""

    def test_ends(self) -> None:
        """It stays without a word, and goes with it, although it was heard a moment before."""
        self.table.detected(BEN.origin, [BEN], 0.0)
        self.table.heard(BEN, 1.0)
        self.table.expire(1e6)
        self.assertEqual(frozenset({Found.DETECTED, Found.ANNOUNCED}), self.only().found)
        self.table.detected(BEN.origin, [], 1e6)
        self.assertEqual((), self.table.all())
        self.table.heard(BEN, 1e6 + 1.0)
        self.assertEqual((), self.table.all())
        self.table.detected(BEN.origin, [BEN], 1e6 + 2.0)
        self.assertEqual(frozenset({Found.DETECTED}), self.only().found)

    def test_others_are_not_touched(self) -> None:
        """A member speaks of its own servers alone."""
        other = sighting(2)
        self.table.detected(BEN.origin, [BEN], 0.0)
        self.table.detected(other.origin, [other], 0.0)
        self.table.detected(BEN.origin, [], 1.0)
        self.assertEqual((other.key,), tuple(each.key for each in self.table.all()))

    def test_falls_silent(self) -> None:
        """One that answered and does not any more leaves the list, and is there again at its next answer."""
        self.table.detected(BEN.origin, [BEN], 0.0)
        self.table.answered(KEY, BEN.facts, "it answered", 1.0)
        for miss in range(MISSES):
            self.assertIs(Joinable.YES, self.only().verdict.joinable)
            self.table.missed(KEY, "silence", 2.0 + miss)
        self.assertEqual([ServerAdded, ServerChanged, ServerRemoved], self.changes())
        self.assertEqual(((), 1), (self.table.all(), len(self.table.known())))
        self.table.answered(KEY, BEN.facts, "it answered", 9.0)
        self.assertEqual(([ServerAdded], Joinable.YES), (self.changes(), self.only().verdict.joinable))

    def test_never_answered(self) -> None:
        """One that its member's node sees and that answers nobody stays, as what cannot be joined from here."""
        self.table.detected(BEN.origin, [BEN], 0.0)
        for miss in range(MISSES):
            self.assertIs(Joinable.UNKNOWN, self.only().verdict.joinable)
            self.table.missed(KEY, "it does not answer", float(miss))
        self.assertEqual((Joinable.NO, "it does not answer", 2.0), attrs.astuple(self.only().verdict))


class AskedTests(TableCase):
    """Answers and silence."""

    def test_three_misses(self) -> None:
        """A server that answered is gone at the third unanswered question, and its last announcements do not count."""
        self.table.heard(BEN, 0.0)
        self.table.answered(KEY, attrs.evolve(BEN.facts, players=3, port=1), "it answered", 1.0)
        self.assertEqual((3, 27960), (self.only().facts.players, self.only().port))
        self.table.missed(KEY, "silence", 2.0)
        self.table.answered(KEY, None, "it took a connection", 3.0)
        for at in (4.0, 5.0):
            self.table.missed(KEY, "silence", at)
        self.assertEqual(1, len(self.table.all()))
        self.table.missed(KEY, "silence", 6.0)
        self.table.heard(BEN, 7.0)
        self.assertEqual((), self.table.all())

    def test_answers_alone(self) -> None:
        """They keep a server that is announced no more, for as long as they come."""
        self.table.heard(BEN, 0.0)
        self.table.answered(KEY, None, "it answered", 29.0)
        self.table.expire(29.0 + ANSWER_SECONDS - 0.1)
        self.assertEqual(1, len(self.table.all()))
        self.table.expire(29.0 + ANSWER_SECONDS)
        self.assertEqual((), self.table.all())

    def test_unknown_servers(self) -> None:
        """An answer that comes too late makes no entry."""
        self.table.answered(KEY, BEN.facts, "it answered", 0.0)
        self.table.missed(KEY, "silence", 0.0)
        self.assertEqual(((), []), (self.table.all(), self.changes()))


class NamedTests(TableCase):
    """What the user named."""

    def test_stays(self) -> None:
        """Over silence and goodbye, until it is removed; what is heard besides is not touched by that."""
        self.assertTrue(self.table.named(BEN, 0.0))
        self.table.answered(KEY, None, "it answered", 0.0)
        for miss in range(5):
            self.table.missed(KEY, "silence", float(miss))
        self.table.heard(CLOSING, 9.0)
        self.table.expire(1e9)
        self.assertEqual(Joinable.NO, self.only().verdict.joinable)
        self.table.heard(BEN, 1e9)
        self.table.answered(KEY, None, "it answered", 1e9)
        self.table.unnamed(KEY, 1e9)
        self.assertEqual(frozenset({Found.ANNOUNCED}), self.only().found)
        self.table.named(BEN, 1e9)
        self.table.expire(2e9)
        self.table.heard(CLOSING, 2e9)
        self.table.unnamed(KEY, 2e9)
        self.assertEqual((), self.table.all())

    def test_limit(self) -> None:
        """So many and no more; nothing that is heard pushes them out."""
        for number in range(MANUAL_LIMIT):
            self.assertTrue(self.table.named(sighting(port=1000 + number), 0.0))
        self.assertFalse(self.table.named(sighting(port=999), 0.0))
        self.assertTrue(self.table.named(sighting(port=1000), 0.0))
        for number in range(2 * MEMBER_LIMIT):
            self.table.heard(sighting(port=3000 + number), 1.0)
        self.assertEqual(MANUAL_LIMIT + MEMBER_LIMIT, len(self.table.all()))

    def test_members_that_leave(self) -> None:
        """Their servers go; one that is in no member's hands stays."""
        elsewhere = attrs.evolve(BEN, origin=Origin("192.0.2.7"))
        self.table.named(elsewhere, 0.0)
        self.table.named(BEN, 0.0)
        self.table.heard(sighting(2), 0.0)
        self.table.keep_only([ADDRESSES[2]])
        self.assertEqual({elsewhere.key, sighting(2).key}, {each.key for each in self.table.all()})


class FloodTests(TableCase):
    """Members that offer too much."""

    def test_own_entries_go(self) -> None:
        """A flood pushes out the flooder's weakest: what its node vouches for and what answers stays."""
        self.table.detected(BEN.origin, [BEN], 0.0)
        self.table.heard(sighting(port=1), 0.0)
        self.table.answered(sighting(port=1).key, None, "it answered", 0.0)
        self.table.heard(sighting(2), 0.0)
        for number in range(500):
            self.table.heard(sighting(port=2000 + number), float(number))
        held = Counter(each.origin.address for each in self.table.all())
        self.assertEqual({ADDRESSES[1]: MEMBER_LIMIT, ADDRESSES[2]: 1}, dict(held))
        self.assertTrue({KEY, sighting(port=1).key} <= {each.key for each in self.table.all()})
        self.assertEqual(500 + 2 - MEMBER_LIMIT, self.table.pushed_out)

    def test_many_floods(self) -> None:
        """Where all together are too many, the ones with the most lose, and a modest member nothing."""
        modest = sighting()
        self.table.heard(modest, 0.0)
        for member in range(40):
            origin = Origin(f"10.66.1.{member}", bytes([member]) * 32)
            for port in range(1, 2 * MEMBER_LIMIT):
                self.table.heard(attrs.evolve(modest, origin=origin, port=port), 1.0)
        held = Counter(each.origin.address for each in self.table.all())
        self.assertEqual(TOTAL_LIMIT, held.total())
        self.assertEqual(1, held[modest.origin.address])
        self.assertEqual(40, len(held) - 1)
