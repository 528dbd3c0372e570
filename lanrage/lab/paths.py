"""Which path each pair of hosts should come to, and waiting until it has."""

from __future__ import annotations

import time

from lanrage.lab.lab import Lab
from lanrage.lab.plan import BLOCKED, LAN, Plan
from lanrage.lab.result import Result

DIRECT, RELAY, RELAY_TCP = "direct", "relay", "relay-tcp"

SETTLE_S = 10.0
"""Relay first, direct as soon as proven: a few probes' time, on a busy machine a few seconds."""

SETTLE_POLL_S = 0.1

_PORT_FILTERING = {"restricted", "symmetric"}


def can_punch(first: str, second: str) -> bool:
    """Whether plain hole punching joins two kinds of NAT (RFC 5128; proven by ``tests/lab/test_nat.py``)."""
    pair = {first, second}
    return BLOCKED not in pair and ("symmetric" not in pair or not pair <= _PORT_FILTERING)


def expected_paths(plan: Plan) -> dict[tuple[str, str], str]:
    """For each pair of host names, the best path that there is."""
    paths = {}
    for first, second in plan.pairs():
        kinds = [plan.router(h.router).kind if h.nat == LAN and h.router else h.nat for h in (first, second)]
        shared = first.router is not None and first.router == second.router
        relayed = RELAY_TCP if BLOCKED in kinds else RELAY
        paths[first.name, second.name] = DIRECT if shared or can_punch(kinds[0], kinds[1]) else relayed
    return paths


def settle(lab: Lab, result: Result, wanted: dict[tuple[str, str], str], timeout: float = SETTLE_S) -> None:
    """Wait until each pair has its expected path, and record how it came out."""
    begin = time.monotonic()
    while True:
        seen = {(p["a"], p["b"]): p["path"] for p in lab.show()["pairs"]}
        took = time.monotonic() - begin
        if seen == wanted or took > timeout:
            break
        time.sleep(SETTLE_POLL_S)
    result.figures["paths_settled_ms"] = round(1000 * took, 1) if seen == wanted else None
    result.exactly(
        "paths",
        {"-".join(pair): path for pair, path in seen.items()},
        {"-".join(pair): path for pair, path in wanted.items()},
    )
