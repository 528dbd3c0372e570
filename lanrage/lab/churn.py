"""``lanrage lab churn``: laboratories up and down in a row; no join stalls, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lanrage.lab import netns, teardown
from lanrage.lab.demo import STALL_MS
from lanrage.lab.folder import BASE, Folder, Record
from lanrage.lab.lab import up
from lanrage.lab.leftovers import leftovers, machine
from lanrage.lab.netns import LabError
from lanrage.lab.result import Result, percentile

NAME = "churn"
KINDS = ("open", "restricted", "symmetric")


def churn(
    base: Path = BASE, rounds: int = 20, name: str = NAME, say: Callable[[str], None] = lambda _text: None
) -> Result:
    """Build and remove a laboratory many times."""
    result = Result(NAME)
    folder = Folder.of(name, base)
    teardown.down(name, folder)
    before = machine()
    firsts: list[float] = []
    pairs: list[float] = []
    ups: list[float] = []
    downs: list[float] = []
    left: list[str] = []
    for number in range(1, rounds + 1):
        try:
            lab, report = up(Record(name, KINDS), base)
        except LabError as error:
            result.fail(f"round {number}: {error}")
            continue
        firsts += report["join_to_first_packet_ms"].values()
        pairs.append(report["all_pairs_ms"])
        ups.append(report["up_ms"])
        inodes = {inode for inode in map(netns.inode, lab.plan.namespaces()) if inode is not None}
        begin = time.monotonic()
        lab.down()
        downs.append(round(1000 * (time.monotonic() - begin), 1))
        left += [f"round {number}: {what}" for what in leftovers(name, folder, inodes, before)]
        say(f"round {number}: up {ups[-1]:.0f} ms, all pairs {pairs[-1]:.0f} ms, down {downs[-1]:.0f} ms")
    result.exactly("rounds", len(ups), rounds)
    result.at_most("join_to_first_packet_ms_max", max(firsts, default=None), STALL_MS)
    result.at_most("all_pairs_ms_max", max(pairs, default=None), STALL_MS)
    result.exactly("left", left, [])
    result.figures["join_to_first_packet_ms_p50"] = percentile(firsts, 50)
    result.figures["join_to_first_packet_ms_p95"] = percentile(firsts, 95)
    result.figures["all_pairs_ms"] = pairs
    result.figures["up_ms_p50"] = percentile(ups, 50)
    result.figures["down_ms_max"] = max(downs, default=None)
    return result
