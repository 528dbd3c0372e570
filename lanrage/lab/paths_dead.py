"""``lanrage lab paths``, section ``block``: the direct path of a playing pair dies; the relay is clean."""

from __future__ import annotations

import time

from lanrage.lab.paths import DIRECT
from lanrage.lab.paths_stage import Stage, Table
from lanrage.lab.plan import Host

KINDS = ("open", "restricted", "cone", "restricted", "address-restricted", "open", "cone")
"""21 pairs, all direct: each trial has one that has not been hurt before."""

OUTAGE_MS = 3000.0
"""The limit of p95; the aim is :data:`AIM_MS`."""
AIM_MS = 1000.0
HEAL_S = 120.0
"""How long the way back to a path that works again is awaited."""


def block(stage: Stage) -> None:
    """Cut one direct path after the other under a game's traffic, and time until it flows by the relay."""
    outages: list[float | None] = []
    while len(outages) < stage.trials:
        with stage.party("block", KINDS) as table:
            table.need()
            pairs = table.pairs()[: stage.trials - len(outages)]
            for pair in pairs:
                outages.append(_one(stage, table, pair))
            _heal(stage, table, pairs)
    stage.times("block_outage_ms", outages, OUTAGE_MS)
    stage.result.figures["block_outage_ms_all"] = outages
    stage.result.figures["block_aim_share"] = sum(ms is not None and ms <= AIM_MS for ms in outages) / len(outages)


def _one(stage: Stage, table: Table, pair: tuple[Host, Host]) -> float | None:
    with table.playing(pair) as (flow,):
        since = table.weather(pair, block=True)
        table.resumed(flow, time.monotonic())
    outage = flow.record.outage_ms(since)
    stage.say(f"block: {pair[0].name}-{pair[1].name} out for {outage} ms")
    return outage


def _heal(stage: Stage, table: Table, pairs: list[tuple[Host, Host]]) -> None:
    since = max(table.weather(pair, block=False) for pair in pairs)
    back = table.watch.until_paths([(a.name, b.name) for a, b in pairs], [DIRECT], HEAL_S)
    stage.result.figures["block_all_direct_again_s"] = None if back is None else round(back - since, 1)
