"""``lanrage lab paths``, sections ``upgrade`` and ``relay``: a relayed pair gets a direct path, or loses its relay."""

from __future__ import annotations

import time

from lanrage.lab import roles
from lanrage.lab.lab import Lab
from lanrage.lab.paths import DIRECT, RELAY
from lanrage.lab.paths_stage import Stage, Table, names
from lanrage.lab.plan import Host
from lanrage.lab.recovery import kill

UPGRADE_KINDS = ("open", "restricted", "cone", "open")
UPGRADE_TRIALS = 5
UPGRADE_S = 120.0
"""How long the move to the direct path is awaited: an address that never answered is tried each 30 s."""
AFTER_S = 2.0
"""The stream goes on so long after the move, so that what the move costs is in it."""

RELAY_KINDS = ("open", "open", "restricted")
RELAY_OVER_MS = 3000.0
RELAY_READY_S = 15.0
"""A relay that was started again is chosen from after this time: nodes ask about it each few seconds."""


def block_all(lab: Lab) -> None:
    """Leave no direct way between any two hosts."""
    for pair in lab.plan.pairs():
        lab.change(names(pair), None, None, True)


def upgrade(stage: Stage) -> None:
    """Open the direct way of one relayed pair after the other under a game's traffic: nothing may be lost."""
    with stage.party("upgrade", UPGRADE_KINDS, block_all) as table:
        table.need(RELAY)
        rows = [_upgraded(stage, table, pair) for pair in table.pairs()[:UPGRADE_TRIALS]]
    stage.result.figures["upgrade_s"] = [seconds for _, seconds in rows]
    stage.result.figures["upgrade_trials"] = len(rows)
    stage.result.exactly("upgrade_lost", sum(lost for lost, _ in rows), 0)
    if any(seconds is None for _, seconds in rows):
        stage.result.fail(f"upgrade: some pair was not direct within {UPGRADE_S:.0f} s")


def _upgraded(stage: Stage, table: Table, pair: tuple[Host, Host]) -> tuple[int, float | None]:
    with table.playing(pair) as (flow,):
        since = table.weather(pair, block=False)
        moved = table.watch.until_paths([names(pair)], [DIRECT], UPGRADE_S)
        time.sleep(AFTER_S)
    lost = flow.record.lost()
    took = None if moved is None else round(moved - since, 1)
    stage.say(f"upgrade: {'-'.join(names(pair))} direct after {took} s, {lost} lost")
    return lost, took


def relay(stage: Stage) -> None:
    """Kill the relay that carries a game's traffic, with another one there; then that one, with the first one back."""
    outages: list[float | None] = []
    with stage.party("relay", RELAY_KINDS, block_all, len(roles.RELAYS)) as table:
        table.need(RELAY)
        time.sleep(RELAY_READY_S)
        for _ in roles.RELAYS:
            outages += _killed(stage, table)
            dead = [role for role in roles.RELAYS if roles.running(table.lab.folder, role) is None]
            table.lab.start(dead)
            time.sleep(RELAY_READY_S)
    stage.times("relay_over_ms", outages, RELAY_OVER_MS, 100)


def _killed(stage: Stage, table: Table) -> list[float | None]:
    """The outages of those pairs that the killed relay carried."""
    by_relay: dict[str, list[tuple[Host, Host]]] = {}
    for pair in table.pairs():
        row = table.watch.pair(pair[0].name, pair[1].name)[0].row
        address = str(row["endpoint"]).rpartition(":")[0]
        by_relay.setdefault(_relay_at(address), []).append(pair)
    role, pairs = max(by_relay.items(), key=lambda item: len(item[1]))
    with table.playing(*pairs) as flows:
        since = time.monotonic()
        kill(table.lab, role)
        for flow in flows:
            table.resumed(flow, time.monotonic())
    outages = [flow.record.outage_ms(since) for flow in flows]
    stage.say(f"relay: {role} killed under {len(pairs)} pairs, out for {outages}")
    return outages


def _relay_at(address: str) -> str:
    """The role of the relay at an address."""
    return next(role for role, (host, _) in roles.RELAYS.items() if host == address)
