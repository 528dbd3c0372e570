"""``python -m tests.bench NAME [--json] [options of NAME]``: measure, and compare with the limits."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

BENCHES = {
    "persister": (
        "tests.bench.persister:run",
        "the control server's writes: how many, how long they take, what is lost",
    ),
    "latency": ("tests.bench.latency:run", "measured latency: median of three and smoothing against the last sample"),
    "relay": ("tests.bench.relay:run", "the relay, in the kernel and in userspace, beside other ways"),
    "control": ("tests.bench.control:run", "the control server's channel: connections, joins, notices, storms"),
    "dedup": ("tests.bench.dedup:run", "the LAN plane's content deduplication beside a bare hash and a Bloom filter"),
    "broadcast": ("tests.bench.broadcast:run", "broadcasts of a party of 16 beside unicast: loss, latency, cost"),
    "flood": ("tests.bench.flood:run", "announcements of one member while another one floods"),
    "lease": ("tests.bench.lease:run", "what leases of announcements save, and whether a lobby can tell"),
    "logging": ("tests.bench.logging:run", "what a log line costs, suppressed and written, and a timed call"),
    "metrics": ("tests.bench.metrics:run", "series in memory: adds, bytes, flat memory, windows, time in the reactor"),
    "history": ("tests.bench.history:run", "what the metrics' history on disk costs: rows, bytes, time in the reactor"),
    "sampler": ("tests.bench.sampler:run", "what a node of a party of 16 spends each second on measuring itself"),
    "profiler": ("tests.bench.profiler:run", "the profiler and timed calls: what they make of a reactor's speed"),
    "detect": ("tests.bench.detect:run", "games: how soon they are noticed, what that costs, what is taken for one"),
    "tunnel": ("tests.bench.tunnel:run", "a game and a download through the link against bare cables; Python's share"),
}
"""Name: where it is, imported when it is called, and what it measures. It takes the words behind its name and returns
figures, with ``ok``."""


def load(place: str) -> Callable[[Sequence[str]], dict[str, Any]]:
    """The function behind ``module:name``."""
    module, _, name = place.partition(":")
    function: Callable[[Sequence[str]], dict[str, Any]] = getattr(importlib.import_module(module), name)
    return function


def lines(figures: dict[str, Any], prefix: str = "") -> list[str]:
    """One figure a line, for people."""
    found = []
    for name, value in figures.items():
        if isinstance(value, dict):
            found += lines(value, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name} {value}")
    return found


def main(words: Sequence[str]) -> int:
    """Run one; 0 when it keeps its limits."""
    names = "\n".join(f"  {name:<10} {about}" for name, (_, about) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=f"Measure one part.\n\n{names}",
        epilog="NAME --help lists the options of one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=sorted(BENCHES), metavar="NAME")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="[--json] [OPTIONS]")
    chosen = parser.parse_args(words)
    rest = [word for word in chosen.rest if word != "--json"]
    figures = {"name": chosen.name, **load(BENCHES[chosen.name][0])(rest)}
    print(json.dumps(figures, indent=2) if "--json" in chosen.rest else "\n".join(lines(figures)))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
