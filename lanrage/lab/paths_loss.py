"""``lanrage lab paths``, sections ``loss`` and ``flap``: a playing pair's direct path loses packets, its relay none."""

from __future__ import annotations

import time

from lanrage.lab.paths import DIRECT, RELAY
from lanrage.lab.paths_stage import Stage, Table, names
from lanrage.lab.plan import Host
from lanrage.lab.sightings import Pair

LOSS_KINDS = ("open", "restricted", "cone", "open")
LOSS_TRIALS = 5
FLAP_KINDS = ("open", "restricted", "cone")

LOSS = 20.0
"""Percent, each direction: no game is playable on it."""
LEFT_MS = 5000.0
LEFT_S = 20.0
"""How long the move away is awaited."""
HEAL_S = 180.0
"""How long the move back is awaited: a path that was bad must prove itself before it is trusted."""
FLAP_S = 20.0
"""The loss is there so long, and away so long."""
MOVES_A_MINUTE = 1.0


def loss(stage: Stage) -> None:
    """Put loss on one direct path after the other, and time until the pair has left it; then heal all."""
    with stage.party("loss", LOSS_KINDS) as table:
        table.need()
        pairs = table.pairs()[:LOSS_TRIALS]
        lefts = [_one(stage, table, pair) for pair in pairs]
        stage.times("loss_left_ms", lefts, LEFT_MS, 100)
        if any(ms is not None for ms in lefts):
            stage.result.at_most("loss_direct_again_s", _healed(stage, table, pairs), HEAL_S)


def _healed(stage: Stage, table: Table, pairs: list[tuple[Host, Host]]) -> float | None:
    """Seconds until all pairs are direct again, while they play."""
    with table.playing(*pairs):
        since = max(table.weather(pair, loss=0.0) for pair in pairs)
        stage.say("loss: healed, waiting for the way back")
        back = table.watch.until_paths(map(names, pairs), [DIRECT], HEAL_S)
    return None if back is None else round(back - since, 1)


def _one(stage: Stage, table: Table, pair: tuple[Host, Host]) -> float | None:
    with table.playing(pair):
        since = table.weather(pair, loss=LOSS)
        left = table.watch.until_paths([names(pair)], [RELAY], LEFT_S)
    took = None if left is None else round(1000 * (left - since), 1)
    stage.say(f"loss: {'-'.join(names(pair))} left after {took} ms")
    return took


def flap(stage: Stage) -> None:
    """Loss comes and goes for minutes: a pair that moved each time would hurt more than the loss does."""
    with stage.party("flap", FLAP_KINDS) as table:
        table.need()
        pairs = table.pairs()
        with table.playing(*pairs) as flows:
            before = {names(pair): table.watch.moves(*names(pair)) for pair in pairs}
            begin = time.monotonic()
            bad = False
            while time.monotonic() - begin < stage.flap_minutes * 60:
                bad = not bad
                for pair in pairs:
                    table.weather(pair, loss=LOSS if bad else 0.0)
                stage.say(f"flap: {time.monotonic() - begin:.0f} s, loss {'on' if bad else 'off'}")
                time.sleep(min(FLAP_S, stage.flap_minutes * 60))
            minutes = (time.monotonic() - begin) / 60
        moves = {pair: table.watch.moves(*pair) - count for pair, count in before.items()}
        stage.result.figures["flap_changes_s"] = {"-".join(p): _changes(table, p, begin) for p in moves}
    stage.result.figures["flap_minutes"] = round(minutes, 2)
    stage.result.figures["flap_moves"] = {"-".join(pair): count for pair, count in moves.items()}
    sent = sum(len(flow.record.sent) for flow in flows)
    stage.result.figures["flap_lost_percent"] = round(100 * sum(f.record.lost() for f in flows) / sent, 2)
    stage.result.at_most("flap_moves_a_minute_max", round(max(moves.values()) / minutes, 2), MOVES_A_MINUTE)


def _changes(table: Table, pair: Pair, begin: float) -> list[str]:
    """When the pair's path became which, in seconds since the first loss."""
    return [f"{when - begin:.1f} {path}" for when, path in table.watch.pair(*pair)[0].changes if when >= begin]
