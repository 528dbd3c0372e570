"""The file of the history of games."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_detection import Method
from lanrage.core.game_history import HISTORY_LIMIT, Played
from lanrage.store.game_history import FILE, GameHistoryFile

times = st.floats(0, 1e10)
played = st.builds(
    Played,
    st.text("abc-", min_size=1, max_size=9),
    st.text(max_size=9),
    st.sampled_from(Method),
    st.floats(0, 1),
    times,
    st.none() | times,
)


class FileTests(SynchronousTestCase):
    """:class:`GameHistoryFile`."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-played-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = GameHistoryFile(self.folder / "state")

    @given(st.lists(played, max_size=4))
    def test_round_trip(self, rows: list[Played]) -> None:
        """What is written is read."""
        self.file.save(rows)
        self.assertEqual(self.file.load(), rows)

    def test_bounded_and_private(self) -> None:
        """The last ones are kept; nobody else reads them."""
        rows = [Played("doom", "Doom", Method.PORTS, 0.6, float(at)) for at in range(HISTORY_LIMIT + 5)]
        self.file.save(rows)
        self.assertEqual(self.file.load(), rows[5:])
        self.assertEqual(self.file.path.stat().st_mode & 0o777, 0o600)

    def test_none_and_damaged(self) -> None:
        """A file that is not there, is no history, or another version's counts as none, and is written anew."""
        self.assertEqual(self.file.load(), [])
        self.file.save([])
        for text in ("", "{", '{"played": [{"game": ""}]}', '{"played": [], "version": 2}'):
            (self.folder / "state" / FILE).write_text(text)
            self.assertEqual(self.file.load(), [])
        self.file.save([Played("doom", "Doom", Method.PORTS, 0.6, 1.0)])
        self.assertEqual(len(self.file.load()), 1)
