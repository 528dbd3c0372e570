"""Which path each pair of hosts should come to, and waiting until it has."""

from __future__ import annotations

import time

from lanrage.lab.lab import Lab
from lanrage.lab.plan import BLOCKED, DOUBLE, LAN, MAPPED, SIX, Host, Plan
from lanrage.lab.result import Result

DIRECT, RELAY, RELAY_TCP, NONE = "direct", "relay", "relay-tcp", "none"
ORDER = (DIRECT, RELAY, RELAY_TCP, NONE)
"""Kinds of path, the best first."""

SETTLE_S = 10.0
"""Relay first, direct as soon as proven: a few probes' time, on a busy machine a few seconds."""

SETTLE_POLL_S = 0.1

_PORT_FILTERING = {"restricted", "symmetric"}
_LIKE = {DOUBLE: "restricted", MAPPED: "cone", SIX: "symmetric"}
"""To a punch, two restricted routers in a row are one; a port that the router mapped is open to all, as a cone's."""


def can_punch(first: str, second: str) -> bool:
    """Whether plain hole punching joins two kinds of NAT (RFC 5128; proven by ``tests/lab/test_nat.py``)."""
    kinds = {_LIKE.get(kind, kind) for kind in (first, second)}
    return BLOCKED not in kinds and ("symmetric" not in kinds or not kinds <= _PORT_FILTERING)


def best_path(first: str, second: str) -> str:
    """The best path that two kinds of NAT allow without luck; birthday probing may find a direct one beyond it."""
    if BLOCKED in (first, second):
        return RELAY_TCP
    if first == second == SIX:
        return DIRECT  # by IPv6
    return DIRECT if can_punch(first, second) else RELAY


def site_kind(plan: Plan, host: Host) -> str:
    """The kind of NAT that a host is behind; for ``lan`` that of the router it shares."""
    if host.nat != LAN:
        return host.nat
    owner = next(other for other in plan.hosts if other.router == host.router)
    return owner.nat


def expected_paths(plan: Plan) -> dict[tuple[str, str], str]:
    """For each pair of host names, the best path that there is."""
    paths = {}
    for first, second in plan.pairs():
        shared = first.router is not None and first.router == second.router
        best = best_path(site_kind(plan, first), site_kind(plan, second))
        paths[first.name, second.name] = DIRECT if shared else best
    return paths


def good_enough(seen: str, wanted: str) -> bool:
    """Whether a path is of the kind that is expected, or of a better one."""
    return ORDER.index(seen) <= ORDER.index(wanted)


def all_good(seen: dict[tuple[str, str], str], wanted: dict[tuple[str, str], str]) -> bool:
    """Whether every pair has its path, or a better one."""
    return all(good_enough(seen.get(pair, NONE), path) for pair, path in wanted.items())


def settle(lab: Lab, result: Result, wanted: dict[tuple[str, str], str], timeout: float = SETTLE_S) -> None:
    """Wait until each pair has its expected path, and record how it came out."""
    begin = time.monotonic()
    while True:
        seen = {(p["a"], p["b"]): p["path"] for p in lab.show()["pairs"]}
        took = time.monotonic() - begin
        if all_good(seen, wanted) or took > timeout:
            break
        time.sleep(SETTLE_POLL_S)
    result.figures["paths_settled_ms"] = round(1000 * took, 1) if all_good(seen, wanted) else None
    result.figures["paths"] = {"-".join(pair): path for pair, path in seen.items()}
    result.limits["paths"] = {"-".join(pair): path for pair, path in wanted.items()}
    for pair, path in wanted.items():
        if not good_enough(seen.get(pair, NONE), path):
            result.fail(f"{'-'.join(pair)}: the path is {seen.get(pair, NONE)}, not {path}")
