"""The settings of what notices games (``docs/games-detection.rst``)."""

from __future__ import annotations

from lanrage.core.setting import PLAYER, Setting
from lanrage.core.settings_rules import Number, OnOff

POLL_SECONDS = (1.0, 60.0)
"""Below, looking at all processes costs more than any game is worth; above, a match is over before it is seen."""

DETECTION_SETTINGS = (
    Setting(
        "games.detect",
        "game-detect",
        OnOff(),
        "on",
        "Notice which games run on this machine: on or off.",
        PLAYER,
        live=True,
    ),
    Setting(
        "games.poll",
        "game-poll",
        Number(*POLL_SECONDS, "seconds"),
        "5",
        "Seconds between two looks at all processes, where the kernel may not tell of new ones.",
        PLAYER,
        live=True,
    ),
)
