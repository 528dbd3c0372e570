"""What a node shows of its paths: by real links in memory, and on a terminal."""

from __future__ import annotations

import msgspec

from lanrage.app import path_view
from lanrage.app.path_results import PathsShown, PeerShown
from lanrage.core.links import Endpoint
from lanrage.core.path_matrix import Pair
from lanrage.core.path_reports import PathTold
from tests.app.link_world import PORT
from tests.app.links_case import LinksCase
from tests.app.test_cli import CommandCase
from tests.fakes_paths import MOVED_AT


class PathViewTests(LinksCase):
    """Two players."""

    def test_peer(self) -> None:
        """The path in use comes first, with its figures; the first move is told with its reason and its time."""
        anna, bert = self.two()
        self.world.run(20.0)
        link = anna.links.peers[bert.keys.identity.public]
        shown = path_view.peer(link, 1000.0)
        self.assertEqual(
            (bert.name, str(bert.address), "direct", False), (shown.name, shown.address, shown.path, shown.playing)
        )
        first = shown.paths[0]
        self.assertEqual((True, True), (first.active, first.open))
        self.assertEqual(f"{bert.host.inner}:{PORT}", first.endpoint)
        self.assertIsNotNone(first.rtt_ms)
        self.assertIn(first.grade, {"A", "B", "C", "D", "F"})
        self.assertEqual(1, sum(path.active for path in shown.paths))
        self.assertEqual(len(link.plan.history), len(shown.history))
        self.assertEqual(("", first.kind), (shown.history[0].left, shown.history[-1].kind))
        self.assertAlmostEqual(link.plan.history[-1].at + 1000.0, shown.history[-1].at, 2)
        self.assertEqual(Endpoint.parse(shown.history[-1].taken), link.plan.active)

    def test_all(self) -> None:
        """Members in the order of their addresses; the whole survives the way through the API."""
        anna, bert = self.two()
        links = [link for player in (anna, bert) for link in player.links.peers.values()]
        pair = Pair("anna", "bert", "bert", PathTold("relay", 0.0123, 0.001, 0.02), 5.0)
        shown = path_view.paths("ab" * 16, "open", links, 100.0, [pair])
        (row,) = shown.between
        self.assertEqual((row.a, row.b, row.by, row.path, row.told_at), ("anna", "bert", "bert", "relay", 105.0))
        self.assertEqual((row.rtt_ms, row.jitter_ms, row.loss_pct, row.grade), (12.3, 1.0, 2.0, "B"))
        self.assertEqual([str(anna.address), str(bert.address)], [peer.address for peer in shown.peers])
        self.assertEqual(shown, msgspec.convert(msgspec.to_builtins(shown), PathsShown))


class PathCommandTests(CommandCase):
    """``lanrage paths`` and ``lanrage peers``."""

    def setUp(self) -> None:
        """In a party with Ben."""
        super().setUp()
        self.done("party", "create", "Friday", "--as", "Ann", "--server", "127.0.0.1:7766")

    def test_paths(self) -> None:
        """Open paths with their figures, the one in use marked; those that never opened are counted."""
        out = self.done("paths")
        self.assertIn("Ben (10.66.0.2): direct, playing, 2 moves", out)
        self.assertIn(
            "*  198.51.100.7:51820  reflexive  20.5 ms  1.2 ms  0.0 %  92 A",
            " ".join(out.split(" ")).replace("   ", "  "),
        )
        self.assertIn("degrading, bad in 12 s", out)
        self.assertIn("1 more address was tried and not open.", out)
        self.assertNotIn("192.168.7.7", out)

    def test_peers(self) -> None:
        """A line a member; one member with its history."""
        listed = self.done("peers", "list")
        self.assertIn("Ben", listed)
        self.assertIn("20.5 ms", listed)
        rows = [line.split() for line in listed.splitlines()]
        self.assertIn("Between all members: ms and grade (* by a relay, x no path, ? not known)", listed)
        self.assertIn("1 Ann 20 A 48 B* x".split(), rows)
        self.assertIn("2 Ben 212 F ?".split(), rows)
        self.assertIn("3 Cleo ?".split(), rows)
        shown = self.done("peers", "show", "Ben")
        self.assertIn("symmetric", shown)
        self.assertNotIn("a better kind", shown)
        told = self.done("peers", "show", "Ben", "--history")
        self.assertIn("a better kind", told)
        self.assertIn("80, 0 % lost", told)

    def test_json(self) -> None:
        """As the operation's shape says."""
        value = msgspec.json.decode(self.done("peers", "show", "Ben", "--json"), type=PeerShown)
        self.assertEqual(MOVED_AT, value.history[0].at)
        listed = msgspec.json.decode(self.done("peers", "list", "--json"), type=PathsShown)
        self.assertEqual([value], listed.peers)
