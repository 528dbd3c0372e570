"""What the sections of ``lanrage lab paths`` share: a party with watched paths, and a game's traffic in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from lanrage.lab import roles
from lanrage.lab.cuts import cut_relays
from lanrage.lab.demo import laboratory
from lanrage.lab.flow import Flow
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError
from lanrage.lab.paths import DIRECT
from lanrage.lab.plan import Host
from lanrage.lab.result import Result, percentile
from lanrage.lab.sightings import Pair, Watch

WARM_S = 3.0
"""A game has run so long before anything is done to its path: a node knows by its byte counters that it is played."""
SETTLE_S = 30.0
"""All pairs of a small party have their paths within a second or two."""
RESUME_S = 15.0
"""How long traffic that stopped is awaited; the limits are 3 and 5 s."""


@attrs.frozen
class Stage:
    """What a section is given.

    :param base: folder of the laboratories.
    :param name: how its laboratories' names begin.
    :param trials: how often what can be repeated is.
    :param flap_minutes: how long a path's loss comes and goes.
    :param switches: how many agreed switches are looked at.
    """

    result: Result
    base: Path
    name: str
    say: Callable[[str], None]
    trials: int
    flap_minutes: float
    switches: int

    @contextmanager
    def party(
        self, word: str, kinds: tuple[str, ...], prepare: Callable[[Lab], None] = lambda _lab: None, relays: int = 1
    ) -> Iterator[Table]:
        """A party of hosts of these kinds that have met.

        :param prepare: called when the networks stand and nobody has joined.
        """
        self.say(f"{word}: a party of {len(kinds)}")
        with laboratory(f"{self.name}-{word}", kinds, self.base, self.say, relays) as lab:
            prepare(lab)
            lab.start(roles.roles(lab.plan))
            lab.gather()
            with Watch(lab.folder) as watch:
                for host in lab.plan.hosts:
                    watch.add(host)
                yield Table(lab, watch, lab.addresses())

    def times(self, figure: str, times: list[float | None], limit: float, percent: int = 95) -> None:
        """Record times with their median, their p95 (or another) and its limit; one that is None falls short."""
        known = [ms for ms in times if ms is not None]
        self.result.figures[f"{figure}_trials"] = len(times)
        self.result.figures[f"{figure}_p50"] = percentile(known, 50)
        complete = percentile(known, percent) if known and len(known) == len(times) else None
        self.result.at_most(f"{figure}_{'max' if percent == 100 else f'p{percent}'}", complete, limit)


@attrs.define
class Table:
    """A party that has met.

    :param addresses: party address by host name.
    """

    lab: Lab
    watch: Watch
    addresses: dict[str, str]

    def pairs(self) -> list[tuple[Host, Host]]:
        """Each two hosts once."""
        return list(self.lab.plan.pairs())

    def need(self, path: str = DIRECT, timeout: float = SETTLE_S) -> None:
        """Wait until every pair has a kind of path.

        :raises LabError: names those that have another.
        """
        pairs = [(a.name, b.name) for a, b in self.pairs()]
        if self.watch.until_paths(pairs, [path], timeout) is None:
            others = ", ".join("-".join(p) for p in pairs if self.watch.path(*p) != path)
            raise LabError(f"these pairs are not {path} within {timeout:.0f} s: {others}")

    @contextmanager
    def playing(self, *pairs: tuple[Host, Host]) -> Iterator[list[Flow]]:
        """A game's traffic in each pair, warmed up."""
        with ExitStack() as stack:
            flows = [stack.enter_context(Flow(a.netns, self.addresses[b.name])) for a, b in pairs]
            time.sleep(WARM_S)
            yield flows

    def weather(self, pair: tuple[Host, Host], *, loss: float | None = None, block: bool | None = None) -> float:
        """Change the conditions of a pair's direct way; the time just before."""
        before = time.monotonic()
        self.lab.change(names(pair), loss, None, block)
        return before

    def resumed(self, flow: Flow, since: float, timeout: float = RESUME_S) -> None:
        """Wait until traffic flows again."""
        self.watch.until(lambda: flow.resumed(since), timeout)

    def cut_relays(self, cut: bool) -> None:
        """Drop all relayed traffic, or no longer."""
        cut_relays(self.lab.plan, cut)


def names(pair: tuple[Host, Host]) -> Pair:
    """Of a pair's hosts, in the order in which the weather knows them."""
    first, second = sorted(host.name for host in pair)
    return first, second
