"""How members' modifications differ, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = {
    "same": "the same",
    "differs": "differs",
    "no-answer": "no answer",
    "unknown": "does not know its own",
    "no-link": "no link to it",
    "unknown-here": "not known here",
}
"""The verdicts."""
NAMES_SHOWN = 20
"""Names of one kind of difference that are shown; ``--json`` has all."""


def difference_lines(beside: Mapping[str, Any]) -> list[str]:
    """A line for each kind of difference, long lists shortened; none where there is none.

    :param beside: with the fields ``missing_here``, ``missing_there`` and ``other``, as the API shows them.
    """
    kinds = (
        ("missing here", beside["missing_here"]),
        ("missing there", beside["missing_there"]),
        ("other contents", beside["other"]),
    )
    return [f"{word}: {_names(names)}" for word, names in kinds if names]


def _names(names: list[str]) -> str:
    more = f", and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def differing(beside: Mapping[str, Any]) -> str:
    """Why a game is not started: one sentence.

    :param beside: a :class:`lanrage.app.game_mods_results.ServerModsShown` that differs.
    """
    found = "; ".join(difference_lines(beside))
    return f"your modifications differ from those of {beside['member']}: {found}; --anyway starts the game all the same"


def beside_lines(beside: Mapping[str, Any] | None) -> list[str]:
    """What who is about to join a server is told of modifications; nothing where they are the same, or not compared.

    :param beside: a :class:`lanrage.app.game_mods_results.ServerModsShown`.
    """
    if beside is None or beside["verdict"] == "same":
        return []
    if beside["verdict"] == "differs":
        lines = [f"  {line}" for line in difference_lines(beside)]
        return [f"Your modifications differ from those of {beside['member']}:", *lines]
    why = beside["reason"] or WORDS[beside["verdict"]]
    return [f"Modifications were not compared with those of {beside['member']}: {why}."]
