"""The settings of what a node does with its users' desktops."""

from __future__ import annotations

from lanrage.core.desktop_notes import USUAL, parse_kinds
from lanrage.core.setting import PLAYER, Setting
from lanrage.core.settings_rules import OnOff, Text

DESKTOP_SETTINGS = (
    Setting(
        "desktop.notify",
        "desktop-notify",
        Text("all, off, or events with blanks between", parse_kinds),
        USUAL,
        "What the desktops of this machine's users are told of: events of the party, all, or off.",
        PLAYER,
        live=True,
    ),
    Setting(
        "desktop.rejoin",
        "desktop-rejoin",
        OnOff(),
        "off",
        "Be in the party while somebody is logged in: out of it at log-out, back at log-in; on or off.",
        PLAYER,
        live=True,
    ),
)
"""Of a player's machine."""
