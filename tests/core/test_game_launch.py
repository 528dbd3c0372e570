"""How a game is told of a server at its start."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_launch import check_launch, client_programs, join_arguments
from lanrage.core.game_profile import Executable, GameProfile, Join, JoinMethod, Platform, PortRole, PortUse
from lanrage.core.game_reading import combine
from lanrage.core.game_windows import TITLE_LIMIT, WINDOWS_LIMIT, Window, one_line, told
from lanrage.core.play_ports import Span
from lanrage.errors import Refused
from lanrage.store.game_profiles import load_shipped

TAG = GameProfile(
    "tag",
    "Tag",
    "high",
    (),
    executables=(Executable(Platform.WINDOWS, "tag.exe"), Executable(Platform.LINUX, "tag")),
    ports=(PortUse(Span("udp", 7, 9), PortRole.GAME),),
    join=Join(JoinMethod.COMMAND, ("--connect", "{address}:{port}", "--host={address}", "{{{port}}}"), ("tag",)),
)


class Arguments(SynchronousTestCase):
    """The command line."""

    def test_filled_in(self) -> None:
        """Address and port; of IPv6 in brackets beside a port."""
        self.assertEqual(join_arguments(TAG, "10.66.0.2", 7), ("--connect", "10.66.0.2:7", "--host=10.66.0.2", "{7}"))
        self.assertEqual(join_arguments(TAG, "fd00::2", 7)[1:3], ("[fd00::2]:7", "--host=fd00::2"))
        self.assertEqual(client_programs(TAG), ("tag",))

    def test_not_known(self) -> None:
        """A game of which it is not known has none."""
        for join in (None, Join(JoinMethod.LOBBY, ("{port}",)), Join(JoinMethod.COMMAND)):
            self.assertEqual(join_arguments(attrs.evolve(TAG, join=join), "10.0.0.1", 7), ())
        self.assertEqual(join_arguments(None, "10.0.0.1", 7), ())

    def test_program_without_a_port(self) -> None:
        """It is started for a server at the game's own port alone: elsewhere it would join another one."""
        plain = attrs.evolve(TAG, join=Join(JoinMethod.COMMAND, ("{address}",), ("tag",)))
        self.assertEqual(join_arguments(plain, "10.0.0.1", 7), ("10.0.0.1",))
        self.assertEqual(join_arguments(plain, "10.0.0.1", 8), ())

    def test_checked_before_anybody_is_asked(self) -> None:
        """A game that is not known, whose arguments are not, or that names no player's program is not started."""
        check_launch(TAG, "10.66.0.2", 7)
        nameless = attrs.evolve(TAG, join=Join(JoinMethod.COMMAND, ("{address}:{port}",)))
        for profile, word in ((None, "not known"), (attrs.evolve(TAG, join=None), "Tag"), (nameless, "no program")):
            refusal = self.assertRaises(Refused, check_launch, profile, "10.66.0.2", 7)
            self.assertEqual("not_started", refusal.code)
            self.assertIn(word, refusal.message)

    def test_no_server_is_started_for_a_client(self) -> None:
        """Of the shipped games that are joined by a command, each names players' programs."""
        joined = {
            each.game: client_programs(each)
            for each in combine(load_shipped(), ()).games.values()
            if each.join is not None and each.join.command
        }
        self.assertGreater(len(joined), 10)
        self.assertEqual(joined["freeciv"][0], "freeciv-gtk3.22")
        servers = [
            name for names in joined.values() for name in names if name.endswith(("server", "ded", "dedicated", "bzfs"))
        ]
        self.assertEqual(servers, [])


class Titles(SynchronousTestCase):
    """Texts of foreign programs."""

    @given(st.text(max_size=900))
    def test_one_line(self, text: str) -> None:
        """Printable, short, without blanks at the ends; twice is as once."""
        line = one_line(text)
        assert len(line) <= TITLE_LIMIT
        assert line.isprintable()
        assert line.strip() == line
        assert one_line(line) == line

    @given(st.lists(st.builds(Window, st.text("ab", max_size=2), st.text("xy", max_size=1)), max_size=9))
    def test_told(self, windows: list[Window]) -> None:
        """The order in which a server lists them does not matter, and nothing without a title is told."""
        assert told(windows) == told(reversed(windows))
        assert set(told(windows)) == {each for each in windows if each.title}

    def test_told_is_bounded(self) -> None:
        """A session with a thousand windows tells some of them."""
        self.assertEqual(len(told(Window(str(number)) for number in range(1000))), WINDOWS_LIMIT)
