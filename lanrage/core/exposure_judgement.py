"""What the doctor says of a machine's exposure to its party; pure (``docs/cli.rst``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lanrage.core.diagnosis import Check, Facts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.listening import Reach, ServiceFacts

NAMED = 12
"""Services that one sentence names; ``lanrage lan exposure`` shows all."""


def judge_exposure(facts: Facts) -> Iterator[Check]:
    """What members reach, what is kept from them, and what another firewall drops."""
    exposure = facts.node.exposure if facts.node is not None else None
    if exposure is None:
        return
    if exposure.trouble:
        yield found("guard_missing", f"nothing is guarded from the party: {exposure.trouble}")
    reached = _named(exposure.services, "open")
    yield fine("exposure", f"members reach ({exposure.exposure}): {reached or 'no service'}")
    kept = _named(exposure.services, "kept")
    if kept:
        yield fine("exposure", f"the party firewall keeps from members: {kept}")
    yield from _foreign(exposure.services, "blocked", "drops")
    yield from _foreign(exposure.services, "unsure", "may drop")
    if not exposure.understood:
        yield fine("exposure", "other firewalls' rules could not be read", level="unknown")
    if exposure.restored:
        times = f"{exposure.restored} time{'s' * (exposure.restored != 1)}"
        yield found("guard_removed", f"another program removed the party firewall {times}; it is back")


def _foreign(services: Iterable[ServiceFacts], reach: Reach, words: str) -> Iterator[Check]:
    named = _named(services, reach)
    if named:
        sentence = f"another firewall of this machine {words} what members may reach: {named}"
        yield found("firewall_drops", sentence)


def _named(services: Iterable[ServiceFacts], reach: Reach) -> str:
    met = [each for each in services if each.reach == reach]
    named = [f"{each.port}/{each.proto}" + f" ({each.program})" * bool(each.program) for each in met]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
