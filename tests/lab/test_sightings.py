"""What is concluded from a node's views over time."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.folder import Folder
from lanrage.lab.paths import ORDER
from lanrage.lab.plan import make_plan
from lanrage.lab.roles import node_socket
from lanrage.lab.sightings import Sighting, Watch


def shown(path: str, took: float | None = 200.0, moves: int = 0) -> dict[str, Any]:
    """A member's row."""
    return {"path": path, "join_to_path_ms": took if path != "none" else None, "moves": moves}


class SightingTests(SynchronousTestCase):
    """One end's view."""

    def test_relay_first(self) -> None:
        """The first path's time is what the node says; the direct one's is counted from the same moment."""
        seen = Sighting()
        for path, when in (("none", 1.0), ("relay", 1.5), ("relay", 1.55), ("direct", 1.9)):
            seen.saw(shown(path), when)
        self.assertEqual((seen.path, seen.ms_to(), seen.ms_to("direct")), ("direct", 200.0, 600.0))
        self.assertEqual(list(seen.changes), [(1.5, "relay"), (1.9, "direct")])

    def test_never(self) -> None:
        """Who has no path, or not of this kind, has no time."""
        seen = Sighting()
        self.assertIsNone(seen.ms_to())
        seen.saw(shown("none"), 1.0)
        self.assertIsNone(seen.ms_to())
        seen.saw(shown("relay"), 2.0)
        self.assertIsNone(seen.ms_to("direct"))

    @given(st.lists(st.sampled_from(ORDER), max_size=20))
    def test_first_is_least(self, paths: list[str]) -> None:
        """The time to any path is the least of those to each kind."""
        seen = Sighting()
        for number, path in enumerate(paths):
            seen.saw(shown(path), 10.0 + number)
        times = [seen.ms_to(path) for path in ORDER if path in seen.first]
        self.assertEqual(seen.ms_to(), min((ms for ms in times if ms is not None), default=None))


class WatchTests(SynchronousTestCase):
    """Both ends' views."""

    def watch(self, here: str, there: str) -> Watch:
        """A pair as its ends see it."""
        watch = Watch(Folder(Path("/nonexistent")))
        watch.pair("a", "b")[0].saw(shown(here, moves=1), 1.0)
        watch.pair("a", "b")[1].saw(shown(there, moves=2), 1.0)
        return watch

    @given(st.sampled_from(ORDER), st.sampled_from(ORDER))
    def test_worse_end(self, here: str, there: str) -> None:
        """A pair's path is the worse of its ends'; moves are counted by the end that counted more."""
        watch = self.watch(here, there)
        self.assertEqual(watch.path("a", "b"), max(here, there, key=ORDER.index))
        self.assertEqual((watch.path("b", "a"), watch.moves("a", "b")), (watch.path("a", "b"), 2))

    def test_waiting(self) -> None:
        """It waits until both ends have one of the paths, and no longer than asked."""
        watch = self.watch("relay", "relay-tcp")
        self.assertIsNone(watch.until_paths([("a", "b")], ["relay"], 0.0))
        self.assertIsNotNone(watch.until_paths([("a", "b")], ["relay", "relay-tcp"], 0.0))

    def test_no_node(self) -> None:
        """Nodes that are not there, or hang up, are asked again until the end, which comes at once."""
        with tempfile.TemporaryDirectory() as name:
            folder, plan = Folder(Path(name)), make_plan("x", ["open", "open"])
            there = node_socket(folder, plan.hosts[0])
            there.parent.mkdir(parents=True)
            with socket.socket(socket.AF_UNIX) as listener, Watch(folder) as watch:
                listener.bind(str(there))
                listener.listen()
                for host in plan.hosts:
                    watch.add(host)
                    watch.slow(host)
                listener.accept()[0].close()
            self.assertEqual(watch.path("h1", "h2"), "none")
