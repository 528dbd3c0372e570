"""Who lags among real nodes: each tells the others how its paths are, and all come to the same."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab import roles
from lanrage.lab.cuts import cut_relays
from lanrage.lab.demo import laboratory
from lanrage.lab.flow import Flow
from lanrage.lab.lab import Lab
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.result import Result
from tests.lab.bare import own

KINDS = ("open",) * 4
PATIENCE_S = 120.0
"""For any state, on a machine that does something else beside; a few seconds are usual."""
IDLE_S = 25.0
"""Two rounds of reports and more."""
LOSS, DELAY_MS = 10.0, 100.0
"""Of a bad path, one way: 200 ms there and back and 19 % lost."""


@pytest.mark.lab
class LagTests(SynchronousTestCase):
    """Four hosts with public addresses, a game's traffic between all of them."""

    def setUp(self) -> None:
        """The networks, and nodes that have met; no relay carries anything, so that a bad way stays the only one."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-lags-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.lab: Lab = self.enterContext(laboratory(own("tlags"), KINDS, folder, print))
        self.hosts = self.lab.plan.hosts
        self.lab.start(roles.roles(self.lab.plan))
        self.lab.gather()
        settle(self.lab, Result("lags"), expected_paths(self.lab.plan))
        cut_relays(self.lab.plan, True)

    def until(self, words: str, true: Callable[[], bool]) -> None:
        """Wait for a state, and say how long it took."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > PATIENCE_S:
                self.fail(f"{words}: not within {PATIENCE_S:.0f} s: {[self.lags(host) for host in self.hosts]}")
            time.sleep(0.5)
        print(f"{words}: {time.monotonic() - began:.1f} s")

    def lags(self, host: Host) -> dict[str, Any]:
        """Who lags, as a host's node says."""
        return self.lab.call(host, "party.lags")

    def paths(self) -> list[dict[str, Any]]:
        """What all hosts know of the paths."""
        return [self.lab.call(host, "paths") for host in self.hosts]

    def playing(self) -> frozenset[tuple[str, str]]:
        """Between whom a game's traffic seems to go."""
        told = zip(self.hosts, self.paths(), strict=True)
        return frozenset((host.name, peer["name"]) for host, each in told for peer in each["peers"] if peer["playing"])

    def all_say(self, words: str, who: str, *pairs: tuple[str, str]) -> None:
        """Wait until all hosts name this one, and these bad paths."""

        def same() -> bool:
            told = [self.lags(host) for host in self.hosts]
            bad = [{(pair["a"], pair["b"]) for pair in each["pairs"]} for each in told]
            return all(each["who"] == who and some == set(pairs) for each, some in zip(told, bad, strict=True))

        self.until(words, same)

    def bad(self, one: Host, other: Host, loss: float = LOSS, delay_ms: float = DELAY_MS) -> None:
        """Make the way between two hosts bad."""
        first, second = sorted((one.name, other.name))
        self.lab.change((first, second), loss, delay_ms, None)

    def test_who_lags(self) -> None:
        """One bad pair is the pair, at all four; with bad paths to most it is the member; mended it is nobody. In an
        idle party what members tell each other is taken for no game."""
        one, two, three, four = self.hosts
        pairs = list(self.lab.plan.pairs())
        self.until("all know all pairs", lambda: all(len(paths["between"]) == len(pairs) for paths in self.paths()))
        self.until("the hellos are over", lambda: not self.playing())
        end, before = time.monotonic() + IDLE_S, frozenset[tuple[str, str]]()
        while time.monotonic() < end:
            now = self.playing()
            self.assertEqual(now & before, frozenset(), "WireGuard may count before we do, yet not twice")
            before = now
            time.sleep(0.3)
        addresses = self.lab.addresses()
        with ExitStack() as stack:
            for a, b in pairs:
                stack.enter_context(Flow(a.netns, addresses[b.name]))
            self.all_say("nobody lags", "")
            self.bad(one, two)
            self.all_say("a bad pair", "", (one.name, two.name))
            self.assertIn(f"between {one.name} and {two.name} is bad", self.lags(four)["headline"])
            self.bad(one, three)
            self.bad(one, four)
            self.all_say("one member", one.name, *((one.name, other.name) for other in (two, three, four)))
            print(self.lags(four)["headline"])
            for other in (two, three, four):
                self.bad(one, other, 0.0, 0.0)
            self.all_say("mended", "")
