"""``lanrage party recent``, ``ready-check``, ``ready``, ``not-ready`` and ``lags`` (``docs/cli.rst``)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from click import Group

if TYPE_CHECKING:
    from lanrage.app.cli_governing import Operate
    from lanrage.app.cli_output import Screen

OUTCOMES = {
    "asking": "{left:.0f} s to answer",
    "ready": "everybody is ready",
    "not-ready": "not everybody is ready",
    "timed-out": "not everybody has answered",
}
SAID = {"ready": "ready", "not-ready": "not ready", "": "no answer yet"}


def recent(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party recent``."""
    if result["trouble"]:
        screen.line(f"They are not remembered: {result['trouble']}", "yellow")
    if not result["parties"]:
        screen.line("This machine took part in no party yet.")
        return
    rows = [
        (
            each["name"],
            "now" if each["now"] else time.strftime("%Y-%m-%d %H:%M", time.localtime(each["last"])),
            each["server"],
            each["me"],
            ", ".join(each["members"]) or "nobody",
        )
        for each in result["parties"]
    ]
    screen.table(("party", "last", "server", "as", "with"), rows)


def ready_lines(result: dict[str, Any]) -> list[str]:
    """A ready check, in ``party show``, too."""
    outcome = OUTCOMES[result["outcome"]].format(left=result["left_s"])
    answers = [f"  {each['name']}: {SAID[each['said']]}" for each in result["members"]]
    return [f"Ready check of {result['asker']}: {outcome}", *answers]


def ready(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party ready-check``, ``ready`` and ``not-ready``."""
    for line in ready_lines(result):
        screen.line(line)


def lags(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party lags``."""
    screen.line(result["headline"], "bold")
    rows = [
        (
            each["name"],
            "-" if each["score"] is None else f"{each['score']:.0f} {each['grade']}",
            each["reason"],
        )
        for each in result["members"]
    ]
    if rows:
        screen.table(("member", "score", "why"), rows)


def add(party: Group, operation: Operate) -> None:
    """Add the commands to ``lanrage party``.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    operation(party, "recent", recent)(dict)
    operation(party, "ready-check", ready, "party.ready_check")(dict)
    operation(party, "ready", ready)(dict)
    operation(party, "not-ready", ready, "party.ready")(_not_ready)
    operation(party, "lags", lags)(dict)


def _not_ready() -> dict[str, Any]:
    return {"ready": False}
