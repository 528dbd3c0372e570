"""What the doctor makes of the facts; pure, so that every finding has a test (``docs/doctor.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lanrage.core.diagnosis import Check, Facts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.exposure_judgement import judge_exposure
from lanrage.core.judgement_clocks import judge_clocks
from lanrage.core.judgement_devices import judge_card, judge_subnet, judge_tunnel
from lanrage.core.judgement_games import judge_games
from lanrage.core.judgement_machine import judge_around, judge_machine, judge_node
from lanrage.core.judgement_members import judge_members
from lanrage.core.judgement_ways import judge_control, judge_mapping, judge_ways
from lanrage.core.visibility_judgement import judge_visibility


def _visibility(facts: Facts) -> Iterator[Check]:
    node = facts.node
    if node is None:
        return
    if node.unsent:
        yield found("broadcast_not_sent", node.unsent)
    elif node.unprobed:
        yield fine("visibility", f"no broadcast was sent: {node.unprobed}", level="unknown")
    elif node.visibility is not None:
        yield from judge_visibility(node.visibility)


_RULES: tuple[Callable[[Facts], Iterator[Check]], ...] = (
    judge_node,
    judge_machine,
    judge_tunnel,
    judge_card,
    judge_subnet,
    judge_control,
    judge_ways,
    judge_mapping,
    judge_members,
    judge_clocks,
    judge_exposure,
    _visibility,
    judge_games,
    judge_around,
)


def judge(facts: Facts, member: str = "") -> list[Check]:
    """All findings, in the order in which a packet meets their subjects; the node comes first.

    :param member: leave out what concerns other members; empty = leave out nothing.
    """
    checks = [check for rule in _RULES for check in rule(facts)]
    return [check for check in checks if not member or check.member in ("", member)]
