"""The persister's loads, on a real reactor and disk: ``python -m tests.bench.persister_load KIND`` runs one."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from lanrage.core.world_rows import MembershipRow, Put, Row, SeenRow
from lanrage.store.journal import INTERVAL
from lanrage.store.sqlite import SqliteStore
from tests.bench.persister_world import Membership, Presence, Server, arrive, rows_of, shuffled

SAMPLE = 1000
"""Changes that are written one a transaction, for the comparison."""
LONE = 200
"""Durable changes that are made while nothing else happens, for their latency."""
LONE_PAUSE = 0.02


@attrs.frozen
class Size:
    """How much arrives."""

    peers: int = 1000
    updates: int = 50
    seconds: float = 10.0
    interval: float = INTERVAL


def written_bytes() -> int:
    """Bytes that this process has given to write calls (``/proc/self/io``, ``wchar``)."""
    with open("/proc/self/io", encoding="ascii") as io:
        return next(int(line.split()[1]) for line in io if line.startswith("wchar"))


def percentile(samples: Sequence[float], share: float) -> float:
    """Nearest rank, in ms."""
    return round(sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)] * 1000, 3) if samples else 0.0


async def presence(reactor: Any, folder: Path, size: Size) -> dict[str, Any]:
    """The load of changes that need not be durable."""
    async with await Server.start(reactor, folder, rows_of(size.peers), size.interval) as server:
        load = Presence(server, shuffled(size.peers, size.updates))
        count, before, cpu = len(load.order), written_bytes(), time.process_time()
        late = await arrive(reactor, count, size.seconds, load.update)
        await server.stop()
        counters = server.journal.counters
        return {
            "changes": count,
            "late_max_ms": round(late * 1000, 1),
            "cpu_s": round(time.process_time() - cpu, 2),
            **counters.facts(),
            "writes": counters.batches,
            "disk_bytes": written_bytes() - before,
            "lost": load.lost(await reread(reactor, folder)),
        }


async def durable(reactor: Any, folder: Path, size: Size) -> dict[str, Any]:
    """The load of changes that are answered when they are on disk; then lone ones."""
    async with await Server.start(reactor, folder, rows_of(size.peers), size.interval) as server:
        load = Membership(server, shuffled(size.peers, size.updates))
        count, before = len(load.order), written_bytes()
        late = await arrive(reactor, count, size.seconds, load.update)
        await server.journal.committed()
        counters = server.journal.counters
        facts = {
            "changes": count,
            "answered": len(load.answered),
            "late_max_ms": round(late * 1000, 1),
            "writes": counters.batches,
            "writes_ratio": round(count / counters.batches, 1),
            "answer_p50_ms": percentile(load.answered, 0.5),
            "answer_p99_ms": percentile(load.answered, 0.99),
            "flush_p50_ms": counters.facts()["flush_p50_ms"],
            "flush_p99_ms": counters.facts()["flush_p99_ms"],
            "disk_bytes": written_bytes() - before,
        }
        load.answered.clear()
        for number in range(LONE):
            await load.update(number % count)
            await deferLater(reactor, LONE_PAUSE, lambda: None)
        facts["lone"] = LONE
        facts["lone_p50_ms"], facts["lone_p99_ms"] = percentile(load.answered, 0.5), percentile(load.answered, 0.99)
        await server.stop()
        facts["lost"] = load.lost(await reread(reactor, folder))
        return facts


async def one_each(reactor: Any, folder: Path, size: Size) -> dict[str, Any]:
    """What a write a change costs: a sample of each class, each change a transaction of its own."""
    async with await Server.start(reactor, folder, rows_of(size.peers), size.interval) as server:
        members, parties = server.members(), server.parties()
        facts: dict[str, Any] = {}
        kinds: dict[str, Callable[[MembershipRow, int], list[Row]]] = {
            "presence": lambda member, number: [SeenRow(member.identity, float(number))],
            "durable": lambda member, number: [
                attrs.evolve(member, left=float(number)),
                attrs.evolve(parties[member.party_id], revision=number),
            ],
        }
        for name, make in kinds.items():
            before, began = written_bytes(), time.perf_counter()
            for number in range(SAMPLE):
                await server.store.apply([Put(row) for row in make(members[number * 7 % len(members)], number)])
            facts[name] = {
                "sample": SAMPLE,
                "s_per_change": round((time.perf_counter() - began) / SAMPLE, 6),
                "bytes_per_change": (written_bytes() - before) // SAMPLE,
            }
        await server.store.close()
        return facts


async def reread(reactor: Any, folder: Path) -> list[Row]:
    """What is on disk."""
    store = SqliteStore(reactor, folder)
    rows = await store.open()
    await store.close()
    return rows


Load = Callable[[Any, Path, Size], Awaitable[dict[str, Any]]]
LOADS: dict[str, Load] = {"presence": presence, "durable": durable, "one_each": one_each}


def measure(names: Sequence[str], size: Size, place: str | None = None) -> dict[str, dict[str, Any]]:
    """Run loads, one after another, each in a new folder below `place`; the reactor can be run once a process."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    outcome: list[Any] = []

    async def work() -> dict[str, dict[str, Any]]:
        found = {}
        for name in names:
            folder = Path(tempfile.mkdtemp(prefix="lanrage-bench-", dir=place))
            try:
                found[name] = await LOADS[name](reactor, folder, size)
            finally:
                shutil.rmtree(folder)
        return found

    def start() -> None:
        Deferred.fromCoroutine(work()).addBoth(outcome.append).addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    found: dict[str, dict[str, Any]] = outcome[0]
    return found


def main(words: Sequence[str]) -> None:
    """Print one load's figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=sorted(LOADS))
    parser.add_argument("--peers", type=int, default=Size().peers)
    parser.add_argument("--updates", type=int, default=Size().updates)
    parser.add_argument("--seconds", type=float, default=Size().seconds)
    parser.add_argument("--interval", type=float, default=Size().interval, help="seconds")
    chosen = parser.parse_args(words)
    size = Size(chosen.peers, chosen.updates, chosen.seconds, chosen.interval)
    print(json.dumps(measure([chosen.kind], size)[chosen.kind]))


if __name__ == "__main__":
    main(sys.argv[1:])
