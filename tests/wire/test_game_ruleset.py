"""The rules that mark games' traffic, as text: what they match, and that no name or number becomes another rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import GameWishes, Marked, tuned
from lanrage.core.play_ports import merged
from lanrage.errors import BadInput
from lanrage.wire.game_ruleset import ruleset, table_name
from tests.fakes_running_games import udp
from tests.strategies_guard import spans

DEVICES = ("wg0", "lanrage0")
REALTIME = Marked(TrafficClass.REALTIME, (udp(8303, 8310), udp(9)))
wishes = st.builds(
    GameWishes, st.lists(spans, max_size=4).map(merged), traffic=st.none() | st.sampled_from(TrafficClass)
)


class RulesetTests(SynchronousTestCase):
    """The table."""

    def test_whole(self) -> None:
        """Both ends' ports, both families; outside WireGuard's port alone, in the user's class."""
        text = ruleset(DEVICES, 51820, (REALTIME,), TrafficClass.REALTIME, (1, 0x1A))
        table = "inet lanrage-games-wg0"
        ports = "{ udp . 8303-8310, udp . 9 }"
        inside = [
            f'add rule {table} inside oifname {{ "wg0", "lanrage0" }} meta l4proto . th {side} {ports}'
            f" {family} dscp 0 meta priority set 0:6 {family} dscp set 32"
            for side in ("sport", "dport")
            for family in ("ip", "ip6")
        ]
        outside = [
            f"add rule {table} outside udp sport 51820 {family} dscp 0 meta priority set 1:1a {family} dscp set 32"
            for family in ("ip", "ip6")
        ]
        self.assertEqual(
            text.splitlines(),
            [
                f"add table {table} {{ flags owner; }}",
                f"delete table {table}",
                f"add table {table} {{ flags owner; }}",
                f"add chain {table} inside {{ type filter hook postrouting priority -150; }}",
                f"add chain {table} outside {{ type filter hook output priority -320; }}",
                *inside,
                *outside,
            ],
        )

    @given(st.lists(wishes, max_size=5))
    def test_no_empty_set(self, games: list[GameWishes]) -> None:
        """Whatever games want: a chain for each rule and none without, and no rule with an empty set."""
        wanted = tuned({str(number): each for number, each in enumerate(games)})
        text = ruleset(DEVICES, 51820, wanted.marks, wanted.outer)
        for chain in ("inside", "outside"):
            self.assertEqual(f"add chain inet lanrage-games-wg0 {chain} " in text, f"games-wg0 {chain} " in text)
        self.assertNotIn("{  }", text)
        self.assertEqual("outside" in text, wanted.outer is not None)

    @given(st.text(max_size=20))
    def test_names(self, name: str) -> None:
        """A name that is no device's is refused, and a table's name is a word."""
        self.assertRegex(table_name(name), r"\Alanrage-games-[A-Za-z0-9_.-]*\Z")
        try:
            text = ruleset((name, "lanrage0"), 51820, (REALTIME,), None)
        except BadInput:
            return
        self.assertTrue(name.isprintable() and not set(name) & set(' "\\;{}'), name)
        self.assertEqual(len(text.splitlines()), 8)
