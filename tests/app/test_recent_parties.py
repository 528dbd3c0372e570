"""The parties of late: remembered, bounded, on disk without a secret."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.recent_parties import BEAT, SAVED_EVERY, RecentParties
from lanrage.core.recent_parties import MEMBERS_LIMIT, NAME_LIMIT, PARTIES_LIMIT, RecentParty, remembered
from lanrage.store.recent_parties import RecentPartiesFile
from tests.fakes_threads import ThreadClock

FRIDAY = RecentParty("ab" * 16, "Friday", "play.example.org:7766", "Ann", 100.0, 100.0, ("Ben",))
names = st.text(max_size=80)
parties = st.builds(
    RecentParty,
    st.sampled_from([f"{number:032x}" for number in range(30)]),
    names,
    names,
    names,
    st.floats(0, 1e9),
    st.floats(0, 1e9),
    st.lists(names, max_size=80).map(tuple),
)


class RuleTests(SynchronousTestCase):
    """What is remembered."""

    @given(st.lists(parties, max_size=60))
    def test_bounded(self, seen: list[RecentParty]) -> None:
        """The latest is the first, each is there once, nothing grows without end, and the file takes it as it is."""
        known: tuple[RecentParty, ...] = ()
        for each in seen:
            known = remembered(known, each)
            self.assertEqual(known[0].party_id, each.party_id)
            self.assertNotIn(each.me[:NAME_LIMIT], known[0].members)
        self.assertEqual(len({each.party_id for each in known}), len(known))
        self.assertLessEqual(len(known), PARTIES_LIMIT)
        self.assertTrue(all(len(each.members) <= MEMBERS_LIMIT for each in known))
        with tempfile.TemporaryDirectory() as folder:
            file = RecentPartiesFile(Path(folder))
            file.save(known)
            self.assertEqual(file.load(), known)
            self.assertEqual(file.path.stat().st_mode & 0o777, 0o600)

    def test_with_whom(self) -> None:
        """Who was there once stays; who was seen last is the last; the first time stays, too."""
        later = attrs.evolve(FRIDAY, first=200.0, last=200.0, members=("Cleo",))
        again = attrs.evolve(FRIDAY, first=300.0, last=300.0, members=("Ben",))
        known = remembered(remembered((FRIDAY,), later), again)
        self.assertEqual(known, (attrs.evolve(FRIDAY, last=300.0, members=("Cleo", "Ben")),))

    def test_damaged(self) -> None:
        """A file that is none of ours, or that others may read, counts as none."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        file = RecentPartiesFile(folder)
        for text in ("", "{", '{"parties":[{}]}', '{"parties":[],"version":2}'):
            file.path.write_text(text)
            file.path.chmod(0o600)
            self.assertEqual(file.load(), ())
        file.save((FRIDAY,))
        file.path.chmod(0o644)
        self.assertEqual(file.load(), ())


class KeeperTests(SynchronousTestCase):
    """By a clock."""

    def setUp(self) -> None:
        """In a party."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        self.clock, self.file = ThreadClock(), RecentPartiesFile(folder)
        self.seen: RecentParty | None = FRIDAY
        self.keeper = RecentParties(self.clock, self.file, lambda: self.seen)

    def test_life(self) -> None:
        """Who is new is on disk at once, the time later, and all of it at the stop; outside of a party all stays."""
        self.keeper.startService()
        self.assertEqual(self.file.load(), (FRIDAY,))
        self.seen = attrs.evolve(FRIDAY, last=105.0)
        self.clock.advance(BEAT)
        self.assertEqual((self.keeper.parties[0].last, self.file.load()[0].last), (105.0, 100.0))
        self.clock.advance(SAVED_EVERY)
        self.assertEqual(self.file.load()[0].last, 105.0)
        self.seen = attrs.evolve(FRIDAY, last=500.0)
        self.successResultOf(self.keeper.stopService())
        self.assertEqual(self.file.load()[0].last, 500.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.seen = None
        self.keeper.startService()
        self.clock.advance(BEAT)
        self.assertEqual(self.keeper.parties[0].last, 500.0)
        self.successResultOf(self.keeper.stopService())

    def test_disk(self) -> None:
        """That it cannot be written is told, and ends nothing."""
        shutil.rmtree(self.file.folder)
        self.file.folder.touch()
        self.addCleanup(self.file.folder.mkdir)
        self.addCleanup(self.file.folder.unlink)
        self.keeper.startService()
        self.assertIn("cannot be made", self.keeper.trouble)
        self.assertEqual(self.keeper.parties, (FRIDAY,))
        self.successResultOf(self.keeper.stopService())
