"""``lanrage lab paths``: what becomes of a game's traffic when its path dies, worsens, moves or could be better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lanrage.errors import BadInput, LanrageError
from lanrage.lab.folder import BASE
from lanrage.lab.paths_dead import block
from lanrage.lab.paths_loss import flap, loss
from lanrage.lab.paths_moves import address, rebind
from lanrage.lab.paths_relay import relay, upgrade
from lanrage.lab.paths_stage import Stage
from lanrage.lab.paths_switches import switches
from lanrage.lab.plan import check_name
from lanrage.lab.result import Result

NAME = "paths"
SECTIONS: dict[str, Callable[[Stage], None]] = {
    "block": block,
    "loss": loss,
    "flap": flap,
    "switches": switches,
    "address": address,
    "rebind": rebind,
    "upgrade": upgrade,
    "relay": relay,
}
"""Each builds laboratories of its own and removes them."""


def paths(
    base: Path = BASE,
    name: str = NAME,
    say: Callable[[str], None] = lambda _text: None,
    *,
    trials: int = 20,
    only: str = ",".join(SECTIONS),
    flap_minutes: float = 5.0,
    switch_count: int = 100,
) -> Result:
    """Hurt the paths of pairs that play, in every way that happens, and see how long the game feels it.

    :raises BadInput: for a section that does not exist.
    """
    result = Result(NAME)
    stage = Stage(result, base, name, say, trials, flap_minutes, switch_count)
    for word in chosen(only):
        check_name(f"{name}-{word}")
    for word in chosen(only):
        try:
            SECTIONS[word](stage)
        except LanrageError as error:
            result.fail(f"{word}: {error}")
    return result


def chosen(only: str) -> list[str]:
    """The sections of a list of words, in the order in which they are run.

    :raises BadInput: for a word that names none.
    """
    words = [word.strip() for word in only.split(",")]
    for word in words:
        if word not in SECTIONS:
            raise BadInput("only", f"{word!r} is none of {', '.join(SECTIONS)}")
    return [word for word in SECTIONS if word in words]
