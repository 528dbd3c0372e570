"""The control server's speed: ``python -m tests.bench control [--json] [options]``.

One server process (the real service, a real TCP port, real SQLite), the clients in another: real logins over a lean
WebSocket framing of the bench's own, since Autobahn's client side would cost more than the server does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

PARTS = ("ratio", "sessions")
AT_LEAST = {"echo_ratio": 0.6}
AT_MOST = {
    "sessions_lost": 0,
    "deltas_per_join": 15,
    "notice_p99_ms": 100.0,
    "notice_unheard": 0,
    "durable_notice_unheard": 0,
    "storm_seconds": 10.0,
    "storm_cut_seconds": 10.0,
}
"""Limits of the figures; those of parts that were not measured do not count."""


def options(argv: Sequence[str]) -> argparse.Namespace:
    """What a run is to do; the numbers without options are those of ``docs/performance.rst``."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench control", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000, help="sessions held, in parties of 8")
    parser.add_argument("--storm", type=int, default=5_000, help="sessions that are cut at once")
    parser.add_argument("--rate", type=float, default=500.0, help="changes a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="of changes, for each class")
    parser.add_argument(
        "--echo-connections", type=int, default=512, help="of each server; one may ask 50 times a second"
    )
    parser.add_argument("--echo-rounds", type=int, default=5, help="of each server")
    parser.add_argument("--echo-seconds", type=float, default=2.0, help="of a round")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    return parser.parse_args(argv)


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Measure; the figures by name.

    :raises subprocess.CalledProcessError: the bench failed; its words are on stderr.
    """
    options(argv)
    command = [sys.executable, "-m", "tests.bench.control_clients", *argv]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures | judged(figures)


def judged(figures: dict[str, Any]) -> dict[str, Any]:
    """Which limits the figures keep: ``ok``, ``limits``, and a sentence for each that they do not."""
    short = [
        f"{name} is {figures[name]}, not at least {limit}"
        for name, limit in AT_LEAST.items()
        if name in figures and figures[name] < limit
    ]
    short += [
        f"{name} is {figures[name]}, not at most {limit}"
        for name, limit in AT_MOST.items()
        if name in figures and figures[name] > limit
    ]
    return {"ok": not short, "limits": AT_LEAST | AT_MOST, "shortfalls": short}
