"""The settings about games."""

from __future__ import annotations

import re

from lanrage.core.setting import PLAYER, Setting
from lanrage.core.settings_rules import OnOff, Text
from lanrage.core.settings_texts import parse_folder
from lanrage.errors import BadInput

_CLASS = re.compile(r"([0-9a-f]{1,4}):([0-9a-f]{1,4})")


def parse_tc_class(text: str, field: str) -> tuple[int, int] | None:
    """``MAJOR:MINOR`` in hexadecimal digits, as tc(8) writes a class; empty is none.

    :raises BadInput: names `field`.
    """
    found = _CLASS.fullmatch(text)
    if text and (found is None or not int(found[1], 16) or not int(found[2], 16)):
        raise BadInput(field, f"{text!r} is no class of a queue, MAJOR:MINOR as tc shows it")
    return (int(found[1], 16), int(found[2], 16)) if found else None


GAMES_SETTINGS = (
    Setting(
        "games.profiles",
        "game-profiles",
        Text("an absolute path, or empty", parse_folder),
        "",
        "Folder of your own profiles of games (default: games in the state folder).",
        PLAYER,
        live=True,
    ),
    Setting(
        "games.marks",
        "game-marks",
        OnOff(),
        "on",
        "Mark games' packets (DSCP) while a game runs whose profile names a class: on or off.",
        PLAYER,
    ),
    Setting(
        "games.tc_class",
        "game-tc-class",
        Text("MAJOR:MINOR as tc shows it, or empty", parse_tc_class),
        "",
        "Class of a card's queue, MAJOR:MINOR, for the tunnel's packets while a real-time game runs.",
        PLAYER,
    ),
    Setting(
        "games.announce",
        "game-announce",
        OnOff(),
        "off",
        "Tell those who want it which games begin and end here, with the party's name: on or off.",
        PLAYER,
        live=True,
    ),
)
