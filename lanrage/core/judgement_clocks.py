"""What the doctor says of the members' clocks (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lanrage.core.diagnosis import Check, Facts, Level, MemberFacts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.judgement_ways import CLOCK_FAILURE, CLOCK_WARNING


def judge_clocks(facts: Facts) -> Iterator[Check]:
    """Each member's clock against the control server's, or, where that one is not known, against most clocks'."""
    node = facts.node
    told = [each for each in node.members if each.clock_offset_s is not None] if node is not None else []
    if node is None or not told:
        return
    server = node.control.clock_offset_s if node.control is not None else None
    right = agreed([0.0, *(each.clock_offset_s or 0.0 for each in told)]) if server is None else server
    if server is None and abs(right) > CLOCK_WARNING:
        words = f"this clock is {_words(-right)}, as most members' clocks show"
        yield found("clock_off", words, level=_level(right))
    for member in told:
        yield _member(member, right)


def agreed(offsets: Sequence[float]) -> float:
    """The clock with which more than half of these agree within :data:`CLOCK_WARNING`, of several the one with which
    most do; our own where there is none.

    :param offsets: seconds; our own first, which is 0.
    """
    best, count = max(((one, _company(one, offsets)) for one in offsets), key=lambda each: each[1])
    return best if 2 * count > len(offsets) else offsets[0]


def _company(one: float, offsets: Sequence[float]) -> int:
    return sum(abs(one - other) <= CLOCK_WARNING for other in offsets)


def _member(member: MemberFacts, right: float) -> Check:
    """Within what the round trip leaves open, a clock is taken for right."""
    offset = (member.clock_offset_s or 0.0) - right
    words = f"its clock is {_words(offset)}, give or take {member.clock_error_s * 1000:.0f} ms"
    if abs(offset) - member.clock_error_s <= CLOCK_WARNING:
        return fine("member clock", words, member=member.name)
    return found("member_clock_off", words, member=member.name, level=_level(offset))


def _words(offset: float) -> str:
    return f"{abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'}"


def _level(offset: float) -> Level:
    return "failure" if abs(offset) > CLOCK_FAILURE else "warning"
