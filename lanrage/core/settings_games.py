"""The settings about games."""

from __future__ import annotations

from lanrage.core.setting import PLAYER, Setting
from lanrage.core.settings_rules import Text
from lanrage.core.settings_texts import parse_folder

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
)
