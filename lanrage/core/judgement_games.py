"""What the doctor says of running games that listen where no member reaches them (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.core.diagnosis import Check, Facts
from lanrage.core.doctor_faults import fine, found


def judge_games(facts: Facts) -> Iterator[Check]:
    """Each socket of a running game that is bound to one address of this machine, which is not the party's."""
    node = facts.node
    if node is None or node.bound_games is None:
        return
    for game in node.bound_games:
        words = f"{game.name} listens at {game.address} only ({game.proto} port {game.port}): no broadcast of a member "
        words += "reaches it, and what members send to the party address finds no socket"
        yield found("game_bound", words, party=node.card.address if node.card is not None else "the party address")
    if not node.bound_games:
        yield fine("games", "no running game listens at a single address that members do not reach")
