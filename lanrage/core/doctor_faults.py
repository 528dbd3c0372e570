"""Every fault that the doctor names, the worst cause first, with what it means and its remedy (``docs/doctor.rst``).

The order decides which one a report begins with: what stands higher is the cause of what stands lower.
"""

from __future__ import annotations

from lanrage.core.diagnosis import Check, Level
from lanrage.core.doctor_table import ROWS, Fault

FAULTS: dict[str, Fault] = {row.id: row for row in ROWS}
"""All faults by their ids, the worst cause first."""
_RANK = {fault: rank for rank, fault in enumerate(FAULTS)}


def found(fault: str, sentence: str, *, member: str = "", level: Level | None = None, **words: object) -> Check:
    """A finding of a fault.

    :param fault: of :data:`FAULTS`.
    :param member: whom it concerns.
    :param level: where it is not the usual one.
    :param words: fill in the remedy.
    """
    row = FAULTS[fault]
    name = f"{row.check} {member}" if member else row.check
    return Check(name, level or row.level, sentence, row.remedy.format(**words), fault, row.check, member)


def fine(check: str, sentence: str, *, member: str = "", level: Level = "ok", advice: str = "") -> Check:
    """A finding that is none, or that nobody could make out."""
    return Check(f"{check} {member}" if member else check, level, sentence, advice, "", check, member)


def worst(checks: list[Check]) -> Check | None:
    """What is wrong most: of the failures, else of the warnings, the first cause; ``None`` where all is well."""
    for level in ("failure", "warning"):
        met = [check for check in checks if check.level == level]
        if met:
            return min(met, key=lambda check: _RANK[check.fault])
    return None


def reference() -> str:
    """The table as reST; ``docs/doctor.rst`` holds exactly this."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 16 12 10 32 30", ""]
    for number, cell in enumerate(("fault", "check", "level", "what it means", "remedy")):
        lines.append(f"   {'* -' if number == 0 else '  -'} {cell}")
    for row in FAULTS.values():
        lines += [f"   * - ``{row.id}``", f"     - {row.check}", f"     - {row.level}", f"     - {row.means}"]
        lines.append(f"     - {row.remedy.replace('`', '``')}")
    return "\n".join(lines) + "\n"
