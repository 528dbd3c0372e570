"""``lanrage lab paths``, sections ``address`` and ``rebind``: a playing host is suddenly elsewhere for all others."""

from __future__ import annotations

import time

from lanrage.lab.cuts import rebind as rebind_router
from lanrage.lab.moving import move_site
from lanrage.lab.paths_stage import Stage, Table
from lanrage.lab.plan import Host

ADDRESS_KINDS = ("open", "open", "open", "restricted", "restricted", "cone")
"""The second of each two moves: an open host, and two behind routers."""
REBIND_KINDS = ("open", "restricted", "cone", "restricted", "restricted", "restricted")
"""Likewise the second of each two is behind the router that rebinds."""

BACK_MS = 3000.0


def address(stage: Stage) -> None:
    """Another public address for the site of a playing host."""
    with stage.party("address", ADDRESS_KINDS) as table:
        table.need()
        outages = []
        for number in range(0, len(ADDRESS_KINDS), 2):
            outages.append(_moved(stage, table, number))
    stage.times("address_back_ms", outages, BACK_MS, 100)


def _moved(stage: Stage, table: Table, number: int) -> float | None:
    first, second = table.lab.plan.hosts[number : number + 2]
    with table.playing((first, second)) as (flow,):
        since = time.monotonic()
        table.lab.plan = move_site(table.lab.plan, second.index)
        table.resumed(flow, time.monotonic())
    outage = flow.record.outage_ms(since)
    stage.say(f"address: {second.name} ({second.nat}) back after {outage} ms")
    return outage


def rebind(stage: Stage) -> None:
    """A router forgets its mappings and gives others, as one does that restarts or is short of memory."""
    with stage.party("rebind", REBIND_KINDS) as table:
        table.need()
        outages = []
        for number in range(0, len(REBIND_KINDS), 2):
            outages.append(_rebound(stage, table, table.lab.plan.hosts[number], table.lab.plan.hosts[number + 1]))
    stage.times("rebind_back_ms", outages, BACK_MS, 100)


def _rebound(stage: Stage, table: Table, first: Host, second: Host) -> float | None:
    router = table.lab.plan.router(second.index)
    with table.playing((first, second)) as (flow,):
        since = time.monotonic()
        rebind_router(router)
        table.resumed(flow, time.monotonic())
    outage = flow.record.outage_ms(since)
    stage.say(f"rebind: {second.name} back for {first.name} ({first.nat}) after {outage} ms")
    return outage
